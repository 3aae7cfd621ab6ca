import t from "tap";
import { REQUEST, indexOf, ops, planOf, stepsOf } from "./fixtures.js";

t.test("the socket's directory: read-only, after the config's mounts", (t) => {
  const plan = planOf(
    (config) => {
      config.process.env = ["NOTIFY_SOCKET=/of/the/image", "A=b"];
      config.mounts = [{ destination: "/run", type: "tmpfs" }];
      config.hooks = { createRuntime: [{ path: "/h" }] };
    },
    { request: { ...REQUEST, notifyDirectory: "/state/notify" } },
  );
  const [tree] = stepsOf(plan, "clone_tree").filter((step) => "path" in step && step.path === "/state/notify");
  t.match(tree, { recursive: 0, nofollow: 0 });
  const targets = stepsOf(plan, "attach_tree").map((step) => "target" in step && step.target);
  t.ok(targets.indexOf("/run/notify") > targets.indexOf("/run"));
  t.ok(indexOf(plan, "attach_tree") < indexOf(plan, "sync"));
  const [execute] = stepsOf(plan, "execute");
  t.match(execute, { env: ["A=b", "HOME=/root", "NOTIFY_SOCKET=/run/notify/notify.sock"] });
  const mounted = plan.steps.filter(({ where }) => where === "NOTIFY_SOCKET").map(({ step }) => step.op);
  t.same(mounted, ["clone_tree", "set_tree", "set_tree", "attach_tree"], "errors name the variable");
  t.end();
});

t.test("nobody to notify: nothing of it", (t) => {
  const plan = planOf((config) => {
    config.process.env = ["NOTIFY_SOCKET=/of/the/image"];
  });
  t.notOk(plan.steps.some(({ where }) => where === "NOTIFY_SOCKET"));
  t.match(stepsOf(plan, "execute")[0], { env: ["NOTIFY_SOCKET=/of/the/image", "HOME=/root"] });
  t.ok(ops(plan).includes("execute"));
  t.end();
});
