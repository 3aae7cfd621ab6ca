// Every fallback is forced: a kernel that answers ENOSYS to one call, or a seccomp profile around runt
// that answers EPERM as old ones do (test/helpers/enosys.c), and the containers must be the same.

import { spawnSync } from "node:child_process";
import { existsSync, openSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { type TestConfig, withoutNamespace, withUserNamespace } from "../helpers/config.js";
import { mountAt, parseReport, type Report } from "../helpers/report.js";
import { repository, sandbox, tools } from "../helpers/sandbox.js";

const calls = [
  "openat2",
  "open_tree",
  "mount_setattr",
  "fsopen",
  "fsconfig",
  "fsmount",
  "move_mount",
  "clone3",
  "close_range",
  "pidfd_open",
  "pidfd_send_signal",
  "memfd_create",
  "statx",
  "faccessat2",
];
const enosys = join(tools, "enosys");

/** glibc's own fallback of clone3 is for ENOSYS only: below such a profile nothing can make threads or processes. */
const hopeless = (call: string, error: string) => call === "clone3" && error === "EPERM";

/** What must not depend on how the kernel was asked. */
function essence(report: Report): unknown {
  const mounts = ["/", "/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys", "/home", "/sys/fs/cgroup"];
  return {
    mounts: mounts.map((path) => {
      const mount = mountAt(report, path);
      return mount && [path, mount.type, [...mount.options].sort(), mount.propagation.length];
    }),
    // mount(2) takes the container's null device, once it is checked to be that, in place of the host's.
    masked: mountAt(report, "/proc/kcore")
      ?.options.filter((option) => option !== "relatime")
      .sort(),
    fds: report.fds.map(({ fd }) => fd),
    ids: [report.pid, report.uid, report.gid, report.hostname],
    caps: report.status.CapEff,
  };
}

function inUserNamespace(config: TestConfig): void {
  plain(config);
  withUserNamespace(config);
}

function plain(config: TestConfig): void {
  config.mounts.push({ destination: "/home", source: "/etc", options: ["bind", "ro", "nosuid"] });
  // Without one the host's cgroups are bound.
  withoutNamespace(config, "cgroup");
}

// A container a call: with one errno each way it is slow enough in the guest.
for (const [edit, error, where] of [
  [plain, "EPERM", ""],
  [inUserNamespace, "ENOSYS", ", in a user namespace"],
] as const) {
  t.test(`every call is missing in turn${where}`, async (t) => {
    if (!existsSync(enosys)) return t.fail("test/helpers/enosys.c is not built");
    const box = sandbox(t);
    const bundle = box.bundle(edit);
    const run = (...via: string[]) => box.run(["run", "--bundle", bundle, box.id()], { via });
    const wanted = essence(parseReport(run().stdout));
    for (const call of calls) {
      if (hopeless(call, error)) continue;
      const result = run(enosys, `${call}:${error}`);
      t.equal(result.status, 0, `${call} ${error}: ${result.stderr}`);
      if (result.status === 0) t.same(essence(parseReport(result.stdout)), wanted, `${call} ${error}`);
    }
  });
}

t.test("each is called, so that a test without it says something", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    plain(config);
    config.linux.sysctl = { "kernel.msgmax": "9999" };
  });
  for (const call of calls.filter((call) => call !== "pidfd_send_signal")) {
    // Only the way of kernels without openat2 asks for the numbers of mounts.
    const before = call === "statx" ? "openat2:ENOSYS," : "";
    const result = box.run(["run", "--bundle", bundle, box.id()], { via: [enosys, `${before}${call}:KILL`] });
    t.not(result.status, 0, call);
  }
  const { id } = box.create(bundle);
  t.not(box.run(["kill", id, "KILL"], { via: [enosys, "pidfd_send_signal:KILL"] }).status, 0, "pidfd_send_signal");
});

t.test("all of them at once", async (t) => {
  const box = sandbox(t);
  for (const edit of [plain, inUserNamespace]) {
    const bundle = box.bundle(edit);
    const wanted = essence(parseReport(box.run(["run", "--bundle", bundle, box.id()]).stdout));
    for (const error of ["ENOSYS", "EPERM"]) {
      const missing = calls.map((call) => `${call}:${hopeless(call, error) ? "ENOSYS" : error}`);
      const via = [enosys, missing.join(",")];
      const result = box.run(["run", "--bundle", bundle, box.id()], { via });
      t.equal(result.status, 0, `${error}: ${result.stderr}`);
      if (result.status === 0) t.same(essence(parseReport(result.stdout)), wanted, error);
    }
  }
});

t.test("a file of procfs over another one is seen without openat2, though both are of one file system", async (t) => {
  const box = sandbox(t);
  const missing = ["openat2", "fsopen", "open_tree"];
  const kernel = "/proc/sys/kernel";
  for (const calls of [missing, [...missing, "statx"]]) {
    for (const covered of [false, true]) {
      const bundle = box.bundle((config) => {
        withoutNamespace(config, "pid"); // the procfs is the host's, then
        config.linux.sysctl = { "kernel.domainname": "example" };
        config.process.args = ["cat", `${kernel}/domainname`];
        // What the host has mounted there comes along.
        if (covered) config.mounts[0] = { destination: "/proc", source: "/proc", options: ["rbind"] };
      });
      const cover = covered ? `mount --bind ${kernel}/hostname ${kernel}/domainname; ` : "";
      const via = ["unshare", "-m", "sh", "-c", `${cover}exec "$@"`, "sh", enosys, calls.join(",")];
      const { status, stdout, stderr } = box.run(["run", "--bundle", bundle, box.id()], { via });
      const what = `${calls.join(" ")}, ${covered ? "covered" : "free"}: ${stderr}`;
      t.equal(status, covered ? 1 : 0, what);
      if (covered) t.match(stderr, /linux\.sysctl.*invalid cross-device link/, what);
      else t.equal(stdout, "example\n");
    }
  }
});

