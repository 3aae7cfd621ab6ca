import t from "tap";
import type { RootfsPropagation } from "../../../src/spec/types.gen.js";
import { indexOf, ops, planOf, stepsOf, withUserNamespace } from "./fixtures.js";

const PRIVATE = 1 << 18;
const SLAVE = 1 << 19;
const SHARED = 1 << 20;
const UNBINDABLE = 1 << 17;
const REC = 0x4000;

t.test("the root: cut off, opened, in its place, entered", (t) => {
  const plan = planOf();
  t.same(
    plan.steps.slice(ops(plan).indexOf("set_host_propagation"), ops(plan).indexOf("make_node")).map(({ step }) => step),
    [
      { op: "set_host_propagation", flags: SLAVE | REC },
      { op: "clone_tree", slot: 0, path: "/bundle/rootfs", recursive: 1, nofollow: 0, expect: 1 },
      { op: "set_tree", slot: 0, set: 0, clear: 0, propagation: PRIVATE, recursive: 0 },
      { op: "attach_root", slot: 0, path: "/bundle/rootfs" },
    ],
  );
  t.ok(indexOf(plan, "pivot_root") > indexOf(plan, "attach_root"));
  t.notOk(ops(plan).includes("set_root"));
  t.end();
});

t.test("root.path: absolute or from the bundle", (t) => {
  const path = (path: string) => {
    const plan = planOf((config) => {
      config.root.path = path;
    });
    return stepsOf(plan, "attach_root")[0]!.path;
  };
  t.equal(path("/srv/root"), "/srv/root");
  t.equal(path("a/../b"), "/bundle/a/../b", "not cleaned: a may be a symlink");
  t.end();
});

t.test("opened by root before a user namespace", (t) => {
  const plan = planOf(withUserNamespace);
  t.same(
    plan.steps.slice(0, 3).map(({ step }) => step),
    [
      { op: "clone_tree", slot: 0, path: "/bundle/rootfs", recursive: 1, nofollow: 0, expect: 1 },
      { op: "set_tree", slot: 0, set: 0, clear: 0, propagation: SLAVE | REC, recursive: 0 },
      { op: "set_tree", slot: 0, set: 0, clear: 0, propagation: PRIVATE, recursive: 0 },
    ],
  );
  t.ok(indexOf(plan, "attach_root") > indexOf(plan, "clone"));
  t.end();
});

t.test("rootfsPropagation: some of it at once, some when the root has been left", (t) => {
  const table: [RootfsPropagation | undefined, number, number][] = [
    [undefined, PRIVATE, 0],
    ["private", PRIVATE, 0],
    ["rprivate", PRIVATE | REC, 0],
    ["slave", SLAVE, 0],
    ["rslave", SLAVE | REC, 0],
    ["shared", PRIVATE, SHARED],
    ["rshared", PRIVATE, SHARED | REC],
    ["unbindable", PRIVATE, UNBINDABLE],
    ["runbindable", PRIVATE, UNBINDABLE | REC],
  ];
  for (const [value, early, late] of table) {
    const plan = planOf((config) => {
      config.linux!.rootfsPropagation = value;
    });
    t.equal(stepsOf(plan, "set_tree")[0]!.propagation, early, `${value}: early`);
    t.equal(stepsOf(plan, "set_root")[0]?.propagation ?? 0, late, `${value}: late`);
    if (late) t.ok(indexOf(plan, "set_root") > indexOf(plan, "pivot_root"), `${value}: after the pivot`);
  }
  t.end();
});

t.test("readonly is the last that is said of the root", (t) => {
  const plan = planOf((config) => {
    config.root.readonly = true;
    config.process.cwd = "/missing";
    config.linux!.rootfsPropagation = "shared";
    config.linux!.maskedPaths = ["/proc/kcore"];
  });
  t.same(stepsOf(plan, "set_root").at(-1), { op: "set_root", propagation: 0, readonly: 1 });
  const last = ops(plan).lastIndexOf("set_root");
  for (const op of ["make_directory", "mask_path", "make_node", "make_symlink"])
    t.ok(ops(plan).lastIndexOf(op) < last, op);
  t.end();
});

t.test("--no-pivot", (t) => {
  const plan = planOf(() => {}, { request: { noPivot: true } });
  t.ok(ops(plan).includes("move_root"));
  t.notOk(ops(plan).includes("pivot_root"));
  t.end();
});
