// cgroupsPath → directories.

import t from "tap";
import { cgroupDirectories } from "../../../src/cgroup/paths.js";
import type { CgroupLayout } from "../../../src/plan/types.js";

const v1: CgroupLayout = {
  version: 1,
  unified: "/sys/fs/cgroup/unified",
  hierarchies: {
    cpu: "/sys/fs/cgroup/cpu,cpuacct",
    cpuacct: "/sys/fs/cgroup/cpu,cpuacct",
    memory: "/sys/fs/cgroup/memory",
  },
  own: { cpu: "/user", cpuacct: "/user", memory: "/", "": "/user/me" },
};
const v2: CgroupLayout = {
  version: 2,
  unified: "/sys/fs/cgroup",
  hierarchies: {},
  own: { "": "/user.slice/user-1000.slice/user@1000.service/app.slice/sh.scope" },
};
const request = { id: "box", rootless: false };

t.test("absolute, relative and absent as root: below the mount points", async (t) => {
  for (const [cgroupsPath, inner] of [
    ["/a/b", "a/b"],
    ["a/b", "a/b"],
    ["//a/./b/", "a/b"],
    [undefined, "box"],
    ["", "box"],
  ]) {
    t.same(cgroupDirectories({ layout: v1, ...request, cgroupsPath }), {
      version: 1,
      directories: {
        cpu: `/sys/fs/cgroup/cpu,cpuacct/${inner}`,
        cpuacct: `/sys/fs/cgroup/cpu,cpuacct/${inner}`,
        memory: `/sys/fs/cgroup/memory/${inner}`,
        "": `/sys/fs/cgroup/unified/${inner}`,
      },
    });
    t.same(cgroupDirectories({ layout: v2, ...request, cgroupsPath }).directories, { "": `/sys/fs/cgroup/${inner}` });
  }
});

t.test("rootless: below the own cgroup, in v2 beside it", async (t) => {
  const rootless = { id: "box", rootless: true };
  t.equal(
    cgroupDirectories({ layout: v2, ...rootless }).directories[""],
    "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/box",
  );
  t.equal(cgroupDirectories({ layout: v1, ...rootless }).directories.cpu, "/sys/fs/cgroup/cpu,cpuacct/user/box");
  t.equal(cgroupDirectories({ layout: v1, ...rootless }).directories[""], "/sys/fs/cgroup/unified/user/box");
  t.equal(cgroupDirectories({ layout: v2, ...rootless, cgroupsPath: "/x" }).directories[""], "/sys/fs/cgroup/x");
  t.equal(
    cgroupDirectories({ layout: { ...v2, own: { "": "/" } }, ...rootless, cgroupsPath: "x" }).directories[""],
    "/sys/fs/cgroup/x",
    "in a cgroup namespace",
  );
});

t.test("refused", async (t) => {
  for (const [cgroupsPath, message] of [
    ["/a/../b", /^linux.cgroupsPath: "\/a\/..\/b" must not hold ".."/],
    ["..", /must not hold ".."/],
    ["/", /is the root of the hierarchy/],
    ["./", /is the root of the hierarchy/],
    ["a\nb", /newline or NUL/],
    ["a\0b", /newline or NUL/],
  ] as const) {
    t.throws(
      () => cgroupDirectories({ layout: v2, ...request, cgroupsPath }),
      { message },
      JSON.stringify(cgroupsPath),
    );
  }
  t.doesNotThrow(
    () => cgroupDirectories({ layout: v2, ...request, cgroupsPath: "/a:b:c/d" }),
    "a colon alone is a name",
  );
  // Docker's BuildKit: systemd's form, without --systemd-cgroup.
  t.equal(
    cgroupDirectories({ layout: v2, ...request, cgroupsPath: "system.slice:docker:box" }).directories[""],
    "/sys/fs/cgroup/system.slice:docker:box",
  );
  t.doesNotThrow(() => cgroupDirectories({ layout: v2, ...request, cgroupsPath: "/a..b" }), "two dots within a name");
});
