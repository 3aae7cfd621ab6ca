// What people do with Docker, with the runtime under test as the daemon's default.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { until } from "../helpers/sandbox.js";
import { Docker, IMAGE } from "./helpers/docker.js";
import { hostCgroup, limit } from "./helpers/limits.js";
import { place } from "./helpers/place.js";

const here = place(t);
const docker = await Docker.start(here);
const NO_NETWORK = "--network=none";

function background(name: string, ...options: string[]): string {
  const script = "trap 'exit 3' TERM; while :; do sleep 0.1; done";
  docker.ok(["run", "-d", "--name", name, ...options, IMAGE, "sh", "-c", script]);
  return name;
}

const remove = (name: string) => docker.ok(["rm", "--force", name]);
const shell = (script: string, ...options: string[]) =>
  docker.ok(["run", "--rm", NO_NETWORK, ...options, IMAGE, "sh", "-c", script]);

t.test("run prints and gives the exit status", async (t) => {
  const answer = docker.run(["run", "--rm", IMAGE, "sh", "-c", "echo out; echo err >&2; exit 7"]);
  t.equal(answer.status, 7, answer.text);
  t.equal(answer.stdout, "out\n");
  t.match(answer.stderr, /err/);
});

t.test("run -i: stdin goes in", async (t) => {
  t.equal(docker.ok(["run", "--rm", "-i", NO_NETWORK, IMAGE, "cat"], { input: "typed" }), "typed");
});

t.test("a program that is missing: 127; not executable: 126", async (t) => {
  const missing = docker.run(["run", "--rm", NO_NETWORK, IMAGE, "no-such-program"]);
  t.equal(missing.status, 127, missing.text);
  t.match(missing.stderr, /executable file not found/);
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
  background("again");
  docker.ok(["kill", "--signal", "KILL", "again"]);
  t.equal(docker.ok(["wait", "again"]), "137");
  docker.ok(["start", "again"]);
  docker.ok(["restart", "--time", "5", "again"]);
  t.equal(docker.inspect("again", "{{.State.Status}}"), "running");
  docker.ok(["kill", "--signal", "15", "again"]);
  t.equal(docker.ok(["wait", "again"]), "3");
  t.not(docker.run(["kill", "again"]).status, 0);
  remove("again");
});

t.test("exec: output, status, user, directory, environment, stdin, detached, terminal", async (t) => {
  background("busy");
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
  t.match(missing.text, /executable file not found/);
  t.equal(exec("busy", "/etc/passwd").status, 126);
  docker.ok(["exec", "--detach", "busy", "touch", "/tmp/mark"]);
  await until("the detached exec has run", () => exec("busy", "test", "-e", "/tmp/mark").status === 0);
  t.match(docker.terminal(["exec", "-t", "busy", "tty"]).stdout, /\/dev\/pts\/\d+/);
  remove("busy");
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
  remove("attached");
});

t.test("limits: memory, pids, cpus, cpuset; update", async (t) => {
  background(
    "limited",
    "--memory",
    "64m",
    "--memory-swap",
    "64m",
    "--pids-limit",
    "33",
    "--cpus",
    "0.5",
    "--cpuset-cpus",
    "0",
  );
  const directories = hostCgroup(Number(docker.inspect("limited", "{{.State.Pid}}")));
  t.equal(limit(directories, "memory"), "67108864");
  t.equal(limit(directories, "pids"), "33");
  t.equal(limit(directories, "cpu"), "50000 100000");
  t.equal(limit(directories, "cpuset"), "0");
  docker.ok(["update", "--memory", "32m", "--memory-swap", "32m", "--cpus", "0.2", "--pids-limit", "44", "limited"]);
  t.equal(limit(directories, "memory"), "33554432");
  t.equal(limit(directories, "pids"), "44");
  t.equal(limit(directories, "cpu"), "20000 100000");
  remove("limited");
});

t.test("more memory than allowed: killed, and Docker knows why", async (t) => {
  const script = "dd if=/dev/zero of=/dev/null bs=64M count=1; exit $?";
  docker.run([
    "run",
    "--name",
    "greedy",
    NO_NETWORK,
    "--memory",
    "16m",
    "--memory-swap",
    "16m",
    IMAGE,
    "sh",
    "-c",
    script,
  ]);
  t.equal(docker.inspect("greedy", "{{.State.ExitCode}}"), "137");
  t.equal(docker.inspect("greedy", "{{.State.OOMKilled}}"), "true");
  remove("greedy");
});

t.test("pause, unpause", async (t) => {
  background("paused");
  docker.ok(["pause", "paused"]);
  t.equal(docker.inspect("paused", "{{.State.Status}}"), "paused");
  t.not(docker.run(["exec", "paused", "true"]).status, 0);
  docker.ok(["unpause", "paused"]);
  t.equal(docker.inspect("paused", "{{.State.Status}}"), "running");
  remove("paused");
});

t.test("--read-only, --tmpfs, volumes", async (t) => {
  const folder = here.folder("volume");
  writeFileSync(join(folder, "from-host"), "data");
  t.match(shell("touch /x 2>&1 || true", "--read-only"), /[Rr]ead-only/);
  t.equal(shell("touch /tmp/x && echo fine", "--read-only", "--tmpfs", "/tmp"), "fine");
  t.equal(shell("cat /v/from-host; echo back > /v/back", "-v", `${folder}:/v`), "data");
  t.equal(readFileSync(join(folder, "back"), "utf8"), "back\n");
  t.match(shell("touch /v/x 2>&1 || true", "-v", `${folder}:/v:ro`), /[Rr]ead-only/);
  docker.ok(["volume", "create", "named"]);
  shell("echo kept > /v/file", "-v", "named:/v");
  t.equal(shell("cat /v/file", "-v", "named:/v"), "kept");
  docker.ok(["volume", "rm", "named"]);
});

