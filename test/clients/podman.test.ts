// What people do with Podman, with the runtime under test below it.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { until } from "../helpers/sandbox.js";
import { hostCgroup } from "./helpers/limits.js";
import { looksContained } from "./helpers/inside.js";
import { place } from "./helpers/place.js";
import { IMAGE, NO_NETWORK, Podman } from "./helpers/podman.js";

const here = place(t);
const podman = new Podman(here);

t.test("run prints and gives the exit status", async (t) => {
  const answer = podman.run([
    "run",
    "--rm",
    NO_NETWORK,
    IMAGE,
    "sh",
    "-c",
    "sleep 0.3; echo out; echo err >&2; exit 7",
  ]);
  t.equal(answer.status, 7);
  t.equal(answer.stdout, "out\n");
  t.match(answer.stderr, /err/);
});

t.test("looked at from inside", async (t) => {
  podman.ok(["run", "--name", "seen", NO_NETWORK, IMAGE, "/bin/probe"]);
  const report = looksContained(t, podman.ok(["logs", "seen"]));
  t.equal(report.hostname, podman.inspect("seen", "{{.Id}}").slice(0, 12));
  t.equal(report.cwd, "/");
  podman.remove("seen");
});

t.test("run -i: stdin goes in", async (t) => {
  t.equal(podman.ok(["run", "--rm", "-i", NO_NETWORK, IMAGE, "cat"], { input: "typed" }), "typed");
});

t.test("a program that is missing: 127", async (t) => {
  const answer = podman.run(["run", "--rm", NO_NETWORK, IMAGE, "no-such-program"]);
  t.equal(answer.status, 127, answer.text);
  t.match(answer.stderr, /executable file .*not found/);
});

t.test("a program that is not executable: 126", async (t) => {
  t.equal(podman.run(["run", "--rm", NO_NETWORK, IMAGE, "/etc/passwd"]).status, 126);
  t.equal(podman.run(["run", "--rm", NO_NETWORK, IMAGE, "/etc"]).status, 126);
});

t.test("a working directory that is a file is refused", async (t) => {
  const answer = podman.run(["run", "--rm", NO_NETWORK, "--workdir", "/etc/passwd", IMAGE, "true"]);
  t.not(answer.status, 0);
});

t.test("run -d, ps, logs, stop, wait, rm", async (t) => {
  const name = "detached";
  podman.ok([
    "run",
    "-d",
    "--name",
    name,
    NO_NETWORK,
    IMAGE,
    "sh",
    "-c",
    "echo started; trap 'echo stopping; exit 3' TERM; while :; do sleep 0.1; done",
  ]);
  await until("it has printed", () => podman.ok(["logs", name]) === "started");
  t.match(podman.ok(["ps"]), /Up .*detached/);
  podman.ok(["stop", "--time", "10", name]);
  t.equal(podman.ok(["wait", name]), "3", "it ended by SIGTERM, in its own way");
  t.equal(podman.ok(["logs", name]), "started\nstopping");
  podman.ok(["rm", name]);
  t.notMatch(podman.ok(["ps", "--all"]), /detached/);
});

t.test("create, start --attach", async (t) => {
  podman.ok(["create", "--name", "two-steps", NO_NETWORK, IMAGE, "echo", "hello"]);
  t.equal(podman.ok(["start", "--attach", "two-steps"]), "hello");
  podman.ok(["rm", "two-steps"]);
});

t.test("kill with signals by name and number", async (t) => {
  podman.background("killed");
  podman.ok(["kill", "--signal", "KILL", "killed"]);
  t.equal(podman.ok(["wait", "killed"]), "137");
  podman.ok(["start", "killed"]);
  podman.ok(["kill", "--signal", "15", "killed"]);
  t.equal(podman.ok(["wait", "killed"]), "3");
  t.not(podman.run(["kill", "killed"]).status, 0, "there is nothing to kill any more");
  podman.remove("killed");
});

t.test("stop of a program that ignores SIGTERM: it is killed in the end", async (t) => {
  podman.ok([
    "run",
    "-d",
    "--name",
    "deaf",
    NO_NETWORK,
    IMAGE,
    "sh",
    "-c",
    "trap '' TERM; while :; do sleep 0.1; done",
  ]);
  podman.ok(["stop", "--time", "1", "deaf"]);
  t.equal(podman.ok(["wait", "deaf"]), "137");
  podman.ok(["rm", "deaf"]);
});

