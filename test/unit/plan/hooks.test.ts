import t from "tap";
import { planHook } from "../../../src/plan/hooks.js";
import { NO_SLOT } from "../../../src/plan/steps.gen.js";
import type { Hooks } from "../../../src/spec/types.gen.js";
import { indexOf, ops, planOf, stepsOf, type Changes } from "./fixtures.js";

const plan = (hooks: Hooks, changes?: Changes) =>
  planOf((config) => {
    config.hooks = hooks;
    config.process.env = ["A=1"];
  }, changes);

t.test("a hook of the engine is a program of one step", (t) => {
  const made = planHook({ path: "/h", args: ["h", "-x"], env: ["A=b"], timeout: 3 }, "/hooks/poststop/1", "/b");
  const steps = made.steps.map(({ step, pointer, where }) => ({ step, pointer, where }));
  t.same(
    { ...made, steps },
    {
      steps: [
        {
          step: {
            op: "run_hook",
            path: "/h",
            directory: "/b",
            args: ["h", "-x"],
            env: ["A=b"],
            timeoutMs: 3000,
            stdin: 0,
          },
          pointer: "/hooks/poststop/1",
          where: "hooks.poststop[1] (/h)",
        },
      ],
      slots: 1,
      passed: 1,
      warnings: [],
    },
  );
  t.match(planHook({ path: "/h" }, "/hooks/prestart/0", "").steps[0]!.step, { args: ["/h"], env: [], timeoutMs: 0 });
  t.end();
});

t.test("a time-out of more than 49 days is one of 49 days", (t) => {
  const { step } = planHook({ path: "/h", timeout: 2 ** 31 - 1 }, "/hooks/prestart/0", "").steps[0]!;
  t.match(step, { timeoutMs: 2 ** 32 - 1 });
  t.end();
});

t.test("no hooks, no sync", (t) => {
  for (const hooks of [{}, { prestart: [] }, { poststart: [{ path: "/h" }], poststop: [{ path: "/h" }] }]) {
    t.same(
      stepsOf(plan(hooks), "sync").map(({ point }) => point),
      [3],
    );
  }
  t.end();
});

t.test("the engine's hooks: one sync before the root is left, without a descriptor", (t) => {
  for (const kind of ["prestart", "createRuntime"] as const) {
    const all = plan({ [kind]: [{ path: "/h" }] });
    t.same(stepsOf(all, "sync")[0], { op: "sync", point: 2, slot: NO_SLOT });
    t.ok(indexOf(all, "sync") < indexOf(all, "pivot_root"));
    t.notOk(ops(all).includes("run_hook"));
  }
  t.end();
});

t.test("createContainer hooks: the state comes with the answer", (t) => {
  const all = plan({ createContainer: [{ path: "/a" }, { path: "/b", env: ["X=y"] }] });
  const [sync] = stepsOf(all, "sync");
  t.not(sync!.slot, NO_SLOT);
  t.match(stepsOf(all, "run_hook"), [
    { path: "/a", env: [], stdin: sync!.slot },
    { path: "/b", env: ["X=y"], stdin: sync!.slot },
  ]);
  t.ok(ops(all).lastIndexOf("run_hook") < indexOf(all, "pivot_root"));
  t.ok(ops(all).lastIndexOf("make_symlink") < indexOf(all, "sync"));
  t.end();
});

t.test("startContainer hooks: the state comes with the answer of run, or with the go of start", (t) => {
  const hooks: Hooks = { startContainer: [{ path: "/a" }, { path: "/b", env: [] }] };
  const run = plan(hooks);
  const [ready] = stepsOf(run, "sync");
  t.not(ready!.slot, NO_SLOT);
  t.match(stepsOf(run, "run_hook"), [
    { path: "/a", stdin: ready!.slot, env: ["A=1", "HOME=/root"] },
    { path: "/b", stdin: ready!.slot, env: [] },
  ]);
  const create = plan(hooks, { request: { waitForStart: true } });
  t.same(stepsOf(create, "sync")[0]!.slot, NO_SLOT);
  const [wait] = stepsOf(create, "listen_start");
  t.equal(wait!.slot, 0);
  t.equal(stepsOf(create, "run_hook")[0]!.stdin, wait!.state);
  t.ok(indexOf(create, "run_hook") > indexOf(create, "listen_start"));
  t.end();
});
