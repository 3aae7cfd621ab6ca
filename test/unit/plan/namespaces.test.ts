import t from "tap";
import { NAMESPACE_FLAGS, namespaceNames } from "../../../src/plan/namespaces.js";
import { NO_SLOT, SYNC_CGROUP } from "../../../src/plan/steps.gen.js";
import type { LinuxNamespace } from "../../../src/spec/types.gen.js";
import { indexOf, ops, planOf, REQUEST_V2, stepsOf, V2, withOwnIds, withUserNamespace } from "./fixtures.js";

const NEW: LinuxNamespace[] = [
  { type: "pid" },
  { type: "network" },
  { type: "ipc" },
  { type: "uts" },
  { type: "mount" },
  { type: "cgroup" },
];
const flagsOf = (...types: (keyof typeof NAMESPACE_FLAGS)[]) =>
  types.reduce((all, type) => all | NAMESPACE_FLAGS[type], 0);
const v2 = { host: { cgroup: V2 }, request: REQUEST_V2 };

t.test("the flags are the kernel's", (t) => {
  t.same([...namespaceNames()].sort(), ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"]);
  t.match(NAMESPACE_FLAGS, { mount: 0x00020000, pid: 0x20000000, user: 0x10000000, time: 0x80, network: 0x40000000 });
  t.end();
});

t.test("without a user namespace stage A begins with the slow ones, and the clone makes the others", (t) => {
  const plan = planOf((config) => {
    config.linux!.namespaces = NEW;
  });
  t.same(stepsOf(plan, "clone"), [{ op: "clone", flags: flagsOf("pid", "mount", "cgroup"), cgroup: NO_SLOT }]);
  t.same(
    plan.steps.slice(0, 2).map(({ step }) => step),
    [{ op: "unshare", flags: flagsOf("network", "ipc", "uts") }, { op: "raise_loopback" }],
  );
  t.notOk(ops(plan).includes("set_dumpable"));
  t.ok(
    indexOf(plan, "join_cgroup") < indexOf(plan, "clone"),
    "a v1 cgroup is entered before: the namespace is rooted there",
  );
  t.end();
});

t.test("systemd: the cgroup is made around runt-init before it is opened", (t) => {
  const cgroups = { ...REQUEST_V2.cgroups!, wait: true };
  const plan = planOf(() => {}, { host: { cgroup: V2 }, request: { ...REQUEST_V2, cgroups } });
  const first = stepsOf(plan, "sync")[0];
  t.match(first, { op: "sync", point: SYNC_CGROUP });
  t.ok(indexOf(plan, "sync") < indexOf(plan, "open_directory"));
  t.ok(indexOf(plan, "open_directory") < indexOf(plan, "clone"));
  t.end();
});

t.test("v2: cloned into the cgroup, the cgroup namespace made by the child", (t) => {
  const plan = planOf((config) => {
    config.linux!.namespaces = NEW;
  }, v2);
  const [directory] = stepsOf(plan, "open_directory");
  t.match(directory, { path: "/sys/fs/cgroup/box", readable: 1 });
  t.same(stepsOf(plan, "clone"), [{ op: "clone", flags: flagsOf("pid", "mount"), cgroup: directory!.slot }]);
  t.same(stepsOf(plan, "unshare")[1], { op: "unshare", flags: NAMESPACE_FLAGS.cgroup });
  t.ok(ops(plan).lastIndexOf("unshare") > indexOf(plan, "clone"));
  t.end();
});

t.test("a new user namespace: mapped, then left to its root to make the others", (t) => {
  const plan = planOf((config) => {
    config.linux!.namespaces = [...NEW];
    withUserNamespace(config);
  }, v2);
  const from = ops(plan).indexOf("unshare");
  t.same(
    plan.steps.slice(from, from + 6).map(({ step }) => step),
    [
      { op: "unshare", flags: NAMESPACE_FLAGS.user },
      { op: "sync", point: 1, slot: NO_SLOT },
      { op: "clone", flags: NAMESPACE_FLAGS.pid, cgroup: stepsOf(plan, "open_directory")[0]!.slot },
      { op: "enter_user", uid: 0, gid: 0, groups: [], keepGroups: 0 },
      { op: "unshare", flags: flagsOf("network", "ipc", "uts", "mount", "cgroup") },
      { op: "raise_loopback" },
    ],
  );
  t.end();
});

t.test("joined namespaces: opened first, not traceable, then joined", (t) => {
  const plan = planOf((config) => {
    config.linux!.namespaces = [
      { type: "pid", path: "/proc/9/ns/pid" },
      { type: "mount" },
      { type: "network", path: "/run/netns/a" },
    ];
  });
  const from = ops(plan).indexOf("open_namespace");
  t.same(
    plan.steps.slice(from, from + 6).map(({ step }) => step),
    [
      { op: "open_namespace", slot: 1, path: "/proc/9/ns/pid", type: NAMESPACE_FLAGS.pid },
      { op: "open_namespace", slot: 2, path: "/run/netns/a", type: NAMESPACE_FLAGS.network },
      { op: "set_dumpable", value: 0 },
      { op: "join_namespace", slot: 2, type: NAMESPACE_FLAGS.network, tolerate: 0 },
      { op: "join_namespace", slot: 1, type: NAMESPACE_FLAGS.pid, tolerate: 0 },
      { op: "clone", flags: NAMESPACE_FLAGS.mount, cgroup: NO_SLOT },
    ],
  );
  t.notOk(ops(plan).includes("raise_loopback"), "one that is joined is somebody else's");
  t.equal(plan.steps[from]!.where, "linux.namespaces[0] (pid from /proc/9/ns/pid)");
  t.end();
});

t.test("with a user namespace the others are tried before and after it", (t) => {
  const plan = planOf((config) => {
    config.linux!.namespaces = [
      { type: "user", path: "/proc/9/ns/user" },
      { type: "ipc", path: "/proc/9/ns/ipc" },
      { type: "mount" },
    ];
  });
  t.same(
    stepsOf(plan, "join_namespace").map(({ type, tolerate }) => [type, tolerate]),
    [
      [NAMESPACE_FLAGS.ipc, 1],
      [NAMESPACE_FLAGS.user, 0],
      [NAMESPACE_FLAGS.ipc, 0],
    ],
  );
  t.equal(ops(plan).lastIndexOf("enter_user") > indexOf(plan, "clone"), true, "its root is who sets up");
  // It may deny setgroups(2): root's groups are given up while that is allowed.
  t.match(plan.steps[indexOf(plan, "enter_user")]!.step, { uid: 0, gid: 0, groups: [], keepGroups: 2 });
  t.ok(indexOf(plan, "enter_user") < indexOf(plan, "join_namespace"));
  t.end();
});

t.test("a caller without CAP_SYS_ADMIN needs a user namespace", (t) => {
  const unprivileged = { host: { euid: 1000, egid: 1000, rootless: true, capabilities: 0n } };
  t.throws(() => planOf(() => {}, unprivileged), { message: /^linux\.namespaces: .*CAP_SYS_ADMIN.*spec --rootless/ });
  t.doesNotThrow(() => planOf(withOwnIds, unprivileged));
  t.doesNotThrow(() => planOf(() => {}, { host: { ...unprivileged.host, capabilities: 1n << 21n } }));
  t.end();
});

t.test("a new user namespace: nobody with the maker's uid can trace who makes it", (t) => {
  const plan = planOf(withUserNamespace);
  t.ok(indexOf(plan, "set_dumpable") < indexOf(plan, "unshare"), "before there are capabilities over it");
  t.same(
    stepsOf(plan, "set_dumpable").map(({ value }) => value),
    [0],
    "and root writes the maps all the same",
  );
  t.end();
});

t.test("joins and a new user namespace of a user: dumpable only while the engine writes the maps", (t) => {
  const plan = planOf(
    (config) => {
      config.linux!.namespaces!.push({ type: "network", path: "/run/netns/a" });
      withUserNamespace(config);
    },
    { host: { euid: 1000, egid: 1000, rootless: true } },
  );
  const from = ops(plan).lastIndexOf("join_namespace");
  t.same(ops(plan).slice(from, from + 6), [
    "join_namespace",
    "unshare",
    "set_dumpable",
    "sync",
    "set_dumpable",
    "clone",
  ]);
  t.same(
    stepsOf(plan, "set_dumpable").map(({ value }) => value),
    [0, 1, 0],
  );
  t.end();
});

t.test("a mount namespace that is joined: sources are the runtime's", (t) => {
  const plan = planOf((config) => {
    config.linux!.namespaces = [{ type: "mount", path: "/proc/9/ns/mnt" }];
  });
  t.ok(indexOf(plan, "clone_tree") < indexOf(plan, "open_namespace"));
  t.equal(stepsOf(plan, "clone")[0]!.flags, 0);
  t.end();
});

t.test("time offsets hold for the children of who writes them", (t) => {
  const plan = planOf((config) => {
    withUserNamespace(config);
    config.linux!.namespaces!.push({ type: "time" });
    config.linux!.timeOffsets = { monotonic: { secs: -5 }, boottime: { secs: 9007199254740993n, nanosecs: 7 } };
  });
  const from = ops(plan).indexOf("sync");
  t.same(ops(plan).slice(from, from + 4), ["sync", "unshare", "write_time_offsets", "clone"]);
  t.equal(stepsOf(plan, "write_time_offsets")[0]!.text, "monotonic -5 0\nboottime 9007199254740993 7\n");
  t.equal(stepsOf(plan, "clone")[0]!.flags & NAMESPACE_FLAGS.time, 0);
  t.end();
});