t.test("kill and rm race with the end", async (t) => {
  const ids = [1, 2, 3, 4].map((n) => `racer-${n}`);
  for (const [index, id] of ids.entries()) {
    podman.ok(["run", "-d", "--name", id, NO_NETWORK, IMAGE, "sleep", `0.${index + 1}`]);
    const killed = podman.run(["kill", id]);
    if (killed.status !== 0) t.match(killed.text, /is not running|no such process|state improper/);
    t.match(podman.ok(["wait", id]), /^(0|137)$/);
  }
  podman.together(
    ids.flatMap((id) => [
      ["rm", "--force", "--time", "0", id],
      ["kill", id],
    ]),
  );
  t.equal(podman.ok(["ps", "--all", "--quiet", "--filter", "name=racer"]), "");
});

t.test("restart", async (t) => {
  podman.background("restarted");
  const pid = podman.inspect("restarted", "{{.State.Pid}}");
  podman.ok(["restart", "--time", "5", "restarted"]);
  t.not(podman.inspect("restarted", "{{.State.Pid}}"), pid);
  t.equal(podman.inspect("restarted", "{{.State.Status}}"), "running");
  podman.remove("restarted");
});

t.test("exec: output, status, user, directory, environment, stdin, detached", async (t) => {
  podman.background("busy");
  const exec = (...args: string[]) => podman.run(["exec", ...args]);
  t.equal(exec("busy", "echo", "in").stdout, "in\n");
  t.equal(exec("busy", "sh", "-c", "exit 9").status, 9);
  t.equal(exec("--user", "1000", "busy", "id", "-u").stdout, "1000\n");
  t.equal(exec("--workdir", "/tmp", "busy", "pwd").stdout, "/tmp\n");
  t.equal(exec("--env", "A=b", "busy", "sh", "-c", "echo $A").stdout, "b\n");
  t.equal(podman.run(["exec", "-i", "busy", "cat"], { input: "typed" }).stdout, "typed");
  t.equal(exec("busy", "no-such-program").status, 127);
  t.equal(exec("busy", "/etc/passwd").status, 126);
  podman.ok(["exec", "--detach", "busy", "touch", "/tmp/mark"]);
  await until("the detached exec has run", () => exec("busy", "test", "-e", "/tmp/mark").status === 0);
  t.match(podman.terminal(["exec", "-t", "busy", "tty"]).stdout, /\/dev\/pts\/\d+/);
  podman.remove("busy");
  t.not(exec("busy", "true").status, 0);
});

t.test("run -t: a real terminal", async (t) => {
  const { stdout, status } = podman.terminal([
    "run",
    "--rm",
    "-t",
    NO_NETWORK,
    IMAGE,
    "sh",
    "-c",
    "sleep 0.3; tty; test -t 0 && test -t 1 && echo terminal; exit 4",
  ]);
  t.match(stdout, /\/dev\/pts\/0/);
  t.match(stdout, /terminal/);
  t.equal(status, 4);
});

t.test("run -it: what is typed comes in", async (t) => {
  const { stdout } = podman.terminal(
    ["run", "--rm", "-it", NO_NETWORK, IMAGE, "sh", "-c", "read line; echo got-$line"],
    { input: "words\n" },
  );
  t.match(stdout, /got-words/);
});

t.test("pause, unpause; stop and kill of a paused one", async (t) => {
  podman.background("paused");
  podman.ok(["pause", "paused"]);
  t.equal(podman.inspect("paused", "{{.State.Status}}"), "paused");
  t.not(podman.run(["exec", "paused", "true"]).status, 0);
  podman.ok(["unpause", "paused"]);
  t.equal(podman.inspect("paused", "{{.State.Status}}"), "running");
  podman.remove("paused");
});

t.test("top and stats", async (t) => {
  podman.background("watched");
  t.match(podman.ok(["top", "watched", "pid", "args"]), /1\s+sh -c/);
  t.match(
    podman.ok(["stats", "--no-stream", "--format", "{{.Name}} {{.PIDs}} {{.MemUsage}}", "watched"]),
    /^watched [1-9]/,
  );
  podman.remove("watched");
});

t.test("a health check runs by exec", async (t) => {
  podman.background("healthy", "--health-cmd", "test -e /tmp/ok", "--health-interval", "disable");
  t.equal(podman.run(["healthcheck", "run", "healthy"]).status, 1);
  podman.ok(["exec", "healthy", "touch", "/tmp/ok"]);
  t.equal(podman.run(["healthcheck", "run", "healthy"]).status, 0);
  podman.remove("healthy");
});

