// What containerd's shim asks of a runtime: `ctr` does what its clients do.

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { until } from "../helpers/sandbox.js";
import { Containerd, IMAGE } from "./helpers/containerd.js";
import { looksContained } from "./helpers/inside.js";
import { hostCgroup, limit, TOO_MUCH_MEMORY } from "./helpers/limits.js";
import { place } from "./helpers/place.js";

const here = place(t);
const ctr = await Containerd.start(here);
const WAITS = ["sh", "-c", "trap 'exit 3' TERM; while :; do sleep 0.1; done"];

const run = (id: string, options: string[], ...command: string[]) =>
  ctr.run(Containerd.runWords(id, ["--rm", ...options], command));
/** As run(), of something that prints. */
const heard = (options: string[], ...command: string[]) =>
  ctr.heard((id) => Containerd.runWords(id, ["--rm", ...options], command));

/** A task that waits until it is killed. */
function background(id: string, ...options: string[]): number {
  ctr.ok(Containerd.runWords(id, ["--detach", ...options], WAITS));
  return pidOf(id);
}

function pidOf(id: string): number {
  const line = ctr
    .ok(["task", "ls"])
    .split("\n")
    .find((line) => line.startsWith(`${id} `));
  return Number(line?.split(/\s+/)[1]);
}

async function remove(id: string): Promise<void> {
  ctr.run(["task", "kill", "--signal", "KILL", id]);
  await stopped(id);
  ctr.ok(["task", "delete", id]);
  ctr.ok(["container", "delete", id]);
}

const stopped = (id: string) =>
  until(`${id} has stopped`, () => new RegExp(`^${id}\\s+\\d+\\s+STOPPED`, "m").test(ctr.ok(["task", "ls"])));

t.test("run prints and gives the exit status", async (t) => {
  const answer = run("prints", [], "sh", "-c", "echo out; echo err >&2; sleep 0.2; exit 7");
  t.equal(answer.status, 7, answer.text);
  t.equal(answer.stdout, "out\n");
  t.match(answer.stderr, /err/);
});

t.test("looked at from inside", async (t) => {
  const report = looksContained(t, heard(["--seccomp"], "/bin/probe").stdout);
  t.equal(report.cwd, "/");
});

t.test("stdin goes in", async (t) => {
  // ctr does not pass the end of its stdin on: a line is what can be waited for.
  const words = Containerd.runWords("typed", ["--rm"], ["sh", "-c", "read line; echo got-$line"]);
  t.equal(ctr.run(words, { input: "typed\n" }).stdout, "got-typed\n");
});

t.test("a program that is missing or not executable", async (t) => {
  const missing = run("missing", [], "no-such-program");
  t.not(missing.status, 0);
  t.match(missing.stderr, /executable file .*not found/);
  const plain = run("plain", [], "/etc/passwd");
  t.not(plain.status, 0);
  t.match(plain.stderr, /[Pp]ermission denied/);
});

t.test("run --detach, task ls, kill, delete", async (t) => {
  const pid = background("detached");
  t.match(ctr.ok(["task", "ls"]), new RegExp(`^detached\\s+${pid}\\s+RUNNING`, "m"));
  t.ok(existsSync(`/proc/${pid}`));
  ctr.ok(["task", "kill", "--signal", "TERM", "detached"]);
  await stopped("detached");
  const deleted = ctr.run(["task", "delete", "detached"]);
  t.match(deleted.text + deleted.status, /3/, "its exit status is told");
  ctr.ok(["container", "delete", "detached"]);
});

t.test("container create, task start: two steps", async (t) => {
  ctr.ok(["container", "create", IMAGE, "two-steps", "echo", "hello"]);
  const answer = ctr.run(["task", "start", "two-steps"]);
  t.equal(answer.stdout, "hello\n", answer.stderr);
  ctr.run(["task", "delete", "two-steps"]);
  ctr.ok(["container", "delete", "two-steps"]);
});

t.test("task exec: output, status, user, directory, terminal", async (t) => {
  background("busy");
  const exec = (options: string[], ...command: string[]) =>
    ctr.heard((id) => ["task", "exec", "--exec-id", id, ...options, "busy", ...command]);
  const first = exec([], "echo", "in");
  t.equal(first.stdout, "in\n", first.stderr);
  t.equal(exec([], "sh", "-c", "exit 9").status, 9);
  t.equal(exec(["--user", "1000"], "id", "-u").stdout, "1000\n");
  t.equal(exec(["--cwd", "/tmp"], "pwd").stdout, "/tmp\n");
  t.match(exec([], "no-such-program").stderr, /executable file .*not found/);
  t.equal(
    ctr.heard((id) => ["task", "exec", "--exec-id", id, "busy", "sh", "-c", "read line; echo $line"], {
      input: "typed\n",
    }).stdout,
    "typed\n",
  );
  const shown = ctr.terminal(["task", "exec", "--exec-id", "tty", "--tty", "busy", "tty"]);
  t.match(shown.stdout, /\/dev\/pts\/\d+/);
  await remove("busy");
});

t.test("run --tty", async (t) => {
  const { stdout, status } = ctr.terminal(Containerd.runWords("tty", ["--rm", "--tty"], ["sh", "-c", "tty; exit 4"]));
  t.match(stdout, /\/dev\/pts\/0/);
  t.equal(status, 4);
});

