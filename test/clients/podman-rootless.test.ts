// What people do with Podman without root, with the runtime under test below it.

import { chmodSync, chownSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { noMappers, noUser } from "../helpers/rootless.js";
import { looksContained } from "./helpers/inside.js";
import * as life from "./helpers/life.js";
import * as options from "./helpers/options.js";
import { cgroupV2, place, runtimeName } from "./helpers/place.js";
import { IMAGE, NO_NETWORK, Podman } from "./helpers/podman.js";
import { NormalUser } from "./helpers/user.js";

const reason = noUser() || noMappers();
if (reason) throw new Error(reason);
const here = place(t);
const user = new NormalUser(here);
const podman = new Podman(here, user);
const noLimits = !cgroupV2 && "cgroup v1 is not delegated to users: Podman passes no limits on";

t.test("run prints and gives the exit status; 127, 126", async (t) => {
  life.runsAndExits(t, podman);
  life.missing(t, podman);
  life.notExecutable(t, podman);
});

t.test("looked at from inside and outside", async (t) => {
  const report = looksContained(t, podman.ok(["run", "--rm", NO_NETWORK, IMAGE, "/bin/probe"]));
  t.equal(report.uid, 0);
  const maps = report.uid_map.map((line) => line.trim().split(/\s+/));
  t.same(maps, [
    ["0", String(user.uid), "1"],
    ["1", String(user.subordinate), "65536"],
  ]);
  podman.background("seen");
  const pid = podman.inspect("seen", "{{.State.Pid}}");
  t.match(readFileSync(`/proc/${pid}/status`, "utf8"), new RegExp(`^Uid:\\s+${user.uid}\\s`, "m"));
  podman.remove("seen");
});

t.test("run -d, ps, logs, exec, top, stop, wait, kill, rm", async (t) => {
  await life.detached(t, podman, () => {
    t.equal(podman.ok(["exec", "detached", "echo", "in"]), "in");
    t.equal(podman.run(["exec", "--user", "1000", "detached", "sh", "-c", "exit $(( $(id -u) % 256 ))"]).status, 232);
    t.match(podman.terminal(["exec", "-t", "detached", "tty"]).stdout, /\/dev\/pts\/\d+/);
    t.match(podman.ok(["top", "detached", "pid", "args"]), /1\s+sh -c/);
  });
  podman.ok(["start", "detached"]);
  podman.ok(["kill", "detached"]);
  t.equal(podman.ok(["wait", "detached"]), "137");
  podman.ok(["rm", "detached"]);
});

t.test("run -it: a real terminal", async (t) => life.terminal(t, podman));

t.test("--userns=keep-id, auto, --user", async (t) => {
  t.equal(podman.shell("id -u", "--userns", "keep-id"), String(user.uid));
  t.equal(
    podman.shell("touch /v/mine && stat -c %u /v/mine", "--userns", "keep-id", "-v", `${user.owns("kept")}:/v`),
    String(user.uid),
  );
  t.match(podman.shell("cat /proc/self/uid_map", "--userns", "auto"), /^0\s+1\s+\d+$/);
  t.equal(podman.shell("id -u > /dev/stdout", "--user", "1000"), "1000");
});

const noKeeping = runtimeName === "runc" && "runc has nothing for it, and Podman does not notice";
t.test("--group-add keep-groups", { skip: noKeeping }, async (t) => {
  const secret = here.file("secret", "for the group");
  chownSync(secret, 0, user.group);
  chmodSync(secret, 0o640);
  const words = ["run", "--rm", NO_NETWORK, "-v", `${secret}:/secret:ro`, "--group-add", "keep-groups"];
  t.equal(podman.ok([...words, IMAGE, "cat", "/secret"]), "for the group");
  const without = podman.run([...words.slice(0, -2), IMAGE, "cat", "/secret"]);
  t.match(without, { status: 1, stderr: /Permission denied/ });
});

t.test("--read-only, --tmpfs, volumes", async (t) => options.volumes(t, podman, user.owns("volume")));

t.test("capabilities, seccomp, --init, --hostname, --sysctl", async (t) => {
  options.capabilities(t, podman);
  options.seccomp(t, podman, here);
  options.init(t, podman);
  options.namesAndKernelSettings(t, podman);
});

t.test("a health check, a pod, --network=host", async (t) => {
  podman.background("healthy", "--health-cmd", "test -e /tmp/ok", "--health-interval", "disable");
  t.equal(podman.run(["healthcheck", "run", "healthy"]).status, 1);
  podman.ok(["exec", "healthy", "touch", "/tmp/ok"]);
  t.equal(podman.run(["healthcheck", "run", "healthy"]).status, 0);
  podman.remove("healthy");
  const infra = ["--infra-image", IMAGE, "--infra-command", "/bin/sleep 1000"];
  podman.ok(["pod", "create", "--name", "group", ...infra, "--network", "none", "--hostname", "grouped"]);
  t.equal(podman.ok(["run", "--rm", "--pod", "group", IMAGE, "hostname"]), "grouped");
  podman.ok(["pod", "rm", "--force", "--time", "0", "group"]);
  t.match(podman.ok(["run", "--rm", "--network=host", IMAGE, "cat", "/proc/net/dev"]), /lo:/);
});

t.test("--network=slirp4netns", { skip: noTun() }, async (t) => {
  t.match(podman.ok(["run", "--rm", "--network=slirp4netns", IMAGE, "cat", "/proc/net/dev"]), /tap0:/);
});

t.test("limits: memory, pids, cpus", { skip: noLimits }, async (t) => {
  const directories = options.limits(t, podman);
  t.match(directories[""], new RegExp(`/user-${user.uid}.slice/`), "it is below the user's own slice");
  podman.remove("limited");
});

t.test("pause, unpause, stats", { skip: noLimits }, async (t) => {
  life.paused(t, podman);
  podman.background("watched");
  life.stats(t, podman, "watched");
  podman.remove("watched");
});

t.test("commit, build", async (t) => {
  podman.ok(["run", "--name", "source", NO_NETWORK, IMAGE, "sh", "-c", "echo made > /made"]);
  podman.ok(["commit", "--quiet", "source", "first"]);
  podman.remove("source");
  const folder = user.owns("build");
  writeFileSync(join(folder, "Containerfile"), "FROM localhost/first\nRUN echo $(/bin/cat /made)-again > /second\n");
  podman.ok(["build", "--isolation", "oci", "--network", "none", "--quiet", "--tag", "second", folder]);
  t.equal(podman.ok(["run", "--rm", NO_NETWORK, "localhost/second", "cat", "/second"]), "made-again");
});

/** slirp4netns makes its device as the user. */
function noTun(): string | false {
  const status = statSync("/dev/net/tun", { throwIfNoEntry: false });
  if (!status) return "there is no /dev/net/tun";
  return (status.mode & 0o006) !== 0o006 && "users may not open /dev/net/tun here";
}
