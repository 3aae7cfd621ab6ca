// What people ask of a container with Docker's options, with the runtime under test below it.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Docker, IMAGE, NO_NETWORK } from "./helpers/docker.js";
import { hostCgroup, limit } from "./helpers/limits.js";
import { place } from "./helpers/place.js";

const here = place(t);
const docker = await Docker.start(here);

t.test("limits: memory, pids, cpus, cpuset; update", async (t) => {
  docker.background(
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
  docker.remove("limited");
});

t.test("more memory than allowed: killed, and Docker knows why", async (t) => {
  // containerd's shim watches for it once the container has been started.
  const script = "sleep 1; dd if=/dev/zero of=/dev/null bs=64M count=1; exit $?";
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
  docker.remove("greedy");
});

t.test("--read-only, --tmpfs, volumes", async (t) => {
  const folder = here.folder("volume");
  writeFileSync(join(folder, "from-host"), "data");
  t.match(docker.shell("touch /x 2>&1 || true", "--read-only"), /[Rr]ead-only/);
  t.equal(docker.shell("touch /tmp/x && echo fine", "--read-only", "--tmpfs", "/tmp"), "fine");
  t.equal(docker.shell("cat /v/from-host; echo back > /v/back", "-v", `${folder}:/v`), "data");
  t.equal(readFileSync(join(folder, "back"), "utf8"), "back\n");
  t.match(docker.shell("touch /v/x 2>&1 || true", "-v", `${folder}:/v:ro`), /[Rr]ead-only/);
  docker.ok(["volume", "create", "named"]);
  docker.shell("echo kept > /v/file", "-v", "named:/v");
  t.equal(docker.shell("cat /v/file", "-v", "named:/v"), "kept");
  docker.ok(["volume", "rm", "named"]);
});

t.test("--user, --hostname, --env, --workdir, --entrypoint, --ulimit, --sysctl, --shm-size, --init", async (t) => {
  t.match(docker.shell("id", "--user", "1000:1000", "--group-add", "7"), /uid=1000.* gid=1000.*groups=.*7/);
  t.equal(docker.shell("hostname", "--hostname", "named"), "named");
  t.equal(docker.shell("echo $A", "--env", "A=1"), "1");
  t.equal(docker.shell("pwd", "--workdir", "/made/anew"), "/made/anew");
  t.equal(docker.ok(["run", "--rm", "--entrypoint", "/bin/echo", NO_NETWORK, IMAGE, "x"]), "x");
  t.equal(docker.shell("ulimit -n", "--ulimit", "nofile=123:123"), "123");
  t.equal(docker.shell("cat /proc/sys/kernel/msgmax", "--sysctl", "kernel.msgmax=4096"), "4096");
  t.match(docker.shell("df -k /dev/shm", "--shm-size", "1m"), / 1024 /);
  t.match(docker.shell("cat /proc/1/cmdline", "--init"), /init/);
});

t.test("capabilities, seccomp, no-new-privileges, devices", async (t) => {
  const bounding = (...options: string[]) =>
    BigInt(`0x${docker.shell("grep CapBnd /proc/self/status", ...options).split(/\s+/)[1]}`);
  t.equal(bounding("--cap-drop", "ALL"), 0n);
  t.equal(bounding("--cap-drop", "ALL", "--cap-add", "NET_ADMIN"), 1n << 12n);
  t.equal(docker.shell("grep Seccomp: /proc/self/status").split(/\s+/)[1], "2");
  t.equal(docker.shell("grep Seccomp: /proc/self/status", "--security-opt", "seccomp=unconfined").split(/\s+/)[1], "0");
  const profile = here.file(
    "profile.json",
    JSON.stringify({
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO" }],
    }),
  );
  t.match(docker.shell("mkdir /tmp/x 2>&1 || true", "--security-opt", `seccomp=${profile}`), /not permitted/);
  t.match(docker.shell("grep NoNewPrivs /proc/self/status", "--security-opt", "no-new-privileges"), /1$/);
  t.equal(docker.shell("test -c /dev/other && echo there", "--device", "/dev/null:/dev/other"), "there");
});

t.test("--pid host, --pid container:, --ipc host, --uts host, --network container:", async (t) => {
  t.not(docker.shell("echo $$", "--pid", "host"), "1");
  t.equal(docker.shell("hostname", "--uts", "host"), readFileSync("/proc/sys/kernel/hostname", "utf8").trim());
  docker.background("first");
  t.match(docker.shell("cat /proc/1/cmdline", "--pid", "container:first"), /trap/);
  t.equal(
    docker.ok(["run", "--rm", "--network", "container:first", IMAGE, "readlink", "/proc/self/ns/net"]),
    docker.ok(["exec", "first", "readlink", "/proc/self/ns/net"]),
  );
  docker.remove("first");
});
