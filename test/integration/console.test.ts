// Terminals: create with a console socket, run under a terminal, sizes, /dev/console, who owns the pty.

import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import t from "tap";
import { parseReport } from "../helpers/report.js";
import { runtime, sandbox, until } from "../helpers/sandbox.js";
import { consoleSocket, onScreen, underTerminal } from "../helpers/terminal.js";

t.test("create sends the pty's master to the console socket", async (t) => {
  const box = sandbox(t);
  const { path, received } = await consoleSocket(box, "typed text\n");
  const bundle = box.bundle((config) => {
    config.process.terminal = true;
    config.process.consoleSize = { width: 100, height: 40 };
    config.process.args = ["/bin/sh", "-c", "read line; echo got $line; tty; stty size"];
  });
  const { id } = box.create(bundle, "--console-socket", path);
  t.equal(box.run(["start", id]).status, 0);
  const seen = await received;
  t.equal(seen.count, 1);
  t.match(seen.name, /pts|ptmx/);
  t.equal(seen.onlcr, false, "lines end in LF: callers compare them");
  t.match(seen.out, /got typed text\r?\n/);
  t.match(seen.out, /\/dev\/pts\/0\r?\n/, "a terminal of the container's own devpts");
  t.match(seen.out, /40 100\r?\n/);
  t.equal(seen.rows, 40);
  t.equal(seen.columns, 100);
});

t.test("run --detach with a console socket", async (t) => {
  const box = sandbox(t);
  const { path, received } = await consoleSocket(box);
  const bundle = box.bundle((config) => {
    config.process.terminal = true;
    config.process.args = ["/bin/echo", "on the terminal"];
  });
  const result = box.run(["run", "--detach", "--console-socket", path, "--bundle", bundle, box.id()]);
  t.equal(result.status, 0, result.stderr);
  t.match((await received).out, /on the terminal\r?\n/);
});

t.test("the process has a controlling terminal, /dev/console is the same terminal", async (t) => {
  const box = sandbox(t);
  const { path, received } = await consoleSocket(box);
  const bundle = box.bundle((config) => {
    config.process.terminal = true;
    config.process.args = [
      "/bin/sh",
      "-c",
      "echo by tty > /dev/tty; echo by console > /dev/console; stat -c %t:%T /dev/console /dev/pts/0",
    ];
  });
  const { id } = box.create(bundle, "--console-socket", path);
  box.run(["start", id]);
  const { out } = await received;
  t.match(out, /by tty\r?\n/);
  t.match(out, /by console\r?\n/);
  t.match(out, /88:0\r?\n88:0\r?\n/);
});

t.test("the terminal belongs to the user of the process", async (t) => {
  const box = sandbox(t);
  const { path, received } = await consoleSocket(box);
  const bundle = box.bundle((config) => {
    config.process.terminal = true;
    config.process.user = { uid: 1000, gid: 1000 };
    config.process.args = ["/bin/sh", "-c", "stat -c '%u %a' /dev/pts/0; echo x > /dev/pts/0 && echo writable"];
  });
  const { id } = box.create(bundle, "--console-socket", path);
  box.run(["start", id]);
  const { out } = await received;
  t.match(out, /1000 620\r?\n/);
  t.match(out, /writable\r?\n/);
});

t.test("only stdio is open in a process with a terminal", async (t) => {
  const box = sandbox(t);
  const { path, received } = await consoleSocket(box);
  const bundle = box.bundle((config) => {
    config.process.terminal = true;
  });
  const { id } = box.create(bundle, "--console-socket", path);
  box.run(["start", id]);
  const report = parseReport((await received).out);
  t.equal(report.tty, true);
  t.same(
    report.fds.map(({ fd, nonblock }) => [fd, nonblock]),
    [
      [0, false],
      [1, false],
      [2, false],
    ],
  );
  t.equal(report.sid, report.pid);
});

t.test("run under a terminal: output, input, exit status", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.terminal = true;
    config.process.args = ["/bin/sh", "-c", "tty; echo to stderr >&2; exit 7"];
  });
  const id = box.id();
  const { status, shown } = underTerminal(box, ["run", "--bundle", bundle, id]);
  t.equal(status, 7, shown);
  t.match(shown, /\/dev\/pts\/0/);
  t.match(shown, /to stderr/);
  t.equal(box.state(id), undefined);
});

