// Hints that name what on the machine is in the way.

import t from "tap";
import { idHint, mountsBelow } from "../../../src/container/machine-hints.js";

t.test("what covers a part of /proc", async (t) => {
  const line = (point: string, type = "proc") => `100 90 0:5 / ${point} ro,nosuid - ${type} ${type} rw`;
  const text = [
    line("/"),
    line("/proc"),
    line("/proc/sys"),
    line("/proc/keys", "tmpfs"),
    line("/proc/keys", "tmpfs"),
    line("/procfs"),
    line("/proc/sys/fs/binfmt_misc", "binfmt_misc"),
    line("/sys/fs/cgroup", "cgroup2"),
    line("/sys/firmware", "tmpfs"),
    "",
  ].join("\n");
  t.same(mountsBelow(text, "/proc"), ["/proc/sys", "/proc/keys"]);
  t.same(mountsBelow(text, "/sys"), ["/sys/firmware"], "the kernel's own empty mount points cover nothing");
});

t.test("ids in options", async (t) => {
  t.match(idHint("mount devpts: Invalid gid '5'"), /not mapped/);
  t.match(idHint("mount tmpfs: sise=5: Unknown parameter 'sise'"), /neither a mount option/);
  t.match(idHint("mount hugetlbfs: pagesize=3M"), /does not take/);
  t.equal(idHint("mount tmpfs: size=x: Bad value for 'size'"), undefined, "nothing to add");
});
