// kill: which signal, to whom, in which state of the container.

import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { type TestConfig, withoutNamespace } from "../helpers/config.js";
import { running } from "../helpers/exec.js";
import { type Sandbox, sandbox, until } from "../helpers/sandbox.js";

const isGone = (pid: string | number) => {
  try {
    return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return true;
  }
};

/** A process of the container besides its first one; its pid. */
function added(box: Sandbox, id: string): string {
  const pidFile = join(box.dir, `${id}.added`);
  const result = box.run(["exec", "--detach", "--pid-file", pidFile, id, "/bin/probe", "pause"]);
  if (result.status !== 0) throw new Error(result.stderr);
  return readFileSync(pidFile, "utf8");
}

t.test("signals by name and number, real-time ones too, reach the first process", async (t) => {
  const box = sandbox(t);
  const shapes: [string[], number][] = [
    [["RTMIN+3"], 37],
    [["sigrtmax-2"], 62],
    [["40"], 40],
    [["SIGUSR2"], 12],
    [["hup"], 1],
    [[], 15],
  ];
  for (const [words, number] of shapes) {
    const bundle = box.bundle((config) => {
      const script = `trap "echo got; exit 3" ${number}; echo ready; while :; do sleep 0.02; done`;
      config.process.args = ["/bin/sh", "-c", script];
    });
    const id = box.id();
    const background = box.start(["run", "--bundle", bundle, id]);
    await until("it is ready", () => background.stdout() === "ready\n");
    t.equal(box.run(["kill", id, ...words]).status, 0);
    const { stdout, status } = await background.done;
    t.equal(stdout, "ready\ngot\n", words.join());
    t.equal(status, 3);
  }
});

t.test("0 asks whether it is there; unknown ones are refused", async (t) => {
  const box = sandbox(t);
  const id = running(box);
  t.equal(box.run(["kill", id, "0"]).status, 0);
  for (const signal of ["FOO", "65", "-1", "RTMIN+31", "9x"]) {
    const result = box.run(["kill", id, signal]);
    t.equal(result.status, 1, signal);
    t.match(result.stderr, new RegExp(`unknown signal \\\\"${signal.replace("+", "\\+")}\\\\"`));
  }
  t.equal(box.state(id)!.status, "running");
});

t.test("a stopped container", async (t) => {
  const box = sandbox(t);
  const id = running(box, (config) => {
    config.process.args = ["/bin/true"];
  });
  await until("it has stopped", () => box.state(id)!.status === "stopped");
  const result = box.run(["kill", id, "KILL"]);
  t.equal(result.status, 1);
  t.match(result.stderr, /container not running/);
  t.equal(box.run(["kill", "--all", id, "KILL"]).status, 0, "--all: no error");
});

t.test("a created container ends at what asks a program to end", async (t) => {
  for (const signal of ["TERM", "INT", "HUP", "QUIT", "KILL"]) {
    const box = sandbox(t);
    const { id, result } = box.create(box.bundle());
    t.equal(box.run(["kill", id, signal]).status, 0);
    await until(`stopped by ${signal}`, () => box.state(id)!.status === "stopped");
    t.equal(readFileSync(result.files.stdout, "utf8"), "", "its program has not run");
    t.equal(box.run(["delete", id]).status, 0);
  }
});

t.test("the program of a created container starts with all signals at their defaults", async (t) => {
  const box = sandbox(t);
  const { id, result } = box.create(box.bundle());
  t.equal(box.run(["start", id]).status, 0);
  await until("it has reported", () => /^\}/m.test(readFileSync(result.files.stdout, "utf8")));
  t.same(JSON.parse(readFileSync(result.files.stdout, "utf8")).signals, {});
});

