// What people do with Docker, with the runtime under test as the daemon's default.

import { existsSync } from "node:fs";
import t from "tap";
import { until } from "../helpers/sandbox.js";
import { Docker, IMAGE, NO_NETWORK, OTHER } from "./helpers/docker.js";
import { looksContained } from "./helpers/inside.js";
import { hostCgroup } from "./helpers/limits.js";
import { place } from "./helpers/place.js";

const here = place(t);
const docker = await Docker.start(here);

t.test("run prints and gives the exit status", async (t) => {
  const answer = docker.run(["run", "--rm", IMAGE, "sh", "-c", "echo out; echo err >&2; exit 7"]);
  t.equal(answer.status, 7, answer.text);
  t.equal(answer.stdout, "out\n");
  t.match(answer.stderr, /err/);
});

t.test("looked at from inside", async (t) => {
  const report = looksContained(t, docker.ok(["run", "--name", "seen", NO_NETWORK, IMAGE, "/bin/probe"]));
  t.equal(report.hostname, docker.inspect("seen", "{{.Id}}").slice(0, 12));
  t.equal(report.cwd, "/");
  docker.remove("seen");
});

t.test("--add-runtime, --runtime: the daemon's default and another one", async (t) => {
  t.match(docker.ok(["info", "--format", "{{json .Runtimes}}"]), new RegExp(`"${OTHER}"`));
  t.equal(docker.ok(["info", "--format", "{{.DefaultRuntime}}"]), docker.runtime);
  docker.ok(["run", "--name", "chosen", "--runtime", OTHER, NO_NETWORK, IMAGE, "true"]);
  t.equal(docker.inspect("chosen", "{{.HostConfig.Runtime}}"), OTHER);
  docker.remove("chosen");
});

t.test("run -i: stdin goes in", async (t) => {
  t.equal(docker.ok(["run", "--rm", "-i", NO_NETWORK, IMAGE, "cat"], { input: "typed" }), "typed");
});

t.test("a program that is missing: 127; not executable: 126", async (t) => {
  const missing = docker.run(["run", "--rm", NO_NETWORK, IMAGE, "no-such-program"]);
  t.equal(missing.status, 127, missing.text);
  t.match(missing.stderr, /executable file .*not found/);
  t.equal(docker.run(["run", "--rm", NO_NETWORK, IMAGE, "/etc/passwd"]).status, 126);
  t.equal(docker.run(["run", "--rm", NO_NETWORK, IMAGE, "/no/such"]).status, 127);
});

t.test("run -d, ps, logs, stop, wait, rm", async (t) => {
  const script = "echo started; trap 'echo stopping; exit 3' TERM; while :; do sleep 0.1; done";
  docker.ok(["run", "-d", "--name", "detached", IMAGE, "sh", "-c", script]);
  await until("it has printed", () => docker.ok(["logs", "detached"]) === "started");
  t.match(docker.ok(["ps"]), /Up .*detached/);
  docker.ok(["stop", "--time", "10", "detached"]);
  t.equal(docker.ok(["wait", "detached"]), "3");
  t.equal(docker.ok(["logs", "detached"]), "started\nstopping");
  docker.ok(["rm", "detached"]);
});

t.test("start, restart, kill by name and number", async (t) => {
  docker.background("again");
  docker.ok(["kill", "--signal", "KILL", "again"]);
  t.equal(docker.ok(["wait", "again"]), "137");
  docker.ok(["start", "again"]);
  docker.ok(["restart", "--time", "5", "again"]);
  t.equal(docker.inspect("again", "{{.State.Status}}"), "running");
  docker.ok(["kill", "--signal", "15", "again"]);
  t.equal(docker.ok(["wait", "again"]), "3");
  t.not(docker.run(["kill", "again"]).status, 0);
  docker.remove("again");
});

t.test("stop of a program that ignores SIGTERM: it is killed in the end; logs --follow", async (t) => {
  const script = "trap '' TERM; echo deaf; while :; do sleep 0.1; done";
  docker.ok(["run", "-d", "--name", "deaf", NO_NETWORK, IMAGE, "sh", "-c", script]);
  docker.ok(["stop", "--time", "1", "deaf"]);
  t.equal(docker.ok(["wait", "deaf"]), "137");
  t.equal(docker.ok(["logs", "--follow", "deaf"]), "deaf");
  docker.ok(["rm", "deaf"]);
});