t.test("--user, --hostname, --env, --workdir, --entrypoint, --ulimit, --sysctl, --shm-size, --init", async (t) => {
  t.match(shell("id", "--user", "1000:1000", "--group-add", "7"), /uid=1000.* gid=1000.*groups=.*7/);
  t.equal(shell("hostname", "--hostname", "named"), "named");
  t.equal(shell("echo $A", "--env", "A=1"), "1");
  t.equal(shell("pwd", "--workdir", "/made/anew"), "/made/anew");
  t.equal(docker.ok(["run", "--rm", "--entrypoint", "/bin/echo", NO_NETWORK, IMAGE, "x"]), "x");
  t.equal(shell("ulimit -n", "--ulimit", "nofile=123:123"), "123");
  t.equal(shell("cat /proc/sys/kernel/msgmax", "--sysctl", "kernel.msgmax=4096"), "4096");
  t.match(shell("df -k /dev/shm", "--shm-size", "1m"), / 1024 /);
  t.match(shell("cat /proc/1/cmdline", "--init"), /init/);
});

t.test("capabilities, seccomp, no-new-privileges, devices", async (t) => {
  const bounding = (...options: string[]) =>
    BigInt(`0x${shell("grep CapBnd /proc/self/status", ...options).split(/\s+/)[1]}`);
  t.equal(bounding("--cap-drop", "ALL"), 0n);
  t.equal(bounding("--cap-drop", "ALL", "--cap-add", "NET_ADMIN"), 1n << 12n);
  t.equal(shell("grep Seccomp: /proc/self/status").split(/\s+/)[1], "2");
  t.equal(shell("grep Seccomp: /proc/self/status", "--security-opt", "seccomp=unconfined").split(/\s+/)[1], "0");
  const profile = here.file(
    "profile.json",
    JSON.stringify({
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO" }],
    }),
  );
  t.match(shell("mkdir /tmp/x 2>&1 || true", "--security-opt", `seccomp=${profile}`), /not permitted/);
  t.match(shell("grep NoNewPrivs /proc/self/status", "--security-opt", "no-new-privileges"), /1$/);
  t.equal(shell("test -c /dev/other && echo there", "--device", "/dev/null:/dev/other"), "there");
});

t.test("--pid host, --pid container:, --ipc host, --uts host, --network container:", async (t) => {
  t.not(shell("echo $$", "--pid", "host"), "1");
  t.equal(shell("hostname", "--uts", "host"), readFileSync("/proc/sys/kernel/hostname", "utf8").trim());
  background("first");
  t.match(shell("cat /proc/1/cmdline", "--pid", "container:first"), /trap/);
  t.equal(
    docker.ok(["run", "--rm", "--network", "container:first", IMAGE, "readlink", "/proc/self/ns/net"]),
    docker.ok(["exec", "first", "readlink", "/proc/self/ns/net"]),
  );
  remove("first");
});

t.test("a network of one's own: containers reach each other", async (t) => {
  docker.ok(["network", "create", "own"]);
  background("server", "--network", "own");
  const address = docker.inspect("server", '{{(index .NetworkSettings.Networks "own").IPAddress}}');
  t.equal(
    docker.run(["run", "--rm", "--network", "own", IMAGE, "/bin/busybox", "ping", "-c", "1", "-W", "5", address])
      .status,
    0,
  );
  remove("server");
  docker.ok(["network", "rm", "own"]);
});

t.test("top, stats", async (t) => {
  background("watched");
  t.match(docker.ok(["top", "watched"]), /trap/);
  t.match(docker.ok(["stats", "--no-stream", "--format", "{{.Name}} {{.PIDs}}", "watched"]), /^watched [1-9]/);
  remove("watched");
});

t.test("a health check", async (t) => {
  background("healthy", "--health-cmd", "true", "--health-interval", "1s");
  await until("it is healthy", () => docker.inspect("healthy", "{{.State.Health.Status}}") === "healthy", 15_000);
  remove("healthy");
  t.pass("it was healthy");
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
  background("source");
  docker.ok(["exec", "source", "sh", "-c", "echo new > /new; rm /etc/group"]);
  t.match(docker.ok(["diff", "source"]), /^A \/new$/m);
  t.match(docker.ok(["diff", "source"]), /^D \/etc\/group$/m);
  docker.ok(["cp", "source:/new", join(here.dir, "copied")]);
  t.equal(readFileSync(join(here.dir, "copied"), "utf8"), "new\n");
  docker.ok(["commit", "source", "committed"]);
  t.equal(docker.ok(["run", "--rm", NO_NETWORK, "committed", "cat", "/new"]), "new");
  remove("source");
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
  docker.ok(["swarm", "leave", "--force"]);
  t.pass("it was scaled");
});

t.test("many at once", async (t) => {
  const names = Array.from({ length: 6 }, (_, index) => `many-${index}`);
  const command = names
    .map((name) => `${docker.words(["run", "-d", "--name", name, NO_NETWORK, IMAGE, "sleep", "100"]).join(" ")} &`)
    .join(" ");
  const answer = here.run(["sh", "-c", `${command} wait`]);
  t.equal(answer.stdout.trim().split("\n").length, names.length, answer.stderr);
  docker.ok(["rm", "--force", ...names]);
});

t.test("nothing of a removed container is left", async (t) => {
  background("traceless");
  const directories = hostCgroup(Number(docker.inspect("traceless", "{{.State.Pid}}")));
  remove("traceless");
  t.same(
    Object.values(directories).filter((directory) => existsSync(directory)),
    [],
  );
});
