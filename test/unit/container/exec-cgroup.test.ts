// --cgroup: from its values to directories, and never out of the container's own.

import t from "tap";
import { execPlacement, parseSubCgroups } from "../../../src/container/exec-cgroup.js";

const V1 = {
  version: 1 as const,
  directories: {
    cpu: "/sys/fs/cgroup/cpu,cpuacct/box",
    cpuacct: "/sys/fs/cgroup/cpu,cpuacct/box",
    memory: "/sys/fs/cgroup/memory/box",
    "": "/sys/fs/cgroup/unified/box",
  },
};
const V2 = { version: 2 as const, directories: { "": "/sys/fs/cgroup/box" } };

t.test("values", async (t) => {
  t.same([...parseSubCgroups(["a/./b/"])], [["", "/a/b"]]);
  t.same([...parseSubCgroups(["/"])], [["", ""]]);
  t.same(
    [...parseSubCgroups(["cpu,memory:/a", "pids:b"])],
    [
      ["cpu", "/a"],
      ["memory", "/a"],
      ["pids", "/b"],
    ],
  );
  const wrong = ["..", "a/..", "cpu:../x", ":a", "cpu,:a"];
  for (const value of wrong) t.throws(() => parseSubCgroups([value]), { name: "RuntError" }, value);
  t.throws(() => parseSubCgroups(["a", "cpu:b"]), /lacks the <controller>:/);
  t.throws(() => parseSubCgroups(["cpu:a", "cpu:b"]), /specified multiple times/);
});

t.test("v1", async (t) => {
  t.same(execPlacement(V1, []), {
    join: ["/sys/fs/cgroup/cpu,cpuacct/box", "/sys/fs/cgroup/memory/box"],
    into: "/sys/fs/cgroup/unified/box",
  });
  t.same(execPlacement(V1, ["x"]), {
    join: ["/sys/fs/cgroup/cpu,cpuacct/box/x", "/sys/fs/cgroup/memory/box/x"],
    into: "/sys/fs/cgroup/unified/box/x",
  });
  t.same(execPlacement(V1, ["cpu:x"]), {
    join: ["/sys/fs/cgroup/cpu,cpuacct/box/x", "/sys/fs/cgroup/memory/box"],
    into: "/sys/fs/cgroup/unified/box",
  });
  t.throws(() => execPlacement(V1, ["cpu:x", "cpuacct:y"]), /shares its hierarchy/);
  t.throws(() => execPlacement(V1, ["pids:x"]), /unknown controller pids/);
});

t.test("v2", async (t) => {
  t.same(execPlacement(V2, ["/x/y"]), { join: [], into: "/sys/fs/cgroup/box/x/y" });
  t.same(execPlacement(V2, ["/"]), { join: [], into: "/sys/fs/cgroup/box" });
  t.throws(() => execPlacement(V2, ["cpu:x"]), /cgroup v2 has one hierarchy/);
});

t.test("a container without cgroups", async (t) => {
  t.same(execPlacement({ version: 2, directories: {} }, []), { join: [] });
  t.throws(() => execPlacement({ version: 2, directories: {} }, ["x"]), /no cgroup of its own/);
});