t.test("kill and rm race with the end", async (t) => {
  const ids = [1, 2, 3, 4].map((n) => `racer-${n}`);
  for (const [index, id] of ids.entries()) {
    docker.ok(["run", "-d", "--name", id, NO_NETWORK, IMAGE, "sleep", `0.${index + 1}`]);
    const killed = docker.run(["kill", id]);
    if (killed.status !== 0) t.match(killed.text, /is not running|No such container/);
    t.match(docker.ok(["wait", id]), /^(0|137)$/);
    docker.ok(["start", id]);
  }
  docker.together(
    ids.flatMap((id) => [
      ["kill", id],
      ["rm", "--force", id],
    ]),
  );
  t.equal(docker.ok(["ps", "--all", "--quiet", "--filter", "name=racer"]), "");
});

t.test("exec: output, status, user, directory, environment, stdin, detached, terminal", async (t) => {
  docker.background("busy");
  const exec = (...args: string[]) => docker.run(["exec", ...args]);
  const first = exec("busy", "echo", "in");
  t.equal(first.stdout, "in\n", first.stderr);
  t.equal(exec("busy", "sh", "-c", "exit 9").status, 9);
  t.equal(exec("--user", "1000", "busy", "id", "-u").stdout, "1000\n");
  t.equal(exec("--workdir", "/tmp", "busy", "pwd").stdout, "/tmp\n");
  t.equal(exec("--env", "A=b", "busy", "sh", "-c", "echo $A").stdout, "b\n");
  t.equal(docker.run(["exec", "-i", "busy", "cat"], { input: "typed" }).stdout, "typed");
  // 126 up to Docker 20, 127 later, with any runtime.
  const missing = exec("busy", "no-such-program");
  t.match(String(missing.status), /^12[67]$/);
  t.match(missing.text, /executable file .*not found/);
  t.equal(exec("busy", "/etc/passwd").status, 126);
  docker.ok(["exec", "--detach", "busy", "touch", "/tmp/mark"]);
  await until("the detached exec has run", () => exec("busy", "test", "-e", "/tmp/mark").status === 0);
  t.match(docker.terminal(["exec", "-t", "busy", "tty"]).stdout, /\/dev\/pts\/\d+/);
  docker.remove("busy");
});

t.test("run -it, attach", async (t) => {
  const typed = docker.terminal(
    ["run", "--rm", "-it", NO_NETWORK, IMAGE, "sh", "-c", "tty; read line; echo got-$line"],
    {
      input: "words\n",
    },
  );
  t.match(typed.stdout, /\/dev\/pts\/0/);
  t.match(typed.stdout, /got-words/);
  docker.ok(["run", "-d", "--name", "attached", NO_NETWORK, IMAGE, "sh", "-c", "sleep 2; echo late; exit 5"]);
  const attached = docker.run(["attach", "--no-stdin", "attached"]);
  t.equal(attached.stdout, "late\n");
  t.equal(attached.status, 5);
  docker.remove("attached");
});

t.test("pause, unpause", async (t) => {
  docker.background("paused");
  docker.ok(["pause", "paused"]);
  t.equal(docker.inspect("paused", "{{.State.Status}}"), "paused");
  t.not(docker.run(["exec", "paused", "true"]).status, 0);
  docker.ok(["unpause", "paused"]);
  t.equal(docker.inspect("paused", "{{.State.Status}}"), "running");
  docker.remove("paused");
});

t.test("top, stats", async (t) => {
  docker.background("watched");
  t.match(docker.ok(["top", "watched"]), /trap/);
  t.match(docker.ok(["stats", "--no-stream", "--format", "{{.Name}} {{.PIDs}}", "watched"]), /^watched [1-9]/);
  docker.remove("watched");
});

t.test("a health check", async (t) => {
  docker.background("healthy", "--health-cmd", "true", "--health-interval", "1s");
  await until("it is healthy", () => docker.inspect("healthy", "{{.State.Health.Status}}") === "healthy", 15_000);
  docker.remove("healthy");
  t.pass("it was healthy");
});

t.test("many at once", async (t) => {
  const names = Array.from({ length: 6 }, (_, index) => `many-${index}`);
  const answer = docker.together(names.map((name) => ["run", "-d", "--name", name, NO_NETWORK, IMAGE, "sleep", "100"]));
  t.equal(answer.stdout.trim().split("\n").length, names.length, answer.stderr);
  docker.ok(["rm", "--force", ...names]);
});

t.test("nothing of a removed container is left", async (t) => {
  docker.background("traceless");
  const directories = hostCgroup(Number(docker.inspect("traceless", "{{.State.Pid}}")));
  docker.remove("traceless");
  t.same(
    Object.values(directories).filter((directory) => existsSync(directory)),
    [],
  );
});
