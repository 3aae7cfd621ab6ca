// run in the foreground: exit status, signals, output, clean-up; and --detach, --keep.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { sandbox, until } from "../helpers/sandbox.js";

t.test("the exit status is the program's", async (t) => {
  const box = sandbox(t);
  for (const status of [0, 1, 42, 126, 127, 255]) {
    const result = box.runContainer((config) => {
      config.process.args = ["/bin/probe", "exit", String(status)];
    });
    t.equal(result.status, status, result.stderr);
    t.equal(result.stderr, "", "nothing else is said");
  }
});

t.test("128+N when signal N ended the program", async (t) => {
  const box = sandbox(t);
  for (const number of [6, 9, 11, 15]) {
    // Without a pid namespace: the first process of one can't be ended by its own signals.
    const result = box.runContainer((config) => {
      config.process.args = ["/bin/probe", "signal", String(number)];
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "pid");
    });
    t.equal(result.status, 128 + number, `signal ${number} ${result.stderr}`);
    t.equal(result.signal, null, "runt itself ended normally");
  }
});

t.test("nothing is left after run", async (t) => {
  const box = sandbox(t);
  const id = box.id();
  const result = box.run(["run", "--bundle", box.bundle(), id]);
  t.equal(result.status, 0, result.stderr);
  t.equal(box.state(id), undefined);
  t.notOk(existsSync(join(box.root, id)));
});

t.test("stdin, stdout and stderr are the caller's", async (t) => {
  const box = sandbox(t);
  const result = box.runContainer(
    (config) => {
      config.process.args = ["/bin/sh", "-c", "cat; echo to stderr >&2"];
    },
    { input: "a line\nand bytes: \u00e9\n" },
  );
  t.equal(result.stdout, "a line\nand bytes: \u00e9\n");
  t.equal(result.stderr, "to stderr\n");
});

for (const [signal, number] of [
  ["SIGTERM", 15],
  ["SIGINT", 2],
  ["SIGHUP", 1],
  ["SIGUSR1", 10],
] as const) {
  t.test(`${signal} to runt reaches the program`, async (t) => {
    const box = sandbox(t);
    const bundle = box.bundle((config) => {
      config.process.args = ["/bin/probe", "trap"];
    });
    const id = box.id();
    const running = box.start(["run", "--bundle", bundle, id]);
    await until("the program is ready", () => running.stdout() === "ready\n");
    running.child.kill(signal);
    const result = await running.done;
    t.match(result.stdout, `caught ${number}\n`);
    t.equal(result.status, 40 + number, result.stderr);
    t.equal(box.state(id), undefined, "and it is cleaned up");
  });
}

t.test("a signal that ends the program ends run with 128+N", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "pause"];
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "pid");
  });
  const running = box.start(["run", "--bundle", bundle, box.id()]);
  await until("the program is ready", () => running.stdout() === "ready\n");
  running.child.kill("SIGTERM");
  t.equal((await running.done).status, 143);
});

t.test("kill from elsewhere ends a foreground run", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "pause"];
  });
  const id = box.id();
  const running = box.start(["run", "--bundle", bundle, id]);
  await until("the program is ready", () => running.stdout() === "ready\n");
  t.equal(box.run(["kill", id, "KILL"]).status, 0);
  t.equal((await running.done).status, 137);
});

t.test("run --detach returns once the program runs", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "pause"];
  });
  const id = box.id();
  const result = box.run(["run", "--detach", "--bundle", bundle, "--pid-file", join(box.dir, "pid"), id]);
  t.equal(result.status, 0, result.stderr);
  const state = box.state(id)!;
  t.equal(state.status, "running");
  t.equal(readFileSync(join(box.dir, "pid"), "utf8"), String(state.pid));
  await until("it prints", () => readFileSync(result.files.stdout, "utf8") === "ready\n");
  t.equal(box.run(["delete", "-f", id]).status, 0);
});

t.test("run --keep leaves a stopped container", async (t) => {
  const box = sandbox(t);
  const id = box.id();
  const result = box.run(["run", "--keep", "--bundle", box.bundle(), id]);
  if (/not defined: -keep/.test(result.stderr)) return t.fail("--keep is not known");
  t.equal(result.status, 0, result.stderr);
  t.equal(box.state(id)?.status, "stopped");
  t.equal(box.run(["delete", id]).status, 0);
});

t.test("options may follow the id", async (t) => {
  const box = sandbox(t);
  const id = box.id();
  const result = box.run(["run", id, "--bundle", box.bundle(), "--detach"]);
  t.equal(result.status, 0, result.stderr);
  t.equal(box.run(["delete", id, "-f"]).status, 0);
});

t.test("an orphan of the container keeps its end of a pipe, run returns all the same", async (t) => {
  const box = sandbox(t);
  const result = box.runContainer((config) => {
    // The pid namespace dies with its first process, and the orphan with it.
    config.process.args = ["/bin/sh", "-c", "sleep 100 & echo done"];
  });
  t.equal(result.status, 0, result.stderr);
  t.equal(result.stdout, "done\n");
});

t.test("--preserve-fds passes descriptors 3.. and no more", async (t) => {
  const box = sandbox(t);
  const { openSync, closeSync } = await import("node:fs");
  const fd = openSync("/etc/hostname", "r");
  const other = openSync("/etc/passwd", "r");
  const bundle = box.bundle();
  const result = box.run(["run", "--preserve-fds", "1", "--bundle", bundle, box.id()], { fds: [fd, other] });
  t.equal(result.status, 0, result.stderr);
  const report = JSON.parse(result.stdout) as { fds: { fd: number; target: string }[] };
  t.same(
    report.fds.map((entry) => entry.fd),
    [0, 1, 2, 3],
  );
  t.equal(report.fds[3]!.target, "/etc/hostname");
  const missing = box.run(["run", "--preserve-fds", "5", "--bundle", bundle, box.id()], { fds: [fd] });
  t.equal(missing.status, 1);
  t.match(missing.stderr, /preserved-fd/);
  closeSync(fd);
  closeSync(other);
});
