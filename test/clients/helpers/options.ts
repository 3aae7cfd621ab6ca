// What is asked of containers by options that Podman and Docker share, with root and without.

import { readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import { type ContainerCaller, IMAGE, NO_NETWORK } from "./containers.js";
import { hostCgroup, limit } from "./limits.js";
import type { Place } from "./place.js";

/** Starts the container `limited`. In: options beside memory, pids, cpus. Out: its cgroup directories. */
export function limits(t: Test, caller: ContainerCaller, ...options: string[]): Record<string, string> {
  caller.background("limited", "--memory", "64m", "--pids-limit", "33", "--cpus", "0.5", ...options);
  const directories = hostCgroup(Number(caller.inspect("limited", "{{.State.Pid}}")));
  t.equal(limit(directories, "memory"), "67108864");
  t.equal(limit(directories, "pids"), "33");
  t.equal(limit(directories, "cpu"), "50000 100000");
  return directories;
}

/** In: a folder of the place that is the caller's own. */
export function volumes(t: Test, caller: ContainerCaller, folder: string): void {
  writeFileSync(join(folder, "from-host"), "data");
  t.match(caller.shell("touch /x 2>&1 || true", "--read-only"), /[Rr]ead-only/);
  t.equal(caller.shell("touch /tmp/x && echo fine", "--read-only", "--tmpfs", "/tmp"), "fine");
  t.equal(caller.shell("cat /v/from-host; echo back > /v/back", "-v", `${folder}:/v`), "data");
  t.equal(readFileSync(join(folder, "back"), "utf8"), "back\n");
  t.match(caller.shell("touch /v/x 2>&1 || true", "-v", `${folder}:/v:ro`), /[Rr]ead-only/);
  caller.ok(["volume", "create", "named"]);
  caller.shell("echo kept > /v/file", "-v", "named:/v");
  t.equal(caller.shell("cat /v/file", "-v", "named:/v"), "kept");
  caller.ok(["volume", "rm", "named"]);
}

/** In: `directory`, where the program is to start. */
export function settings(t: Test, caller: ContainerCaller, directory: string): void {
  t.match(caller.shell("id", "--user", "1000:1000", "--group-add", "7"), /uid=1000.* gid=1000.*groups=.*7/);
  // Its log may be a link to /dev/stdout, as in the images of many servers.
  t.equal(caller.shell("echo logged > /dev/stdout", "--user", "1000"), "logged");
  t.equal(caller.shell("echo $A$B", "--env", "A=1", "--env", "B=2"), "12");
  t.equal(caller.shell("pwd", "--workdir", directory), directory);
  t.equal(caller.ok(["run", "--rm", NO_NETWORK, "--entrypoint", "/bin/echo", IMAGE, "x"]), "x");
  t.equal(caller.shell("ulimit -n", "--ulimit", "nofile=123:123", "--ulimit", "nproc=30000:30000"), "123");
  t.match(caller.shell("df -k /dev/shm", "--shm-size", "1m"), / 1024 /);
}

export function namesAndKernelSettings(t: Test, caller: ContainerCaller): void {
  t.equal(caller.shell("hostname", "--hostname", "named"), "named");
  t.equal(caller.shell("cat /proc/sys/kernel/msgmax", "--sysctl", "kernel.msgmax=4096"), "4096");
}

export function capabilities(t: Test, caller: ContainerCaller): void {
  const bounding = (...options: string[]) =>
    BigInt(`0x${caller.shell("grep CapBnd /proc/self/status", ...options).split(/\s+/)[1]}`);
  t.equal(bounding("--cap-drop", "ALL"), 0n);
  t.equal(bounding("--cap-drop", "ALL", "--cap-add", "NET_ADMIN"), 1n << 12n);
}

/** A profile of one's own, the default one, none. */
export function seccomp(t: Test, caller: ContainerCaller, place: Place): void {
  const rules = {
    defaultAction: "SCMP_ACT_ALLOW",
    syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO" }],
  };
  const profile = place.file("profile.json", JSON.stringify(rules));
  t.match(caller.shell("mkdir /tmp/x 2>&1 || true", "--security-opt", `seccomp=${profile}`), /not permitted/);
  const mode = (...options: string[]) => caller.shell("grep Seccomp: /proc/self/status", ...options).split(/\s+/)[1];
  t.equal(mode(), "2", "and there is a profile by default");
  t.equal(mode("--security-opt", "seccomp=unconfined"), "0");
}

export function noNewPrivilegesAndDevices(t: Test, caller: ContainerCaller): void {
  t.match(caller.shell("grep NoNewPrivs /proc/self/status", "--security-opt", "no-new-privileges"), /1$/);
  t.equal(caller.shell("test -c /dev/other && echo there", "--device", "/dev/null:/dev/other"), "there");
}

export function init(t: Test, caller: ContainerCaller): void {
  t.match(caller.shell("cat /proc/1/cmdline", "--init"), /catatonit|init/);
}

/** Leaves the container `first` running, for more of the kind. */
export function sharedNamespaces(t: Test, caller: ContainerCaller): void {
  t.not(caller.shell("echo $$", "--pid", "host"), "1");
  t.equal(caller.shell("hostname", "--uts", "host"), readFileSync("/proc/sys/kernel/hostname", "utf8").trim());
  t.equal(caller.shell("readlink /proc/self/ns/ipc", "--ipc", "host"), readlinkSync("/proc/self/ns/ipc"));
  caller.background("first");
  t.match(caller.shell("cat /proc/1/cmdline", "--pid", "container:first"), /trap/);
}
