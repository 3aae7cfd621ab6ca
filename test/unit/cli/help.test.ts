// --help has runc's layout: callers and their tests look at its first lines.

import t from "tap";
import { COMMANDS, findCommand } from "../../../src/cli/flags.js";
import { commandHelp, flagHelp, flagUsage, programHelp } from "../../../src/cli/help.js";

t.test("the program", async (t) => {
  const help = programHelp("runt", "runt version 1.2.3\ncommit: abc\n");
  t.match(help, /^NAME:\n {3}runt - Open Container Initiative runtime\n/);
  t.match(help, /\nVERSION:\n {3}1\.2\.3\ncommit: abc\n/);
  for (const { name, summary } of COMMANDS) t.match(help, `   ${name} `, summary);
  t.match(help, /\nGLOBAL OPTIONS:\n {3}--debug /);
  t.match(programHelp("runc", "runc version 1\n"), /^NAME:\n {3}runc - Open Container Initiative runtime\n/);
});

t.test("every command", async (t) => {
  for (const command of COMMANDS) {
    const [first, second] = commandHelp("runt", command).split("\n");
    t.equal(first, "NAME:", command.name);
    t.equal(second, `   runt ${command.name} - ${command.summary}`);
  }
});

t.test("flags with their letters, placeholders and defaults; hidden ones are not shown", async (t) => {
  const run = commandHelp("runt", findCommand("run")!);
  t.match(run, /\n {3}--bundle DIR, -b DIR {2,}\S/);
  t.match(run, /\n {3}--detach, -d {2,}\S/);
  t.match(run, /--preserve-fds N .*\(default: 0\)/);
  t.notMatch(commandHelp("runt", findCommand("update")!), "--kernel-memory");
  t.equal(flagUsage({ name: "x", kind: "list", help: "" }), "--x VALUE");
  t.equal(flagHelp({ name: "x", kind: "text", default: "table", help: "y" }), 'y (default: "table")');
});

t.test("running text stays within 80 columns", async (t) => {
  for (const command of COMMANDS) {
    const text = commandHelp("runt", command);
    const about = text.slice(text.indexOf("DESCRIPTION:"), text.indexOf("OPTIONS:"));
    for (const line of about.split("\n")) t.ok(line.length <= 84, line);
  }
});
