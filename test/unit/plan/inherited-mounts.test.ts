import t from "tap";
import type { LinuxNamespace, Spec } from "../../../src/spec/types.gen.js";
import { indexOf, ops, planOf, stepsOf, withUserNamespace } from "./fixtures.js";

const PRIVATE = 1 << 18;
const SLAVE = 1 << 19;
const SHARED = 1 << 20;
const REC = 0x4000;

const inherits = (config: Spec): void => {
  config.linux!.namespaces = [{ type: "pid" }];
};

t.test("the root: copied, then its directory covered, then the copy on top; entered by chroot", (t) => {
  const plan = planOf(inherits);
  t.same(
    plan.steps.slice(ops(plan).indexOf("clone_tree"), ops(plan).indexOf("make_node")).map(({ step }) => step),
    [
      { op: "clone_tree", slot: 0, path: "/bundle/rootfs", recursive: 1, nofollow: 0, expect: 1 },
      { op: "set_tree", slot: 0, set: 0, clear: 0, propagation: SLAVE | REC, recursive: 0 },
      { op: "set_tree", slot: 0, set: 0, clear: 0, propagation: PRIVATE, recursive: 0 },
      { op: "cover_root", path: "/bundle/rootfs" },
      { op: "attach_root", slot: 0, path: "/bundle/rootfs" },
    ],
  );
  t.ok(indexOf(plan, "enter_root") > indexOf(plan, "attach_root"));
  for (const op of ["set_host_propagation", "pivot_root", "move_root"]) t.notOk(ops(plan).includes(op), op);
  t.same(plan.warnings, []);
  t.end();
});

t.test("all forms of a config without one", (t) => {
  const none: (LinuxNamespace[] | undefined)[] = [undefined, [], [{ type: "network" }]];
  for (const namespaces of none) {
    const plan = planOf((config) => {
      config.linux = namespaces && { namespaces };
    });
    t.ok(ops(plan).includes("enter_root"));
    t.equal(stepsOf(plan, "clone")[0]!.flags & 0x20000, 0, "no CLONE_NEWNS");
  }
  for (const mount of [{ type: "mount" }, { type: "mount", path: "/proc/9/ns/mnt" }] satisfies LinuxNamespace[]) {
    const plan = planOf((config) => {
      config.linux!.namespaces = [mount];
    });
    t.notOk(ops(plan).includes("enter_root"));
    t.notOk(ops(plan).includes("cover_root"));
  }
  t.end();
});

t.test("--no-pivot is what happens anyway", (t) => {
  t.ok(ops(planOf(inherits, { request: { noPivot: true } })).includes("enter_root"));
  t.end();
});

t.test("the path is that of the journal", (t) => {
  const plan = planOf(inherits, { request: { rootPoint: "/real/rootfs" } });
  t.equal(stepsOf(plan, "clone_tree")[0]!.path, "/real/rootfs");
  t.equal(stepsOf(plan, "cover_root")[0]!.path, "/real/rootfs");
  t.equal(stepsOf(plan, "attach_root")[0]!.path, "/real/rootfs");
  t.end();
});

t.test("no copy of a tree of the host stays its peer, unless that is asked for", (t) => {
  const edit = (config: Spec) => {
    inherits(config);
    config.mounts = [
      { destination: "/a", source: "/src/a", options: ["rbind"] },
      { destination: "/b", source: "/src/b", options: ["rbind", "rshared"] },
    ];
    config.linux!.maskedPaths = ["/proc/kcore"];
  };
  const cutOff = (plan: ReturnType<typeof planOf>, path: string) => {
    const { slot } = stepsOf(plan, "clone_tree").find((step) => step.path === path)!;
    const first = stepsOf(plan, "set_tree").find((step) => step.slot === slot);
    return first && [first.propagation, plan.steps.findIndex(({ step }) => step === first)];
  };
  const plan = planOf(edit);
  for (const path of ["/bundle/rootfs", "/src/a", "/src/b"]) t.equal(cutOff(plan, path)![0], SLAVE | REC, path);
  t.equal(cutOff(plan, "/dev/null")![0], PRIVATE | REC);
  const shared = planOf((config) => {
    edit(config);
    config.linux!.rootfsPropagation = "rshared";
  });
  t.equal(cutOff(shared, "/src/a")![0], SLAVE | REC);
  t.equal(cutOff(shared, "/src/b")![0], SHARED | REC, "bidirectional");
  t.end();
});

t.test("refused where the kernel gives no right to mount", (t) => {
  const message = (cause: string) => new RegExp(`^linux\\.namespaces: ${cause} \\(add \\{ "type": "mount" \\}`);
  const user = (config: Spec) => {
    inherits(config);
    withUserNamespace(config);
  };
  t.throws(() => planOf(user), {
    message: message("a user namespace has no right to mount in the runtime's mount namespace"),
  });
  const joined = (config: Spec) => {
    config.linux!.namespaces = [{ type: "user", path: "/proc/9/ns/user" }];
  };
  t.throws(() => planOf(joined), { message: message("a user namespace has no right to mount .*") });
  t.throws(() => planOf(inherits, { host: { rootless: true, mayMount: false } }), {
    message: message("the caller has no right to mount in its own mount namespace"),
  });
  t.end();
});

t.test("what leads out of it is said", (t) => {
  const warnings = (...names: string[]) =>
    planOf((config) => {
      inherits(config);
      config.process.capabilities = { bounding: names, permitted: names };
    }).warnings;
  t.same(warnings("CAP_KILL"), []);
  t.match(warnings("CAP_SYS_CHROOT"), [/^linux\.namespaces: .*with CAP_SYS_CHROOT it can reach the host's files$/]);
  t.match(warnings("CAP_SYS_ADMIN", "CAP_SYS_CHROOT"), [/with CAP_SYS_CHROOT and CAP_SYS_ADMIN/]);
  t.end();
});
