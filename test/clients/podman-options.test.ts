// What people ask of a container with Podman's options, with the runtime under test below it.

import { readFileSync, readlinkSync } from "node:fs";
import t from "tap";
import { limit } from "./helpers/limits.js";
import * as options from "./helpers/options.js";
import { place, runtimeName } from "./helpers/place.js";
import { IMAGE, NO_NETWORK, Podman } from "./helpers/podman.js";

const here = place(t);
const podman = new Podman(here);

t.test("limits: memory, pids, cpus, shares, cpuset", async (t) => {
  const directories = options.limits(t, podman, "--memory-swap", "64m", "--cpuset-cpus", "0");
  t.equal(limit(directories, "cpuset"), "0");
  podman.ok(["update", "--cpus", "0.2", "limited"]);
  t.equal(limit(directories, "cpu"), "20000 100000");
  podman.remove("limited");
});

t.test("more memory than allowed: the container dies by SIGKILL", async (t) => {
  const script = "dd if=/dev/zero of=/dev/null bs=64M count=1; echo alive-$?";
  const limits = ["--memory", "16m", "--memory-swap", "16m"];
  const answer = podman.run(["run", "--rm", NO_NETWORK, ...limits, IMAGE, "sh", "-c", script]);
  t.notMatch(answer.stdout, /alive-0/, "dd did not get its 64 MiB");
});

t.test("--read-only, --tmpfs, volumes", async (t) => options.volumes(t, podman, here.folder("volume")));

t.test("--user, --group-add, --hostname, --env, --workdir, --entrypoint, --ulimit, --sysctl, --shm-size", async (t) => {
  options.settings(t, podman, "/tmp");
  options.namesAndKernelSettings(t, podman);
});

t.test("capabilities", async (t) => options.capabilities(t, podman));

t.test("a seccomp profile of one's own", async (t) => options.seccomp(t, podman, here));

t.test("--security-opt no-new-privileges, --device, --init, --oom-score-adj", async (t) => {
  options.noNewPrivilegesAndDevices(t, podman);
  options.init(t, podman);
  t.equal(podman.shell("cat /proc/self/oom_score_adj", "--oom-score-adj", "500"), "500");
});

t.test("--pid=host, --ipc=host, --uts=host, --cgroupns, --pid=container:", async (t) => {
  options.sharedNamespaces(t, podman);
  t.not(podman.shell("readlink /proc/self/ns/cgroup", "--cgroupns", "private"), readlinkSync("/proc/self/ns/cgroup"));
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
