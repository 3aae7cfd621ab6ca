// Which hierarchies are found on typical machines.

import t from "tap";
import { detectCgroups, type DetectionSource } from "../../../src/cgroup/detect.js";
import { parseCgroupMounts, parseProcessCgroups } from "../../../src/cgroup/proc-files.js";

const V1 = 0x27e0eb;
const V2 = 0x63677270;
const TMPFS = 0x01021994;

/** A machine made of texts. `types`: path → f_type. Without `mounts`, reading the mount table fails the test. */
function machine(own: string, types: Record<string, number>, mounts?: string): DetectionSource {
  return {
    ownCgroups: () => own,
    mountInfo: () => {
      if (mounts === undefined) throw new Error("the mount table was read although it was not needed");
      return mounts;
    },
    filesystemType: (path) => types[path] ?? null,
  };
}

t.test("Fedora, Debian 12: cgroup2 alone", async (t) => {
  const layout = detectCgroups(machine("0::/user.slice/user-1000.slice/session-3.scope\n", { "/sys/fs/cgroup": V2 }));
  t.same(layout, {
    version: 2,
    unified: "/sys/fs/cgroup",
    hierarchies: {},
    own: { "": "/user.slice/user-1000.slice/session-3.scope" },
  });
});

t.test("Debian 10: hybrid of systemd, controllers mounted together", async (t) => {
  const own = [
    "11:cpu,cpuacct:/user.slice",
    "10:memory:/user.slice",
    "9:net_cls,net_prio:/",
    "2:devices:/user.slice",
    "1:name=systemd:/user.slice/user-0.slice/session-1.scope",
    "0::/user.slice/user-0.slice/session-1.scope",
    "",
  ].join("\n");
  const types = Object.fromEntries(
    ["cpu,cpuacct", "memory", "net_cls,net_prio", "devices", "systemd"].map((name) => [`/sys/fs/cgroup/${name}`, V1]),
  );
  const layout = detectCgroups(machine(own, { "/sys/fs/cgroup": TMPFS, "/sys/fs/cgroup/unified": V2, ...types }));
  t.equal(layout.version, 1);
  t.equal(layout.unified, "/sys/fs/cgroup/unified");
  t.same(layout.hierarchies, {
    cpu: "/sys/fs/cgroup/cpu,cpuacct",
    cpuacct: "/sys/fs/cgroup/cpu,cpuacct",
    memory: "/sys/fs/cgroup/memory",
    net_cls: "/sys/fs/cgroup/net_cls,net_prio",
    net_prio: "/sys/fs/cgroup/net_cls,net_prio",
    devices: "/sys/fs/cgroup/devices",
    "name=systemd": "/sys/fs/cgroup/systemd",
  });
  t.equal(layout.own["name=systemd"], "/user.slice/user-0.slice/session-1.scope");
  t.equal(layout.own.cpuacct, "/user.slice");
});

t.test("RHEL 7: the kernel and the directory name the controllers in different orders", async (t) => {
  const layout = detectCgroups(
    machine("4:cpuacct,cpu:/\n1:name=systemd:/\n", {
      "/sys/fs/cgroup": TMPFS,
      "/sys/fs/cgroup/cpu": V1,
      "/sys/fs/cgroup/cpuacct": V1,
      "/sys/fs/cgroup/systemd": V1,
    }),
  );
  t.equal(layout.hierarchies.cpu, "/sys/fs/cgroup/cpuacct");
  t.equal(layout.unified, undefined, "no cgroup2, and the mount table was not read to learn that");
});

t.test("docker in docker without a cgroup namespace: some hierarchies are not mounted", async (t) => {
  const own = "3:memory:/docker/abc\n2:pids:/docker/abc\n1:name=systemd:/docker/abc\n0::/docker/abc\n";
  const mounts = [
    "700 699 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755",
    "701 700 0:30 /docker/abc /sys/fs/cgroup/memory rw,relatime master:9 - cgroup cgroup rw,memory",
  ].join("\n");
  const layout = detectCgroups(machine(own, { "/sys/fs/cgroup": TMPFS, "/sys/fs/cgroup/memory": V1 }, mounts));
  t.same(layout.hierarchies, { memory: "/sys/fs/cgroup/memory" });
  t.equal(layout.own.memory, "/docker/abc");
});

t.test("mounted in unusual places: the mount table tells", async (t) => {
  const mounts = [
    "31 23 0:28 / /dev/cg\\040v1/cpu rw - cgroup none rw,cpuacct,cpu",
    "32 23 0:29 / /cgroup2 rw shared:4 master:5 - cgroup2 none rw,nsdelegate",
  ].join("\n");
  const layout = detectCgroups(machine("5:cpu,cpuacct:/\n0::/\n", {}, mounts));
  t.same(layout, {
    version: 1,
    unified: "/cgroup2",
    hierarchies: { cpu: "/dev/cg v1/cpu", cpuacct: "/dev/cg v1/cpu" },
    own: { cpu: "/", cpuacct: "/", "": "/" },
  });
  t.same(detectCgroups(machine("0::/x\n", {}, mounts)), {
    version: 2,
    unified: "/cgroup2",
    hierarchies: {},
    own: { "": "/x" },
  });
});

t.test("no cgroups at all", async (t) => {
  t.throws(() => detectCgroups(machine("0::/\n", {}, "")), {
    message: /look for cgroups \/sys\/fs\/cgroup: no cgroup file system is mounted/,
  });
  t.throws(() => detectCgroups(machine("", {}, "")), {
    message: /read \/proc\/self\/cgroup: there is nothing to be read \(runt needs a procfs at \/proc/,
  });
});

t.test("texts of the kernel", async (t) => {
  t.same(parseProcessCgroups("1:name=systemd:/a:b\n\nbroken\n"), [
    { list: "name=systemd", controllers: ["name=systemd"], path: "/a:b" },
  ]);
  t.same(parseCgroupMounts("22 28 0:21 / /proc rw - proc proc rw\nnonsense\n"), []);
});
