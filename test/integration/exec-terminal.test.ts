// exec with a terminal: from the container's own devpts, in the foreground and handed out.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { withUserNamespace } from "../helpers/config.js";
import { running } from "../helpers/exec.js";
import { sandbox } from "../helpers/sandbox.js";
import { consoleSocket, underTerminal } from "../helpers/terminal.js";

t.test("in the foreground: --tty", async (t) => {
  for (const edit of [() => {}, withUserNamespace]) {
    const box = sandbox(t);
    const id = running(box, (config) => {
      edit(config);
      // The group 5 of the default config's devpts is mapped in both.
      config.process.user = { uid: 12, gid: 13 };
    });
    const script =
      "tty; stat -c %u $(tty); [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo all; echo > /dev/tty && echo own; exit 9";
    const { status, shown } = underTerminal(box, ["exec", "--tty", id, "/bin/sh", "-c", script]);
    t.equal(status, 9, shown);
    t.match(shown, /\/dev\/pts\/0\r?\n12\r?\nall\r?\n/, "its own, and the user's");
    t.match(shown, /own/, "it is the controlling terminal");
  }
});

t.test("what is typed arrives, and large output comes whole", async (t) => {
  const box = sandbox(t);
  const id = running(box);
  const typed = underTerminal(box, ["exec", "-t", id, "/bin/sh", "-c", "read line; echo got $line"], "some words\n");
  t.match(typed.shown, /got some words/);
  const large = underTerminal(box, ["exec", "-t", id, "/bin/sh", "-c", "seq 1 20000"]);
  t.equal(large.status, 0);
  t.equal(large.shown.trimEnd().split(/\r?\n/).at(-1), "20000");
  t.equal(large.shown.trimEnd().split(/\r?\n/).length, 20000);
});

t.test("detached: the master goes to the console socket", async (t) => {
  const box = sandbox(t);
  const id = running(box);
  const { path, received } = await consoleSocket(box, "typed\n");
  const result = box.run([
    ...["exec", "--detach", "--tty", "--console-socket", path, id],
    ...["/bin/sh", "-c", "read line; echo got $line; tty"],
  ]);
  t.equal(result.status, 0, result.stderr);
  const seen = await received;
  t.equal(seen.count, 1);
  t.match(seen.out, /got typed\r?\n\/dev\/pts\/0/);
});

t.test("the terminal of a process document, with its size", async (t) => {
  const box = sandbox(t);
  const id = running(box);
  const { path, received } = await consoleSocket(box);
  const file = join(box.dir, "process.json");
  writeFileSync(
    file,
    JSON.stringify({
      terminal: true,
      consoleSize: { width: 91, height: 37 },
      args: ["/bin/stty", "size"],
      cwd: "/",
    }),
  );
  // conmon says --tty as well: no contradiction.
  const result = box.run(["exec", "--process", file, "--tty", "--detach", "--console-socket", path, id]);
  t.equal(result.status, 0, result.stderr);
  const seen = await received;
  t.match(seen.out, /37 91/);
  t.equal(seen.rows, 37);
});

t.test("/dev/console stays the first process's", async (t) => {
  const box = sandbox(t);
  const id = running(box);
  const { status } = underTerminal(box, ["exec", "-t", id, "/bin/true"]);
  t.equal(status, 0);
  const mounts = readFileSync(`/proc/${box.state(id)!.pid}/mountinfo`, "utf8");
  t.notMatch(mounts, / \/dev\/console /);
});

t.test("the rules of runc", async (t) => {
  const box = sandbox(t);
  const id = running(box);
  const cases: [string[], RegExp][] = [
    [["-t", "-d"], /exec failed: cannot allocate tty if runt will detach without setting console socket/],
    [["--console-socket", "/x"], /exec failed: cannot use console socket if runt will not detach or allocate tty/],
    [
      ["-d", "--console-socket", "/x"],
      /exec failed: cannot use console socket if runt will not detach or allocate tty/,
    ],
    [
      ["-t", "--console-socket", "/x"],
      /exec failed: cannot use console socket if runt will not detach or allocate tty/,
    ],
    [["-t", "-d", "--console-socket", "/nosuch/sock"], /exec failed: --console-socket: send the terminal to/],
  ];
  for (const [flags, text] of cases) {
    const { status, stderr } = box.run(["exec", ...flags, id, "/bin/true"]);
    t.equal(status, 255, flags.join(" "));
    t.match(stderr, text);
  }
  const setsid = box.run(["exec", "-t", id, "/bin/true"], { via: ["setsid", "--wait"] });
  t.equal(setsid.status, 255);
  t.match(setsid.stderr, /exec failed: open \/dev\/tty: no such device or address/);
  t.equal(JSON.parse(box.run(["ps", "-f", "json", id]).stdout).length, 1, "nothing is left running");
});
