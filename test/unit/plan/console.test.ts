import t from "tap";
import { indexOf, ops, planOf, stepsOf } from "./fixtures.js";

t.test("a terminal", (t) => {
  const plan = planOf((config) => {
    config.process.terminal = true;
    config.process.consoleSize = { height: 24, width: 80 };
    config.process.user = { uid: 7, gid: 7 };
    config.mounts = [{ destination: "/dev/pts", type: "devpts" }];
    config.hooks = { createRuntime: [{ path: "/h" }] };
  });
  t.same(stepsOf(plan, "open_console"), [{ op: "open_console", width: 80, height: 24, uid: 7, bind: 1 }]);
  t.ok(indexOf(plan, "open_console") > indexOf(plan, "attach_tree"));
  t.ok(indexOf(plan, "open_console") < indexOf(plan, "sync"));
  t.ok(indexOf(plan, "open_console") > indexOf(plan, "set_session"), "it becomes the session's terminal");
  t.end();
});

t.test("no terminal: the size is ignored", (t) => {
  const plan = planOf((config) => {
    config.process.consoleSize = { height: 24, width: 80 };
  });
  t.notOk(ops(plan).includes("open_console"));
  const unsized = planOf((config) => {
    config.process.terminal = true;
  });
  t.match(stepsOf(unsized, "open_console")[0], { width: 0, height: 0 });
  t.end();
});