t.test("the whole life without pidfds", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "pause"];
  });
  for (const error of ["ENOSYS", "EPERM"]) {
    const via = [enosys, `pidfd_open:${error},pidfd_send_signal:${error}`];
    const id = box.id();
    for (const args of [
      ["create", "--bundle", bundle, id],
      ["start", id],
      ["kill", id, "KILL"],
      ["delete", "--force", id],
    ]) {
      const result = box.run(args, { via });
      t.equal(result.status, 0, `${error}: ${args[0]}: ${result.stderr}`);
    }
    t.equal(box.state(id), undefined, "gone");
  }
});

t.test("runt-init without memfds: a copy that nobody can write to, and no name is left of it", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle();
  const id = box.id();
  // Without open_tree there is no read-only mount of the file either.
  const via = [enosys, "memfd_create,open_tree"];
  const result = box.run(["create", "--bundle", bundle, id], { via });
  t.equal(result.status, 0, result.stderr);
  const { pid } = box.state(id)!;
  const exe = readlinkSync(`/proc/${pid}/exe`);
  t.match(exe, /\(deleted\)$/, "it has no name");
  t.equal(statSync(`/proc/${pid}/exe`).nlink, 0);
  t.not(statSync(`/proc/${pid}/exe`).ino, statSync(join(repository, "lib/runt/runt-init")).ino, "it is a copy");
  t.throws(() => openSync(`/proc/${pid}/exe`, "r+"), { code: "ETXTBSY" });
});

t.test("runt-init without memfds: what a container has met does not run again outside of it", async (t) => {
  const box = sandbox(t);
  const seen = join(box.dir, "seen");
  // Of the container's runt-init, which waits, and of the one that runs the hook on the host.
  const script = `stat -L -c %i /proc/$(sed 's/.*"pid":\\([0-9]*\\).*/\\1/')/exe /proc/$PPID/exe > ${seen}`;
  const bundle = box.bundle((config) => {
    config.hooks = { createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", script] }] };
  });
  const inodes = (via: string[]) => {
    const result = box.run(["run", "--bundle", bundle, box.id()], { via });
    t.equal(result.status, 0, result.stderr);
    return readFileSync(seen, "utf8").trim().split("\n");
  };
  const [first, second] = inodes([enosys, "memfd_create,open_tree"]);
  t.match(first, /^\d+$/);
  t.not(first, second, "without seals each has a copy of its own");
  const [sealed, same] = inodes([]);
  t.equal(sealed, same, "a sealed one serves all");
});

t.test("clone3 denied with EPERM is said by its name, and nothing is left", async (t) => {
  const box = sandbox(t);
  const result = box.runContainer(undefined, { via: [enosys, "clone3:EPERM"] });
  // glibc 2.36 makes no use of clone3 on arm64: nothing needs the call there.
  const spawn = "import os; os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)";
  if (spawnSync(enosys, ["clone3:EPERM", "python3", "-c", spawn]).status === 0) {
    t.equal(result.status, 0, result.stderr);
    return;
  }
  t.not(result.status, 0);
  // Node itself needs a thread before anything of ours runs.
  t.match(result.stderr, /clone3 or execve .*operation not permitted|uv_thread_create/);
  t.equal(box.state(box.ids[0]!), undefined);
});

t.test("no quota for a session keyring: a warning that names the limits, and the container runs", async (t) => {
  const result = sandbox(t).runContainer(undefined, { via: [enosys, "keyctl:EDQUOT"] });
  t.equal(result.status, 0, result.stderr);
  t.match(result.stderr, /level=warning .*join session keyring \S+: disk quota exceeded \(.*root_maxkeys/);
});

t.test("features that need a call are refused by its name", async (t) => {
  const box = sandbox(t);
  const id = { containerID: 0, hostID: 5000, size: 10 };
  const refused = (options: string[], call: string, words: RegExp) => {
    const result = box.runContainer(
      (config) => {
        const mappings = { uidMappings: [id], gidMappings: [id] };
        const mapped = options.includes("idmap") ? mappings : {};
        config.mounts.push({ destination: "/home", source: "/etc", options, ...mapped });
      },
      { via: [enosys, call] },
    );
    t.equal(result.status, 1, `${options} without ${call}`);
    t.match(result.stderr, words);
  };
  refused(["rbind", "rro"], "mount_setattr", /mounts\[7\].*needs mount_setattr\(2\), Linux 5\.12/);
  for (const call of ["mount_setattr", "open_tree", "mount_setattr:EPERM"]) {
    refused(["bind", "idmap"], call, /mounts\[7\].*map the ids of a mount: needs mount_setattr\(2\), Linux 5\.12/);
  }
});

t.test("the shim works", async (t) => {
  const box = sandbox(t);
  // clone3 (435) answers EINVAL to nonsense where it is there.
  const call = (via: string[]) =>
    box.runContainer(
      (config) => {
        config.process.args = ["/bin/probe", "try", "syscall", "435", "0", "0"];
      },
      { via },
    ).stdout;
  t.equal(call([]), "syscall: Invalid argument\n");
  t.equal(call([enosys, "clone3"]), "syscall: Function not implemented\n");
});
