import t from "tap";
import type { Mount, Spec } from "../../../src/spec/types.gen.js";
import {
  linesAt,
  ops,
  planOf,
  REQUEST,
  ROOTLESS,
  stepsOf,
  withOwnIds,
  withUserNamespace,
  type Changes,
} from "./fixtures.js";

const mounted = (mounts: Mount[], changes?: Changes) =>
  planOf((config) => {
    config.mounts = mounts;
  }, changes);
const lines = (mount: Mount, changes?: Changes) => linesAt(mounted([mount], changes), "/mounts/0");
const message = (...mounts: Mount[]) => {
  try {
    mounted(mounts);
  } catch (error) {
    return (error as Error).message;
  }
  return "no error";
};

t.test("a file system is made, then attached", (t) => {
  t.same(lines({ destination: "/proc", type: "proc", source: "proc" }), [
    'make_filesystem slot=1 type=proc source=proc data="" parameters=[] superblock=0x0 attributes=0x0',
    "attach_tree slot=1 target=/proc kind=1 mode=0755 real=1 nofollow=0",
  ]);
  t.same(lines({ destination: "/a/../tmp//x/", type: "tmpfs", options: ["nosuid", "mode=700", "rslave", "rnoexec"] }), [
    'make_filesystem slot=1 type=tmpfs source=tmpfs data="mode=700" parameters=[] superblock=0x0 attributes=0x2',
    "set_tree slot=1 set=0x8 clear=0x0 propagation=0x0 recursive=1",
    "set_tree slot=1 set=0x0 clear=0x0 propagation=0x84000 recursive=0",
    "attach_tree slot=1 target=/tmp/x kind=1 mode=0755 real=0 nofollow=0",
  ]);
  t.end();
});

t.test("ro is of the superblock for media, of the mount for what has none", (t) => {
  const [ext4] = stepsOf(
    mounted([{ destination: "/d", type: "ext4", source: "/dev/sdb", options: ["ro", "sync"] }]),
    "make_filesystem",
  );
  t.match(ext4, { superblock: 1 | 16, attributes: 1, source: "/dev/sdb" });
  const [sysfs] = stepsOf(mounted([{ destination: "/sys", type: "sysfs", options: ["ro"] }]), "make_filesystem");
  t.match(sysfs, { superblock: 0, attributes: 1 });
  t.end();
});

t.test("a tmpfs and /dev become read-only when all is in them", (t) => {
  const plan = mounted([
    { destination: "/dev", type: "tmpfs", options: ["ro"] },
    { destination: "/run", type: "tmpfs", options: ["rro"] },
  ]);
  const late = plan.steps.slice(ops(plan).indexOf("pivot_root")).map(({ step }) => step);
  t.same(
    late.filter(({ op }) => op === "set_tree"),
    [
      { op: "set_tree", slot: 1, set: 1, clear: 0, propagation: 0, recursive: 0 },
      { op: "set_tree", slot: 2, set: 1, clear: 0, propagation: 0, recursive: 1 },
    ],
  );
  for (const made of stepsOf(plan, "make_filesystem")) t.equal(made.attributes, 0);
  t.end();
});

t.test("tmpcopyup fills the tree before it is attached", (t) => {
  t.same(
    lines({ destination: "/etc", type: "tmpfs", options: ["tmpcopyup"] }).map((line) => line.split(" ")[0]),
    ["make_filesystem", "copy_up", "attach_tree"],
  );
  t.match(
    message({ destination: "/a", type: "proc", options: ["tmpcopyup"] }),
    /mounts\[0\] \(\/a → proc\): the option "tmpcopyup"/,
  );
  t.match(message({ destination: "/a", source: "/b", options: ["bind", "tmpcopyup"] }), /the option "tmpcopyup"/);
  t.end();
});

t.test("a bind mount: cloned, shaped, attached", (t) => {
  t.same(lines({ destination: "/data", source: "vol", options: ["rbind", "ro", "rnosuid", "noatime", "rprivate"] }), [
    "clone_tree slot=1 path=/bundle/vol recursive=1 nofollow=0 expect=0",
    "set_tree slot=1 set=0x11 clear=0x20007e propagation=0x0 recursive=0",
    "set_tree slot=1 set=0x2 clear=0x0 propagation=0x0 recursive=1",
    "set_tree slot=1 set=0x0 clear=0x0 propagation=0x44000 recursive=0",
    "attach_tree slot=1 target=/data kind=0 mode=0755 real=0 nofollow=0",
  ]);
  t.same(lines({ destination: "/etc/hosts", source: "/etc/hosts", type: "none", options: ["bind"] }), [
    "clone_tree slot=1 path=/etc/hosts recursive=0 nofollow=0 expect=0",
    "attach_tree slot=1 target=/etc/hosts kind=0 mode=0755 real=0 nofollow=0",
  ]);
  t.match(
    lines({ destination: "/sys", source: "/sys", options: ["rbind"] })[1],
    /real=1/,
    "no symlink leads /sys elsewhere",
  );
  t.end();
});

