// The man pages: one a command, without warnings of troff, with the parts that people look for.

import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { COMMAND_TEXTS } from "../../../src/cli/descriptions.js";
import { COMMANDS, findCommand, flagsOf } from "../../../src/cli/flags.js";

const repository = fileURLToPath(new URL("../../../..", import.meta.url));
const hasMan = spawnSync("man", ["--version"]).status === 0;

t.test("every command has examples, and names others that there are", async (t) => {
  for (const [name, { examples = [], see = [] }] of Object.entries(COMMAND_TEXTS)) {
    t.ok(examples.length > 0, `${name}: examples`);
    for (const { line } of examples) t.match(line, new RegExp(`^${name}\\b`), line);
    for (const other of see) t.ok(findCommand(other), `${name}: see also ${other}`);
  }
});

t.test("pages as man shows them", { skip: !hasMan && "man is not installed on this machine" }, async (t) => {
  const folder = t.testdir();
  execFileSync(process.execPath, [join(repository, "scripts/generate-man.mjs"), join(repository, "dist"), folder]);
  t.same(readdirSync(folder).sort(), ["runt.8", ...COMMANDS.map(({ name }) => `runt-${name}.8`)].sort());
  const show = (page: string) => {
    const env = { ...process.env, MANWIDTH: "80", LC_ALL: "C.UTF-8", MAN_KEEP_FORMATTING: "" };
    const { stdout, stderr, status } = spawnSync("man", ["--warnings", "-l", join(folder, page)], {
      env,
      encoding: "utf8",
    });
    t.equal(status, 0, page);
    t.equal(stderr, "", `${page}: no warnings`);
    return stdout.replaceAll(/.\x08/g, "");
  };
  for (const command of COMMANDS) {
    const text = show(`runt-${command.name}.8`);
    for (const title of ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES", "SEE ALSO"]) {
      t.match(text, new RegExp(`^${title}$`, "m"), `${command.name}: ${title}`);
    }
    for (const { name, hidden } of flagsOf(command))
      t.equal(text.includes(`--${name}`), !hidden, `${command.name} --${name}`);
  }
  const text = show("runt.8");
  for (const { name } of COMMANDS) t.ok(text.includes(`runt-${name}(8)`), name);
  t.match(text, /\/run\/runt/);
});
