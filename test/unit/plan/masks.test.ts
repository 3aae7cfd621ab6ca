import t from "tap";
import { indexOf, ops, planOf, stepsOf, withUserNamespace } from "./fixtures.js";

t.test("masks: the host's null device, opened before the root is left", (t) => {
  const plan = planOf((config) => {
    config.linux!.maskedPaths = ["/proc/kcore", "/sys/firmware", "/proc//kcore"];
    config.linux!.readonlyPaths = ["/proc/sys"];
  });
  const [empty] = stepsOf(plan, "make_masks");
  const none = stepsOf(plan, "clone_tree").find(({ path }) => path === "/dev/null")!;
  t.equal(none.expect, 2);
  t.same(
    stepsOf(plan, "mask_path"),
    ["/proc/kcore", "/sys/firmware"].map((path) => ({ op: "mask_path", path, empty: empty!.slot, null: none.slot })),
  );
  t.ok(indexOf(plan, "make_masks") < indexOf(plan, "pivot_root"));
  const from = indexOf(plan, "pivot_root");
  t.same(ops(plan).slice(from, from + 4), ["pivot_root", "protect_path", "mask_path", "mask_path"]);
  t.equal(plan.steps[from + 2]!.where, "linux.maskedPaths[0] (/proc/kcore)");
  t.end();
});

t.test("in a user namespace it is opened by root, private", (t) => {
  const plan = planOf((config) => {
    withUserNamespace(config);
    config.linux!.maskedPaths = ["/proc/kcore"];
  });
  const { slot } = stepsOf(plan, "clone_tree").find(({ path }) => path === "/dev/null")!;
  const cut = plan.steps.findIndex(({ step }) => step.op === "set_tree" && step.slot === slot);
  t.match(plan.steps[cut]!.step, { propagation: (1 << 18) | 0x4000 });
  t.ok(cut < indexOf(plan, "unshare"));
  t.ok(indexOf(plan, "make_masks") > indexOf(plan, "clone"));
  t.end();
});

t.test("nothing is opened for no masks", (t) => {
  const plan = planOf((config) => {
    config.linux!.maskedPaths = [];
    config.linux!.readonlyPaths = ["/proc/sys"];
  });
  t.notOk(ops(plan).includes("make_masks"));
  t.same(stepsOf(plan, "protect_path"), [{ op: "protect_path", path: "/proc/sys" }]);
  t.end();
});
