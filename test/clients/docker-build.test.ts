// Images, networks and services of Docker, with the runtime under test below them.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { until } from "../helpers/sandbox.js";
import { Docker, IMAGE, NO_NETWORK } from "./helpers/docker.js";
import { hostCgroup, limit } from "./helpers/limits.js";
import { place } from "./helpers/place.js";

const here = place(t);
const docker = await Docker.start(here);

t.test("a network of one's own: containers reach each other", async (t) => {
  docker.ok(["network", "create", "own"]);
  docker.background("server", "--network", "own");
  const address = docker.inspect("server", '{{(index .NetworkSettings.Networks "own").IPAddress}}');
  t.equal(
    docker.run(["run", "--rm", "--network", "own", IMAGE, "/bin/busybox", "ping", "-c", "1", "-W", "5", address])
      .status,
    0,
  );
  docker.remove("server");
  docker.ok(["network", "rm", "own"]);
});

t.test("build of a Dockerfile with RUN, history, diff, commit, cp, export", async (t) => {
  const folder = here.folder("build");
  writeFileSync(
    join(folder, "Dockerfile"),
    `FROM ${IMAGE}\nENV A=b\nRUN echo built-$A > /made\nUSER 1000\nCMD ["cat", "/made"]\n`,
  );
  docker.ok(["build", "--tag", "built", folder], { env: { DOCKER_BUILDKIT: "0" } });
  t.equal(docker.ok(["run", "--rm", NO_NETWORK, "built"]), "built-b");
  t.match(docker.ok(["history", "built"]), /RUN|echo built/);
  docker.background("source");
  docker.ok(["exec", "source", "sh", "-c", "echo new > /new; rm /etc/group"]);
  t.match(docker.ok(["diff", "source"]), /^A \/new$/m);
  t.match(docker.ok(["diff", "source"]), /^D \/etc\/group$/m);
  docker.ok(["cp", "source:/new", join(here.dir, "copied")]);
  t.equal(readFileSync(join(here.dir, "copied"), "utf8"), "new\n");
  docker.ok(["commit", "source", "committed"]);
  t.equal(docker.ok(["run", "--rm", NO_NETWORK, "committed", "cat", "/new"]), "new");
  docker.remove("source");
});

t.test("build with BuildKit", async (t) => {
  const folder = here.folder("buildkit");
  const file = `FROM ${IMAGE}\nRUN echo one > /one\nRUN cat /one > /two\nCMD ["cat", "/two"]\n`;
  writeFileSync(join(folder, "Dockerfile"), file);
  docker.ok(["build", "--tag", "kit", folder], { env: { DOCKER_BUILDKIT: "1" } });
  t.equal(docker.ok(["run", "--rm", NO_NETWORK, "kit"]), "one");
  t.match(here.log("runc-calls"), /^--log .* run --bundle /m, "its containers are of the runtime under test");
  writeFileSync(join(folder, "Dockerfile"), `FROM ${IMAGE}\nRUN exit 7\n`);
  const failed = docker.run(["build", folder], { env: { DOCKER_BUILDKIT: "1" } });
  t.equal(failed.status, 1);
  t.match(failed.text, /exit code: 7/);
});

t.test("swarm: a service with replicas is scaled and removed", async (t) => {
  docker.ok(["swarm", "init", "--advertise-addr", "127.0.0.1"]);
  docker.ok([
    ...["service", "create", "--detach", "--name", "web", "--replicas", "2", "--endpoint-mode", "dnsrr"],
    ...["--no-resolve-image", IMAGE, "sleep", "1000"],
  ]);
  const running = () => docker.ok(["ps", "--quiet", "--filter", "name=web"]).split("\n").filter(Boolean).length;
  await until("two replicas run", () => running() === 2, 30_000);
  docker.ok(["service", "scale", "--detach", "web=3"]);
  await until("three replicas run", () => running() === 3, 30_000);
  docker.ok(["service", "rm", "web"]);
  await until("none is left", () => running() === 0, 30_000);
  t.pass("it was scaled");
});

t.test("swarm: a stack with replicas, a network, a configuration and a secret", async (t) => {
  const stack = `version: "3.7"
services:
  front:
    image: ${IMAGE}
    command: ["sh", "-c", "cat /run/secrets/key /settings; echo; exec sleep 1000"]
    networks: [inner]
    secrets: [key]
    configs: [{ source: settings, target: /settings }]
    deploy: { replicas: 2, endpoint_mode: dnsrr, resources: { limits: { memory: 64M } } }
networks: { inner: {} }
secrets: { key: { file: ./key } }
configs: { settings: { file: ./settings } }
`;
  here.file("key", "hush ");
  here.file("settings", "loud");
  docker.ok(["stack", "deploy", "--resolve-image", "never", "--compose-file", here.file("stack.yml", stack), "all"]);
  const tasks = () => docker.ok(["ps", "--quiet", "--filter", "name=all_front"]).split("\n").filter(Boolean);
  await until("two replicas run", () => tasks().length === 2, 30_000);
  const [one] = tasks() as [string];
  await until("it has its files", () => docker.ok(["logs", one]) === "hush loud", 10_000);
  t.equal(limit(hostCgroup(Number(docker.inspect(one, "{{.State.Pid}}"))), "memory"), "67108864");
  docker.ok(["stack", "rm", "all"]);
  await until("none is left", () => tasks().length === 0, 30_000);
  docker.ok(["swarm", "leave", "--force"]);
});
