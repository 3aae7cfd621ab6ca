// Every fallback is forced: a kernel that answers ENOSYS to one call (test/helpers/enosys.c), and
// the containers must be the same.

import { existsSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { withUserNamespace } from "../helpers/config.js";
import { mountAt, type Report } from "../helpers/report.js";
import { sandbox, tools } from "../helpers/sandbox.js";

const calls = [
  "openat2",
  "open_tree",
  "mount_setattr",
  "fsopen",
  "move_mount",
  "clone3",
  "close_range",
  "pidfd_open",
  "execveat",
  "statx",
  "faccessat2",
];
const enosys = join(tools, "enosys");

/** What must not depend on how the kernel was asked. */
function essence(report: Report): unknown {
  const mounts = ["/", "/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys", "/home", "/proc/kcore"];
  return {
    mounts: mounts.map((path) => {
      const mount = mountAt(report, path);
      return mount && [path, mount.type, [...mount.options].sort(), mount.propagation.length];
    }),
    fds: report.fds.map(({ fd }) => fd),
    ids: [report.pid, report.uid, report.gid, report.hostname],
    caps: report.status.CapEff,
  };
}

for (const user of [false, true]) {
  for (const call of calls) {
    t.test(`${call} is missing${user ? ", in a user namespace" : ""}`, async (t) => {
      if (!existsSync(enosys)) return t.fail("test/helpers/enosys.c is not built");
      const box = sandbox(t);
      const edit = (config: Parameters<NonNullable<Parameters<typeof box.bundle>[0]>>[0]) => {
        config.mounts.push({ destination: "/home", source: "/etc", options: ["bind", "ro", "nosuid"] });
        if (user) withUserNamespace(config);
      };
      const result = box.runContainer(edit, { via: [enosys, call] });
      t.equal(result.status, 0, result.stderr);
      if (result.status === 0) t.same(essence(JSON.parse(result.stdout)), essence(box.probe(edit)));
    });
  }
}

t.test("all of them at once", async (t) => {
  const box = sandbox(t);
  const all = ["openat2", "open_tree", "mount_setattr", "fsopen", "move_mount", "clone3", "close_range"];
  const result = box.runContainer(undefined, { via: all.flatMap((call) => [enosys, call]) });
  t.equal(result.status, 0, result.stderr);
});

t.test("without memfd_create (before Linux 3.17) the reason is said, nothing is left", async (t) => {
  const box = sandbox(t);
  const result = box.runContainer(undefined, { via: [enosys, "memfd_create"] });
  t.equal(result.status, 1, "runt-init runs from a sealed copy or not at all");
  t.match(result.stderr, /memfd_create.*function not implemented/);
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
