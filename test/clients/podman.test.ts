// What people do with Podman, with the runtime under test below it.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { until } from "../helpers/sandbox.js";
import * as life from "./helpers/life.js";
import { place } from "./helpers/place.js";
import { IMAGE, NO_NETWORK, Podman } from "./helpers/podman.js";

const here = place(t);
const podman = new Podman(here);

t.test("run prints and gives the exit status", async (t) => life.runsAndExits(t, podman));

t.test("looked at from inside", async (t) => life.fromInside(t, podman));

t.test("run -i: stdin goes in", async (t) => life.stdin(t, podman));

t.test("a program that is missing: 127", async (t) => life.missing(t, podman));

t.test("a program that is not executable: 126", async (t) => {
  life.notExecutable(t, podman);
  t.equal(podman.run(["run", "--rm", NO_NETWORK, IMAGE, "/etc"]).status, 126);
});

t.test("a working directory that is a file is refused", async (t) => {
  const answer = podman.run(["run", "--rm", NO_NETWORK, "--workdir", "/etc/passwd", IMAGE, "true"]);
  t.not(answer.status, 0);
});

t.test("run -d, ps, logs, stop, wait, rm", async (t) => {
  await life.detached(t, podman);
  podman.ok(["rm", "detached"]);
  t.notMatch(podman.ok(["ps", "--all"]), /detached/);
});

t.test("create, start --attach", async (t) => {
  podman.ok(["create", "--name", "two-steps", NO_NETWORK, IMAGE, "echo", "hello"]);
  t.equal(podman.ok(["start", "--attach", "two-steps"]), "hello");
  podman.ok(["rm", "two-steps"]);
});

t.test("kill with signals by name and number", async (t) => life.killed(t, podman));

t.test("stop of a program that ignores SIGTERM: it is killed in the end", (t) => life.deaf(t, podman));

t.test("kill and rm race with the end", async (t) => {
  const ended = /is not running|no such process|state improper/;
  life.races(t, podman, { ended, rm: ["rm", "--force", "--time", "0"] });
});

t.test("restart", async (t) => {
  podman.background("restarted");
  life.restarted(t, podman, "restarted");
  podman.remove("restarted");
});

t.test("exec: output, status, user, directory, environment, stdin, detached", async (t) => {
  await life.execs(t, podman, /^127$/);
  podman.remove("busy");
  t.not(podman.run(["exec", "busy", "true"]).status, 0);
});

t.test("run -t: a real terminal", async (t) => {
  const script = "sleep 0.3; tty; test -t 0 && test -t 1 && echo terminal; exit 4";
  const { stdout, status } = podman.terminal(["run", "--rm", "-t", NO_NETWORK, IMAGE, "sh", "-c", script]);
  t.match(stdout, /\/dev\/pts\/0/);
  t.match(stdout, /terminal/);
  t.equal(status, 4);
});

t.test("run -it: what is typed comes in", async (t) => life.terminal(t, podman));

t.test("pause, unpause; stop and kill of a paused one", async (t) => life.paused(t, podman));

t.test("top and stats", async (t) => {
  podman.background("watched");
  t.match(podman.ok(["top", "watched", "pid", "args"]), /1\s+sh -c/);
  life.stats(t, podman, "watched");
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
  const names = life.together(t, podman);
  t.equal(podman.ok(["ps", "--quiet"]).split("\n").length, names.length);
  podman.remove(...names);
});

t.test("nothing of a removed container is left", async (t) => life.traceless(t, podman));
