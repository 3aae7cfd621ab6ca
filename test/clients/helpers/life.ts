// The life of containers as Podman and Docker show it with the same commands, with root and without.

import { existsSync } from "node:fs";
import type { Test } from "tap";
import { until } from "../../helpers/sandbox.js";
import { type ContainerCaller, IMAGE, NO_NETWORK } from "./containers.js";
import { looksContained } from "./inside.js";
import { hostCgroup } from "./limits.js";

/** The program prints a little later: see Podman's run(). */
export function runsAndExits(t: Test, caller: ContainerCaller): void {
  const script = "sleep 0.3; echo out; echo err >&2; exit 7";
  const answer = caller.run(["run", "--rm", NO_NETWORK, IMAGE, "sh", "-c", script]);
  t.equal(answer.status, 7, answer.text);
  t.equal(answer.stdout, "out\n", answer.stderr);
  t.match(answer.stderr, /err/);
}

export function fromInside(t: Test, caller: ContainerCaller): void {
  caller.ok(["run", "--name", "seen", NO_NETWORK, IMAGE, "/bin/probe"]);
  const report = looksContained(t, caller.ok(["logs", "seen"]));
  t.equal(report.hostname, caller.inspect("seen", "{{.Id}}").slice(0, 12));
  t.equal(report.cwd, "/");
  caller.remove("seen");
}

export function stdin(t: Test, caller: ContainerCaller): void {
  t.equal(caller.ok(["run", "--rm", "-i", NO_NETWORK, IMAGE, "cat"], { input: "typed" }), "typed");
}

/** A program that is missing: 127. */
export function missing(t: Test, caller: ContainerCaller): void {
  const answer = caller.run(["run", "--rm", NO_NETWORK, IMAGE, "no-such-program"]);
  t.equal(answer.status, 127, answer.text);
  t.match(answer.stderr, /executable file .*not found/);
  t.equal(caller.run(["run", "--rm", NO_NETWORK, IMAGE, "/no/such"]).status, 127);
}

/** A program that is not executable: 126. */
export function notExecutable(t: Test, caller: ContainerCaller): void {
  t.equal(caller.run(["run", "--rm", NO_NETWORK, IMAGE, "/etc/passwd"]).status, 126);
}

/** run -d, ps, logs, stop, wait. In: what to do meanwhile. The container `detached` is left, stopped. */
export async function detached(t: Test, caller: ContainerCaller, meanwhile: () => void = () => {}): Promise<void> {
  const script = "echo started; trap 'echo stopping; exit 3' TERM; while :; do sleep 0.1; done";
  caller.ok(["run", "-d", "--name", "detached", NO_NETWORK, IMAGE, "sh", "-c", script]);
  await until("it has printed", () => caller.ok(["logs", "detached"]) === "started");
  t.match(caller.ok(["ps"]), /Up .*detached/);
  meanwhile();
  caller.ok(["stop", "--time", "10", "detached"]);
  t.equal(caller.ok(["wait", "detached"]), "3", "it ended by SIGTERM, in its own way");
  t.equal(caller.ok(["logs", "detached"]), "started\nstopping");
}

/** In: what to do between its two ends. */
export function killed(t: Test, caller: ContainerCaller, meanwhile: () => void = () => {}): void {
  caller.background("killed");
  caller.ok(["kill", "--signal", "KILL", "killed"]);
  t.equal(caller.ok(["wait", "killed"]), "137");
  caller.ok(["start", "killed"]);
  meanwhile();
  caller.ok(["kill", "--signal", "15", "killed"]);
  t.equal(caller.ok(["wait", "killed"]), "3");
  t.not(caller.run(["kill", "killed"]).status, 0, "there is nothing to kill any more");
  caller.remove("killed");
}

export function restarted(t: Test, caller: ContainerCaller, name: string): void {
  const pid = caller.inspect(name, "{{.State.Pid}}");
  caller.ok(["restart", "--time", "5", name]);
  t.not(caller.inspect(name, "{{.State.Pid}}"), pid);
  t.equal(caller.inspect(name, "{{.State.Status}}"), "running");
}

/** stop of a program that ignores SIGTERM. */
export async function deaf(t: Test, caller: ContainerCaller): Promise<void> {
  const script = "trap '' TERM; echo deaf; while :; do sleep 0.1; done";
  caller.ok(["run", "-d", "--name", "deaf", NO_NETWORK, IMAGE, "sh", "-c", script]);
  await until("it ignores SIGTERM", () => caller.ok(["logs", "deaf"]) === "deaf");
  caller.ok(["stop", "--time", "1", "deaf"]);
  t.equal(caller.ok(["wait", "deaf"]), "137");
  t.equal(caller.ok(["logs", "--follow", "deaf"]), "deaf");
  caller.ok(["rm", "deaf"]);
}