t.test(
  "flags that a bind mount does not name are the source's only when it names none, or where they are locked",
  (t) => {
    const flags = (options: string[], edit: (config: Spec) => void = () => {}, host = {}) => {
      const plan = planOf(
        (config) => {
          config.mounts = [{ destination: "/a", source: "/b", options: ["bind", ...options] }];
          edit(config);
        },
        { host },
      );
      return stepsOf(plan, "set_tree")
        .filter(({ set, clear }) => set || clear)
        .map(({ set, clear }) => [set, clear]);
    };
    t.same(flags([]), []);
    t.same(flags(["noatime"]), [[0x10, 0x20007f]]);
    t.same(flags(["nodev"]), [[4, 0x20000b]]);
    t.same(flags(["rw"]), [[0, 0x20000f]]);
    t.same(flags(["nodev"], withUserNamespace), [[4, 0]]);
    t.same(
      flags(["nodev"], () => {}, { rootless: true }),
      [[4, 0]],
      "root of a user namespace",
    );
    t.end();
  },
);

t.test("in a user namespace root's sources are opened before, and cut off from the host", (t) => {
  const plan = planOf((config) => {
    withUserNamespace(config);
    config.mounts = [{ destination: "/data", source: "/vol", options: ["rbind", "rshared"] }];
    config.linux!.rootfsPropagation = "shared";
  });
  const steps = plan.steps.filter(({ pointer }) => pointer === "/mounts/0").map(({ step }) => step);
  t.same(steps.slice(0, 3), [
    { op: "clone_tree", slot: 1, path: "/vol", recursive: 1, nofollow: 0, expect: 0 },
    { op: "set_tree", slot: 1, set: 0, clear: 0, propagation: (1 << 19) | 0x4000, recursive: 0 },
    { op: "set_tree", slot: 1, set: 0, clear: 0, propagation: (1 << 20) | 0x4000, recursive: 0 },
  ]);
  t.ok(plan.steps.findIndex(({ step }) => step === steps[2]) < ops(plan).indexOf("unshare"));
  t.end();
});

t.test("without privileges sources are opened by the container's first process", (t) => {
  const plan = planOf(
    (config) => {
      withOwnIds(config);
      config.mounts = [{ destination: "/data", source: "/vol", options: ["rbind"] }];
    },
    { host: ROOTLESS },
  );
  t.ok(ops(plan).indexOf("clone_tree") > ops(plan).indexOf("set_host_propagation"));
  t.end();
});

t.test("shared with the host only when the root is too", (t) => {
  const shared = (rootfsPropagation?: "shared" | "rshared" | "slave") => {
    const plan = planOf((config) => {
      config.linux!.rootfsPropagation = rootfsPropagation;
      config.mounts = [{ destination: "/data", source: "/vol", options: ["rbind", "rshared"] }];
    });
    const clone = plan.steps.findIndex(({ step, pointer }) => step.op === "clone_tree" && pointer === "/mounts/0");
    return clone < ops(plan).indexOf("set_host_propagation");
  };
  t.equal(shared("shared"), true);
  t.equal(shared("rshared"), true);
  t.equal(shared("slave"), false);
  t.equal(shared(), false);
  t.end();
});

t.test("remount changes what the config has mounted", (t) => {
  const plan = mounted([
    { destination: "/run", type: "tmpfs", options: ["ro"] },
    { destination: "/run", options: ["remount", "rw", "noexec"] },
  ]);
  t.same(linesAt(plan, "/mounts/1"), ["set_tree slot=1 set=0x8 clear=0x1 propagation=0x0 recursive=0"]);
  t.notOk(
    stepsOf(plan, "set_tree").some(({ slot, set }) => slot === 1 && set === 1),
    "it stays writable",
  );
  t.match(message({ destination: "/run", options: ["remount", "ro"] }), /needs an entry before it that mounts \/run/);
  t.match(
    message({ destination: "/run", type: "tmpfs" }, { destination: "/run", options: ["remount", "size=1m", "sync"] }),
    /not the file system: size=1m, sync/,
  );
  const bind = mounted([{ destination: "/b", source: "/b", options: ["bind", "remount", "ro"] }]);
  t.same(linesAt(bind, "/mounts/0").length, 3, "with bind it is a bind mount");
  t.end();
});

t.test("what a bind mount can't have", (t) => {
  t.match(
    message({ destination: "/a", source: "/b", options: ["bind", "size=5m"] }),
    "mounts[0] (/a → /b): bind mounts cannot have any filesystem-specific options applied: size=5m",
  );
  const plan = mounted([{ destination: "/a", source: "/b", options: ["bind", "sync", "async", "lazytime"] }]);
  t.same(plan.warnings, ["mounts[0] (/a → /b): without effect on a bind mount: sync, lazytime"]);
  t.end();
});