t.test("what is typed reaches the program", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.terminal = true;
    config.process.args = ["/bin/sh", "-c", "read a; echo first=$a; read b; echo second=$b"];
  });
  const { status, shown } = underTerminal(box, ["run", "--bundle", bundle, box.id()], "one\ntwo\n");
  t.equal(status, 0, shown);
  t.match(shown, /first=one/);
  t.match(shown, /second=two/);
});

t.test("a lot of output arrives whole", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.terminal = true;
    config.process.args = ["/bin/sh", "-c", "seq 1 20000; echo the end"];
  });
  const { status, shown } = underTerminal(box, ["run", "--bundle", bundle, box.id()]);
  t.equal(status, 0);
  const lines = shown
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  t.equal(lines.length, 20001);
  t.equal(lines[19999], "20000");
  t.equal(lines.at(-1), "the end");
});

t.test("terminal without any terminal is refused", async (t) => {
  const box = sandbox(t);
  const result = box.runContainer(
    (config) => {
      config.process.terminal = true;
    },
    { via: ["setsid", "--wait"] },
  );
  t.equal(result.status, 1);
  t.match(result.stderr, /\/dev\/tty/);
});

t.test("a console socket that hangs up at once: create fails or the container can be deleted", async (t) => {
  const box = sandbox(t);
  const { path } = await consoleSocket(box);
  const id = box.id();
  const bundle = box.bundle((config) => {
    config.process.terminal = true;
    config.process.args = ["/bin/probe", "pause"];
  });
  box.run(["create", "--console-socket", path, "--bundle", bundle, id]);
  const deleted = box.run(["delete", "--force", id]);
  t.equal(deleted.status, 0, deleted.stderr);
  await until("it is gone", () => box.state(id) === undefined);
});

t.test("the size is known from the program's first moment, and is that of the window", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.terminal = true;
    config.process.consoleSize = { width: 100, height: 40 };
    config.process.args = ["/bin/stty", "size"];
  });
  const run = ["run", "--bundle", bundle];
  t.same(onScreen(box, [...run, box.id()], [31, 77]), { status: 0, shown: "31 77\r\n", restored: true });
  t.same(
    onScreen(box, [...run, box.id()], [0, 0]),
    { status: 0, shown: "40 100\r\n", restored: true },
    "consoleSize where ours has none",
  );
});

t.test("every line begins at the left of the screen", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.terminal = true;
    config.process.args = ["/bin/sh", "-c", "printf 'a\\nb\\n'; exit 3"];
  });
  const screen = onScreen(box, ["run", "--bundle", bundle, box.id()], [24, 80]);
  t.same(screen, { status: 3, shown: "a\r\nb\r\n", restored: true });
});

t.test("the caller's terminal is as it was after every end", async (t) => {
  const box = sandbox(t);
  const bundle = (...args: string[]) =>
    box.bundle((config) => {
      config.process.terminal = true;
      config.process.args = args;
    });
  const killed = box.id();
  const kill = `while ! '${runtime}' --root '${box.root}' kill ${killed} KILL 2>/dev/null; do sleep 0.05; done`;
  const killer = spawn("sh", ["-c", kill], { stdio: "ignore" });
  t.teardown(() => killer.kill());
  const run = (id: string, ...args: string[]) => onScreen(box, ["run", "--bundle", bundle(...args), id], [24, 80]);
  t.match(run(killed, "/bin/sleep", "20"), { status: 137, restored: true }, "killed");
  t.match(run(box.id(), "/no/such/program"), { status: 1, restored: true }, "not started");
  t.match(run(box.id(), "/bin/sh", "-c", "stty raw -echo; exit 9"), { status: 9, restored: true }, "its own modes");
});

t.test("a file on stdin: the program meets its end", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.terminal = true;
    config.process.args = ["/bin/sh", "-c", "stty -echo; cat; echo the end"];
  });
  const inner = `printf 'from a file\\n' | '${runtime}' --root '${box.root}' run --bundle '${bundle}' ${box.id()}`;
  const log = `${box.dir}/log`;
  const { status } = spawnSync("script", ["--quiet", "--flush", "--return", "--command", inner, log], {
    timeout: 20_000,
    killSignal: "SIGKILL",
  });
  t.equal(status, 0);
  t.match(readFileSync(log, "utf8"), /from a file\r?\nthe end\r?\n/);
});