t.test("pause, resume", async (t) => {
  background("paused");
  ctr.ok(["task", "pause", "paused"]);
  t.match(ctr.ok(["task", "ls"]), /paused\s+\d+\s+PAUSED/);
  ctr.ok(["task", "resume", "paused"]);
  t.match(ctr.ok(["task", "ls"]), /paused\s+\d+\s+RUNNING/);
  await remove("paused");
});

t.test("task ps, metrics", async (t) => {
  const pid = background("watched");
  t.match(ctr.ok(["task", "ps", "watched"]), new RegExp(`^${pid}\\b`, "m"));
  const metrics = ctr.ok(["task", "metrics", "--format", "json", "watched"]);
  t.match(metrics, /pids/);
  await remove("watched");
});

t.test("limits: memory, cpus", async (t) => {
  const pid = background("limited", "--memory-limit", "67108864", "--cpus", "0.5");
  const directories = hostCgroup(pid);
  t.equal(limit(directories, "memory"), "67108864");
  t.equal(limit(directories, "cpu"), "50000 100000");
  await remove("limited");
});

t.test("more memory than allowed is an OOM event", async (t) => {
  const events = here.service(ctr.words(["events"]), "events.log");
  const answer = run("greedy", ["--memory-limit", "16777216"], "sh", "-c", TOO_MUCH_MEMORY);
  t.equal(answer.status, 137);
  await until("the OOM was told", () => /\/tasks\/oom/.test(here.log("events.log")), 5000);
  events.kill();
  t.match(here.log("events.log"), /\/tasks\/start/);
  t.match(here.log("events.log"), /\/tasks\/exit/);
});

t.test("mounts, read-only root, environment, capabilities, seccomp", async (t) => {
  const folder = here.folder("volume");
  writeFileSync(join(folder, "file"), "data");
  const shell = (script: string, ...options: string[]) => heard(options, "sh", "-c", script).text.trim();
  t.equal(shell("cat /v/file", "--mount", `type=bind,src=${folder},dst=/v,options=rbind:ro`), "data");
  t.match(shell("touch /x", "--read-only"), /[Rr]ead-only/);
  t.equal(shell("echo $A", "--env", "A=b"), "b");
  t.match(shell("grep CapBnd /proc/self/status", "--cap-drop", "CAP_CHOWN"), /CapBnd:\s+[0-9a-f]+/);
  t.equal(shell("pwd", "--cwd", "/tmp"), "/tmp");
  t.match(shell("grep Seccomp: /proc/self/status", "--seccomp"), /2$/);
});

t.test("--pid-file, --net-host, --with-ns", async (t) => {
  const file = join(here.dir, "pid");
  const pid = background("files", "--pid-file", file, "--net-host");
  t.ok(existsSync(file));
  const joined = heard(["--with-ns", `uts:/proc/${pid}/ns/uts`], "readlink", "/proc/self/ns/uts");
  t.equal(
    joined.stdout.trim(),
    ctr.heard((id) => ["task", "exec", "--exec-id", id, "files", "readlink", "/proc/self/ns/uts"]).stdout.trim(),
  );
  await remove("files");
});

t.test("kill races with the end: a task that has ended is no disaster", async (t) => {
  ctr.ok(Containerd.runWords("short", ["--detach"], ["true"]));
  await stopped("short");
  const answer = ctr.run(["task", "kill", "short"]);
  t.match(answer.text, /(not found|already finished|no such process|not running)|^$/);
  ctr.run(["task", "delete", "short"]);
  ctr.ok(["container", "delete", "short"]);
  for (const seconds of ["0.05", "0.1", "0.15", "0.2"]) {
    ctr.ok(Containerd.runWords("racer", ["--detach"], ["sleep", seconds]));
    const killed = ctr.run(["task", "kill", "--signal", "KILL", "racer"]);
    if (killed.status !== 0) t.match(killed.text, /not found|already finished|no such process|not running/);
    await stopped("racer");
    const deleted = ctr.run(["task", "delete", "racer"]);
    t.match(String(deleted.status), /^(0|137)$/, deleted.text);
    ctr.ok(["container", "delete", "racer"]);
  }
});

t.test("the shim of containerd 1.3, runc.v1", async (t) => {
  // It takes the `runc` of opt/bin, which is a link to the runtime.
  const answer = ctr.heard((id) => ["run", "--rm", "--runtime", "io.containerd.runc.v1", IMAGE, id, "echo", "old"]);
  t.equal(answer.stdout, "old\n", answer.stderr);
});

t.test("many at once", async (t) => {
  const ids = Array.from({ length: 6 }, (_, index) => `many-${index}`);
  const answer = ctr.together(
    ids.map((id) => Containerd.runWords(id, ["--rm"], ["sh", "-c", `echo ${id}; sleep 0.2`])),
  );
  t.same(answer.stdout.trim().split("\n").sort(), ids, answer.stderr);
});

t.test("nothing of a removed task is left", async (t) => {
  const directories = hostCgroup(background("traceless"));
  await remove("traceless");
  t.same(
    Object.values(directories).filter((directory) => existsSync(directory)),
    [],
  );
  t.notMatch(ctr.ok(["task", "ls"]), /traceless/);
});