t.test("a paused container: KILL ends it at once, others wait for resume", async (t) => {
  const box = sandbox(t);
  const id = running(box);
  t.equal(box.run(["pause", id]).status, 0);
  const { pid } = box.state(id)!;
  t.equal(box.run(["kill", id, "USR1"]).status, 0);
  t.equal(box.state(id)!.status, "paused");
  t.equal(box.run(["kill", id, "KILL"]).status, 0);
  await until("it has ended", () => isGone(pid));
  t.equal(box.state(id)!.status, "stopped");
  t.equal(box.run(["delete", id]).status, 0);
});

t.test("a signal to a paused container is there when it goes on", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "trap"];
  });
  const id = box.id();
  const background = box.start(["run", "--bundle", bundle, id]);
  await until("it is ready", () => background.stdout() === "ready\n");
  t.equal(box.run(["pause", id]).status, 0);
  t.equal(box.run(["kill", id, "USR1"]).status, 0);
  t.equal(background.stdout(), "ready\n");
  t.equal(box.run(["resume", id]).status, 0);
  t.match((await background.done).stdout, /caught 10/);
});

const sharing: Record<string, (config: TestConfig, other: number) => void> = {
  "the host's pid namespace": (config) => withoutNamespace(config, "pid"),
  "another container's pid namespace": (config, other) => {
    withoutNamespace(config, "pid");
    config.linux.namespaces.push({ type: "pid", path: `/proc/${other}/ns/pid` });
  },
};

for (const [what, edit] of Object.entries(sharing)) {
  t.test(`in ${what}: KILL takes all of the container's processes, and no other`, async (t) => {
    for (const paused of [false, true]) {
      const box = sandbox(t);
      const neighbour = running(box);
      const other = box.state(neighbour)!.pid;
      const id = running(box, (config) => edit(config, other));
      const pids = [box.state(id)!.pid, added(box, id), added(box, id)];
      if (paused) t.equal(box.run(["pause", id]).status, 0);
      t.equal(box.run(["kill", id, "KILL"]).status, 0);
      await until("all have ended", () => pids.every(isGone));
      t.equal(box.state(neighbour)!.status, "running", "the neighbour lives");
    }
  });
}

t.test(
  "in the host's pid namespace: other signals are the first process's; KILL also finds who outlived it",
  async (t) => {
    const box = sandbox(t);
    const id = running(box, (config) => withoutNamespace(config, "pid"));
    const { pid } = box.state(id)!;
    const other = added(box, id);
    t.equal(box.run(["kill", id, "USR1"]).status, 0);
    await until("the first process has ended", () => isGone(pid));
    t.notOk(isGone(other));
    t.equal(box.state(id)!.status, "stopped");
    t.equal(box.run(["kill", id, "KILL"]).status, 0);
    await until("the other one, too", () => isGone(other));
  },
);

t.test("--all: every process, whatever the signal", async (t) => {
  const box = sandbox(t);
  const id = running(box);
  const pids = [added(box, id), added(box, id)];
  t.equal(box.run(["kill", "--all", id, "USR1"]).status, 0);
  await until("all but the first process, which as such ignores it", () => pids.every(isGone));
  t.equal(box.state(id)!.status, "running");
});

t.test("a pid that is another process's by now is left alone", async (t) => {
  const box = sandbox(t);
  const id = running(box);
  // Start times are counted in ticks of 10 ms: one that is taken over must be another's.
  await new Promise((resolve) => setTimeout(resolve, 30));
  const innocent = spawn("sleep", ["1000"]);
  t.teardown(() => innocent.kill());
  const file = join(box.root, id, "state.json");
  const state = JSON.parse(readFileSync(file, "utf8"));
  const { pid, startTime } = state.init;
  writeFileSync(file, JSON.stringify({ ...state, init: { pid: innocent.pid, startTime } }));
  const result = box.run(["kill", id, "KILL"]);
  t.equal(result.status, 1);
  t.match(result.stderr, /container not running/);
  t.notOk(isGone(innocent.pid!));
  const exec = box.run(["exec", id, "/bin/true"]);
  t.equal(exec.status, 255);
  t.match(exec.stderr, /cannot exec in a stopped container/);
  writeFileSync(file, JSON.stringify({ ...state, init: { pid, startTime } }));
});