t.test("pods share namespaces", async (t) => {
  const infra = ["--infra-image", IMAGE, "--infra-command", "/bin/sleep 1000"];
  podman.ok(["pod", "create", "--name", "group", ...infra, "--network", "none", "--hostname", "grouped"]);
  podman.ok(["run", "-d", "--pod", "group", "--name", "member", IMAGE, "sleep", "1000"]);
  t.equal(podman.ok(["run", "--rm", "--pod", "group", IMAGE, "hostname"]), "grouped");
  t.equal(
    podman.ok(["run", "--rm", "--pod", "group", IMAGE, "readlink", "/proc/self/ns/net"]),
    podman.ok(["exec", "member", "readlink", "/proc/self/ns/net"]),
  );
  podman.ok(["pod", "stop", "--time", "0", "group"]);
  podman.ok(["pod", "rm", "--force", "group"]);
});

t.test("cp, diff, commit, export", async (t) => {
  podman.background("source");
  podman.ok(["exec", "source", "sh", "-c", "echo new > /made; rm /etc/group"]);
  podman.ok(["cp", "source:/made", join(here.dir, "copied")]);
  t.equal(readFileSync(join(here.dir, "copied"), "utf8"), "new\n");
  const diff = podman.ok(["diff", "source"]);
  t.match(diff, /^A \/made$/m);
  t.match(diff, /^D \/etc\/group$/m);
  podman.ok(["commit", "--quiet", "source", "committed"]);
  t.equal(podman.ok(["run", "--rm", NO_NETWORK, "committed", "cat", "/made"]), "new");
  podman.remove("source");
  podman.ok(["rmi", "--force", "committed"]);
});

t.test("a bridge network: containers reach each other, a published port is reached", async (t) => {
  podman.ok(["network", "create", "--disable-dns", "own"]);
  const serve = "while :; do echo served | nc -l -p 80; done";
  podman.ok([
    "run",
    "-d",
    "--name",
    "server",
    "--network",
    "own",
    "-p",
    "8080:80",
    IMAGE,
    "/bin/busybox",
    "sh",
    "-c",
    serve,
  ]);
  const address = podman.inspect("server", "{{.NetworkSettings.Networks.own.IPAddress}}");
  const ping = ["/bin/busybox", "ping", "-c", "1", "-W", "5", address];
  t.equal(podman.run(["run", "--rm", "--network", "own", IMAGE, ...ping]).status, 0);
  const fetched = () => here.run(["timeout", "2", "busybox", "nc", "127.0.0.1", "8080"]).stdout === "served\n";
  await until("the published port answers", fetched, 15_000);
  podman.remove("server");
  podman.ok(["network", "rm", "own"]);
});

t.test("kube play", async (t) => {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "played" },
    spec: {
      hostNetwork: true,
      containers: [
        { name: "main", image: `localhost/${IMAGE}`, command: ["/bin/sh", "-c", "echo from-kube; /bin/sleep 1000"] },
      ],
    },
  };
  const file = here.file("pod.yaml", JSON.stringify(pod));
  // The infra container of a pod has an image that Podman builds from its own pause program.
  const answer = podman.run(["play", "kube", file]);
  t.equal(answer.status, 0, answer.text);
  await until("it has printed", () => podman.run(["logs", "played-main"]).stdout === "from-kube\n");
  podman.ok(["play", "kube", "--down", file]);
});

t.test("many at once", async (t) => {
  const names = Array.from({ length: 6 }, (_, index) => `many-${index}`);
  const answer = podman.together(names.map((name) => ["run", "-d", "--name", name, NO_NETWORK, IMAGE, "sleep", "100"]));
  t.equal(answer.stdout.trim().split("\n").length, names.length, answer.stderr);
  t.equal(podman.ok(["ps", "--quiet"]).split("\n").length, names.length);
  podman.ok(["rm", "--force", "--time", "0", ...names]);
});

t.test("nothing of a removed container is left", async (t) => {
  podman.background("traceless");
  const directories = hostCgroup(Number(podman.inspect("traceless", "{{.State.Pid}}")));
  t.ok(Object.values(directories).every((directory) => existsSync(directory)));
  podman.remove("traceless");
  t.same(
    Object.values(directories).filter((directory) => existsSync(directory)),
    [],
  );
});