t.test("symlinks at both ends of a bind mount", (t) => {
  const both = (option: string) => lines({ destination: "/a", source: "/b", options: ["bind", option] });
  t.same(both("copy-symlink"), [
    "clone_tree slot=1 path=/b recursive=0 nofollow=1 expect=0",
    "attach_tree slot=1 target=/a kind=2 mode=0755 real=0 nofollow=0",
  ]);
  t.same(both("src-nofollow"), [
    "clone_tree slot=1 path=/b recursive=0 nofollow=1 expect=0",
    "attach_tree slot=1 target=/a kind=0 mode=0755 real=0 nofollow=0",
  ]);
  t.same(both("dest-nofollow"), [
    "clone_tree slot=1 path=/b recursive=0 nofollow=0 expect=0",
    "attach_tree slot=1 target=/a kind=0 mode=0755 real=0 nofollow=1",
  ]);
  t.equal(
    message({ destination: "/a", type: "tmpfs", options: ["src-nofollow", "ro", "copy-symlink"] }),
    "mounts[0] (/a → tmpfs): for bind mounts only: src-nofollow, copy-symlink",
  );
  t.end();
});

t.test("a type is needed, and bind is none", (t) => {
  t.match(message({ destination: "/a" }), /mounts\[0\] \(\/a → nothing\): a mount needs a type/);
  t.match(message({ destination: "/a", type: "bind", source: "/b" }), /"bind" is no file system type/);
  t.end();
});

t.test("places that may not be mounted over", (t) => {
  t.match(message({ destination: "/", type: "tmpfs" }), /on top of the container's root/);
  t.match(message({ destination: "/proc/../", type: "tmpfs" }), /on top of the container's root/);
  t.match(message({ destination: "/proc", type: "tmpfs" }), /not of type proc/);
  t.match(message({ destination: "/x/../proc/sys", source: "/a", options: ["bind"] }), /inside \/proc/);
  t.match(message({ destination: "proc/self", source: "/a", options: ["bind"] }), /inside \/proc/);
  t.equal(message({ destination: "/proc/cpuinfo", source: "/a", options: ["bind"] }), "no error");
  t.equal(message({ destination: "/proc", source: "/proc", options: ["rbind"] }), "no error");
  t.equal(message({ destination: "/process", type: "tmpfs" }), "no error");
  t.end();
});

t.test("a relative destination starts at /", (t) => {
  t.match(lines({ destination: "data", type: "tmpfs" })[1], /target=\/data /);
  t.match(lines({ destination: "../../data", type: "tmpfs" })[1], /target=\/data /);
  t.end();
});

t.test("sysfs without a network namespace of its own, in a user namespace", (t) => {
  const plan = planOf(
    (config) => {
      withOwnIds(config);
      config.mounts = [{ destination: "/sys", type: "sysfs", options: ["ro", "nosuid"] }];
    },
    { host: ROOTLESS, request: { ...REQUEST, cgroups: { join: [] } } },
  );
  t.same(linesAt(plan, "/mounts/0"), [
    "clone_tree slot=1 path=/sys recursive=1 nofollow=0 expect=0",
    "set_tree slot=1 set=0x0 clear=0x0 propagation=0x44000 recursive=0",
    "set_tree slot=1 set=0x3 clear=0x0 propagation=0x0 recursive=1",
    "attach_tree slot=1 target=/sys kind=1 mode=0755 real=1 nofollow=0",
  ]);
  t.end();
});

t.test("who owns the network namespace, and so may mount sysfs", (t) => {
  const type = (user: string | undefined, network: string | undefined) => {
    const plan = planOf((config) => {
      if (user === "new") withUserNamespace(config);
      else if (user) config.linux!.namespaces!.push({ type: "user", path: user });
      if (network) config.linux!.namespaces!.push({ type: "network", path: network === "new" ? "" : network });
      config.mounts = [{ destination: "/sys", type: "sysfs" }];
    });
    return stepsOf(plan, "make_filesystem").length === 1 ? "own" : "host's";
  };
  t.equal(type(undefined, undefined), "own", "root of the host");
  t.equal(type(undefined, "/netns"), "own");
  t.equal(type("new", "new"), "own");
  t.equal(type("new", undefined), "host's");
  t.equal(type("new", "/netns"), "host's", "older than the user namespace");
  t.equal(type("/userns", "/netns"), "own", "of one pod");
  t.equal(type("/userns", undefined), "host's");
  t.equal(type("/userns", "new"), "own");
  t.end();
});

t.test("mountLabel is a parameter of its own: it has commas", (t) => {
  const label = "system_u:object_r:svirt_sandbox_file_t:s0:c715,c811";
  const edit = (type: string) => (config: Parameters<NonNullable<Parameters<typeof planOf>[0]>>[0]) => {
    config.linux!.mountLabel = label;
    config.mounts = [{ destination: "/a", type }];
  };
  const host = { selinux: true };
  t.same(stepsOf(planOf(edit("tmpfs"), { host }), "make_filesystem")[0]!.parameters, [`context=${label}`]);
  t.same(stepsOf(planOf(edit("mqueue"), { host }), "make_filesystem")[0]!.parameters, []);
  t.throws(() => planOf(edit("tmpfs")), { message: /^linux\.mountLabel: the label is for SELinux/ });
  t.end();
});
