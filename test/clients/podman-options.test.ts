// What people ask of a container with Podman's options, with the runtime under test below it.

import { readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { hostCgroup, limit } from "./helpers/limits.js";
import { place, runtimeName } from "./helpers/place.js";
import { IMAGE, NO_NETWORK, Podman } from "./helpers/podman.js";

const here = place(t);
const podman = new Podman(here);

t.test("limits: memory, pids, cpus, shares, cpuset", async (t) => {
  const options = [
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
  ];
  podman.background("limited", ...options);
  const directories = hostCgroup(Number(podman.inspect("limited", "{{.State.Pid}}")));
  t.equal(limit(directories, "memory"), "67108864");
  t.equal(limit(directories, "pids"), "33");
  t.equal(limit(directories, "cpu"), "50000 100000");
  t.equal(limit(directories, "cpuset"), "0");
  podman.ok(["update", "--cpus", "0.2", "limited"]);
  t.equal(limit(directories, "cpu"), "20000 100000");
  podman.remove("limited");
});

t.test("more memory than allowed: the container dies by SIGKILL", async (t) => {
  const answer = podman.run([
    "run",
    "--rm",
    NO_NETWORK,
    "--memory",
    "16m",
    "--memory-swap",
    "16m",
    IMAGE,
    "sh",
    "-c",
    "dd if=/dev/zero of=/dev/null bs=64M count=1; echo alive-$?",
  ]);
  t.notMatch(answer.stdout, /alive-0/, "dd did not get its 64 MiB");
});

t.test("--read-only, --tmpfs, volumes", async (t) => {
  const folder = here.folder("volume");
  writeFileSync(join(folder, "from-host"), "data");
  t.match(podman.shell("touch /x 2>&1 || true", "--read-only"), /[Rr]ead-only/);
  t.equal(podman.shell("touch /tmp/x && echo fine", "--read-only", "--tmpfs", "/tmp"), "fine");
  t.equal(podman.shell("cat /v/from-host; echo back > /v/from-container", "-v", `${folder}:/v`), "data");
  t.equal(readFileSync(join(folder, "from-container"), "utf8"), "back\n");
  t.match(podman.shell("touch /v/x 2>&1 || true", "-v", `${folder}:/v:ro`), /[Rr]ead-only/);
  podman.ok(["volume", "create", "named"]);
  podman.shell("echo kept > /v/file", "-v", "named:/v");
  t.equal(podman.shell("cat /v/file", "-v", "named:/v"), "kept");
  podman.ok(["volume", "rm", "named"]);
});

t.test("--user, --group-add, --hostname, --env, --workdir, --entrypoint, --ulimit, --sysctl, --shm-size", async (t) => {
  t.match(podman.shell("id", "--user", "1000:1000", "--group-add", "7"), /uid=1000.* gid=1000.*groups=.*7/);
  t.equal(podman.shell("hostname", "--hostname", "named"), "named");
  t.equal(podman.shell("echo $A$B", "--env", "A=1", "--env", "B=2"), "12");
  t.equal(podman.shell("pwd", "--workdir", "/tmp"), "/tmp");
  t.equal(podman.ok(["run", "--rm", NO_NETWORK, "--entrypoint", "/bin/echo", IMAGE, "x"]), "x");
  t.equal(podman.shell("ulimit -n", "--ulimit", "nofile=123:123", "--ulimit", "nproc=30000:30000"), "123");
  t.equal(podman.shell("cat /proc/sys/kernel/msgmax", "--sysctl", "kernel.msgmax=4096"), "4096");
  t.match(podman.shell("df -k /dev/shm", "--shm-size", "1m"), / 1024 /);
});

t.test("capabilities", async (t) => {
  const bounding = (...options: string[]) =>
    BigInt(`0x${podman.shell("grep CapBnd /proc/self/status", ...options).split(/\s+/)[1]}`);
  t.equal(bounding("--cap-drop", "all"), 0n);
  t.equal(bounding("--cap-drop", "all", "--cap-add", "net_admin"), 1n << 12n);
});

t.test("a seccomp profile of one's own", async (t) => {
  const profile = here.file(
    "profile.json",
    JSON.stringify({
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO" }],
    }),
  );
  t.match(podman.shell("mkdir /tmp/x 2>&1 || true", "--security-opt", `seccomp=${profile}`), /not permitted/);
  t.equal(podman.shell("grep Seccomp: /proc/self/status").split(/\s+/)[1], "2", "and there is a profile by default");
  t.equal(podman.shell("grep Seccomp: /proc/self/status", "--security-opt", "seccomp=unconfined").split(/\s+/)[1], "0");
});

t.test("--security-opt no-new-privileges, --device, --init, --oom-score-adj", async (t) => {
  t.match(podman.shell("grep NoNewPrivs /proc/self/status", "--security-opt", "no-new-privileges"), /1$/);
  t.equal(podman.shell("test -c /dev/fuse-too && echo there", "--device", "/dev/null:/dev/fuse-too"), "there");
  t.match(podman.shell("cat /proc/1/cmdline", "--init"), /catatonit|init/);
  t.equal(podman.shell("cat /proc/self/oom_score_adj", "--oom-score-adj", "500"), "500");
});

t.test("--pid=host, --ipc=host, --uts=host, --cgroupns, --pid=container:", async (t) => {
  t.not(podman.shell("echo $$", "--pid", "host"), "1");
  t.equal(podman.shell("hostname", "--uts", "host"), readFileSync("/proc/sys/kernel/hostname", "utf8").trim());
  t.equal(podman.shell("readlink /proc/self/ns/ipc", "--ipc", "host"), readlinkSync("/proc/self/ns/ipc"));
  t.not(podman.shell("readlink /proc/self/ns/cgroup", "--cgroupns", "private"), readlinkSync("/proc/self/ns/cgroup"));
  podman.background("first");
  t.match(podman.shell("cat /proc/1/cmdline", "--pid", "container:first"), /trap/);
  podman.remove("first");
});

t.test("user namespaces: --uidmap, --userns=auto", async (t) => {
  const map = podman
    .shell("cat /proc/self/uid_map", "--uidmap", "0:100000:1000", "--gidmap", "0:100000:1000")
    .split(/\s+/);
  t.same(map.filter(Boolean), ["0", "100000", "1000"]);
  const owner = podman.shell("stat -c %u /etc/passwd", "--uidmap", "0:100000:1000");
  t.equal(owner, "0", "the image is readable as its own");
  // It takes from the ids of a user with this name, who may not be there.
  const ids = here.file("subordinate", "containers:200000:65536\n");
  const via = here.mountNamespace([`mount --bind ${ids} /etc/subuid`, `mount --bind ${ids} /etc/subgid`]);
  const auto = podman.ok(["run", "--rm", NO_NETWORK, "--userns", "auto", IMAGE, "cat", "/proc/self/uid_map"], { via });
  t.match(auto, /^0\s+200000\s+\d+$/);
});

const noDisabled = runtimeName === "runc" && "runc has no --cgroup-manager, which Podman passes for it";
t.test("--cgroups=disabled", { skip: noDisabled }, async (t) => {
  t.equal(podman.shell("echo fine", "--cgroups", "disabled"), "fine");
});

t.test("--preserve-fds", async (t) => {
  const via = ["sh", "-c", 'exec 3</etc/hostname; exec "$@"', "sh"];
  const words = ["run", "--rm", NO_NETWORK, "--preserve-fds", "1", IMAGE, "cat", "/proc/self/fd/3"];
  const answer = podman.run(words, { via });
  t.equal(answer.stdout, readFileSync("/etc/hostname", "utf8"), answer.stderr);
});

t.test("secrets and env files", async (t) => {
  const secret = here.file("secret", "hush");
  podman.ok(["secret", "create", "key", secret]);
  t.equal(podman.shell("cat /run/secrets/key", "--secret", "key"), "hush");
  podman.ok(["secret", "rm", "key"]);
  t.equal(podman.shell("echo $FROM", "--env-file", here.file("variables", "FROM=file\n")), "file");
});