/** In: what `kill` of a container that has ended says; words of `rm`; what is done to each one before the last race. */
export function races(
  t: Test,
  caller: ContainerCaller,
  { ended, rm, before = () => {} }: { ended: RegExp; rm: readonly string[]; before?: (id: string) => void },
): void {
  const ids = [1, 2, 3, 4].map((n) => `racer-${n}`);
  for (const [index, id] of ids.entries()) {
    caller.ok(["run", "-d", "--name", id, NO_NETWORK, IMAGE, "sleep", `0.${index + 1}`]);
    const answer = caller.run(["kill", id]);
    if (answer.status !== 0) t.match(answer.text, ended);
    t.match(caller.ok(["wait", id]), /^(0|137)$/);
    before(id);
  }
  caller.together(
    ids.flatMap((id) => [
      [...rm, id],
      ["kill", id],
    ]),
  );
  t.equal(caller.ok(["ps", "--all", "--quiet", "--filter", "name=racer"]), "");
}

/** In: the status of an exec of a program that is missing. The container `busy` is left running. */
export async function execs(t: Test, caller: ContainerCaller, missing: RegExp): Promise<void> {
  caller.background("busy");
  const exec = (...args: string[]) => caller.run(["exec", ...args]);
  const first = exec("busy", "echo", "in");
  t.equal(first.stdout, "in\n", first.stderr);
  t.equal(exec("busy", "sh", "-c", "exit 9").status, 9);
  t.equal(exec("--user", "1000", "busy", "id", "-u").stdout, "1000\n");
  t.equal(exec("--workdir", "/tmp", "busy", "pwd").stdout, "/tmp\n");
  t.equal(exec("--env", "A=b", "busy", "sh", "-c", "echo $A").stdout, "b\n");
  t.equal(caller.run(["exec", "-i", "busy", "cat"], { input: "typed" }).stdout, "typed");
  const none = exec("busy", "no-such-program");
  t.match(String(none.status), missing);
  t.match(none.text, /executable file .*not found/);
  t.equal(exec("busy", "/etc/passwd").status, 126);
  caller.ok(["exec", "--detach", "busy", "touch", "/tmp/mark"]);
  await until("the detached exec has run", () => exec("busy", "test", "-e", "/tmp/mark").status === 0);
  t.match(caller.terminal(["exec", "-t", "busy", "tty"]).stdout, /\/dev\/pts\/\d+/);
}

/** run -it: a real terminal, what is typed comes in. */
export function terminal(t: Test, caller: ContainerCaller): void {
  const script = "sleep 0.3; tty; test -t 0 && test -t 1 && echo terminal; read line; echo got-$line; exit 4";
  const words = ["run", "--rm", "-it", NO_NETWORK, IMAGE, "sh", "-c", script];
  const { stdout, status } = caller.terminal(words, { input: "words\n" });
  t.match(stdout, /\/dev\/pts\/0/);
  t.match(stdout, /terminal/);
  t.match(stdout, /got-words/);
  t.equal(status, 4);
}

export function paused(t: Test, caller: ContainerCaller): void {
  caller.background("paused");
  caller.ok(["pause", "paused"]);
  t.equal(caller.inspect("paused", "{{.State.Status}}"), "paused");
  t.not(caller.run(["exec", "paused", "true"]).status, 0);
  caller.ok(["unpause", "paused"]);
  t.equal(caller.inspect("paused", "{{.State.Status}}"), "running");
  caller.remove("paused");
}

export function stats(t: Test, caller: ContainerCaller, name: string): void {
  t.match(caller.ok(["stats", "--no-stream", "--format", "{{.Name}} {{.PIDs}}", name]), new RegExp(`^${name} [1-9]`));
}

/** Six containers, started at the same time. Out: their names. */
export function together(t: Test, caller: ContainerCaller): string[] {
  const names = Array.from({ length: 6 }, (_, index) => `many-${index}`);
  const answer = caller.together(names.map((name) => ["run", "-d", "--name", name, NO_NETWORK, IMAGE, "sleep", "100"]));
  t.equal(answer.stdout.trim().split("\n").length, names.length, answer.stderr);
  return names;
}

/** No cgroup is left of a container that has been removed. */
export function traceless(t: Test, caller: ContainerCaller): void {
  caller.background("traceless");
  const directories = hostCgroup(Number(caller.inspect("traceless", "{{.State.Pid}}")));
  t.ok(Object.values(directories).every((directory) => existsSync(directory)));
  caller.remove("traceless");
  t.same(
    Object.values(directories).filter((directory) => existsSync(directory)),
    [],
  );
}
