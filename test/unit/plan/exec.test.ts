import t from "tap";
import type { Spec } from "../../../src/spec/types.gen.js";
import { NO_SLOT } from "../../../src/plan/steps.gen.js";
import { ops, planOf, stepsOf, type Changes } from "./fixtures.js";

const plan = (env: string[] | undefined, changes?: Changes, uid = 0) =>
  planOf((config) => {
    config.process.env = env;
    config.process.args = ["prog", "-x"];
    config.process.user.uid = uid;
  }, changes);
const environment = (...args: Parameters<typeof plan>) => stepsOf(plan(...args), "execute")[0]!.env;
const search = (...env: string[]) => stepsOf(plan(env), "find_program")[0];

t.test("run: found, agreed, executed", (t) => {
  const all = plan(["PATH=/p"]);
  t.same(
    all.steps.slice(-4).map(({ step }) => step),
    [
      { op: "find_program", name: "prog", path: "/p" },
      { op: "sync", point: 3, slot: NO_SLOT },
      { op: "close_descriptors", first: 3 },
      { op: "execute", args: ["prog", "-x"], env: ["PATH=/p", "HOME=/root"] },
    ],
  );
  t.equal(all.passed, 0);
  t.end();
});

t.test("create: waits at the socket that the engine passes in", (t) => {
  const all = plan([], { request: { waitForStart: true, preserve: 4 } });
  t.same(ops(all).slice(-5), ["find_program", "sync", "listen_start", "close_descriptors", "execute"]);
  t.same(stepsOf(all, "listen_start"), [{ op: "listen_start", slot: 0, state: NO_SLOT }]);
  t.equal(stepsOf(all, "close_descriptors")[0]!.first, 7);
  t.equal(all.passed, 1);
  t.end();
});

t.test("create without CAP_SYS_PTRACE: dumpable while it waits, if nobody else's processes see it", (t) => {
  const waiting = (capabilities: bigint, edit: (config: Spec) => void = () => {}) =>
    ops(planOf(edit, { request: { waitForStart: true }, host: { capabilities } })).slice(-6, -2);
  const all = (1n << 41n) - 1n;
  const ptrace = 1n << 19n;
  t.same(waiting(all ^ ptrace), ["sync", "set_dumpable", "listen_start", "set_dumpable"]);
  t.equal(waiting(all).includes("set_dumpable"), false);
  const shared = waiting(all ^ ptrace, ({ linux }) => {
    linux!.namespaces = linux!.namespaces!.filter(({ type }) => type !== "pid");
  });
  t.equal(shared.includes("set_dumpable"), false);
  t.end();
});

t.test("the last of several entries with one name counts", (t) => {
  t.same(environment(["A=1", "B=2", "A=3", "HOME=/h", "C="]), ["B=2", "A=3", "HOME=/h", "C="]);
  t.same(environment(["A==", "A=x=y", "HOME=/"]), ["A=x=y", "HOME=/"]);
  t.end();
});

t.test("HOME is there always, and no file of the image is asked", (t) => {
  t.same(environment(undefined), ["HOME=/root"]);
  t.same(environment([], {}, 1000), ["HOME=/"]);
  t.same(environment(["HOME=", "A=1"], {}, 1000), ["A=1", "HOME=/"]);
  t.end();
});

t.test("sockets that are handed on", (t) => {
  const request = { listenFds: 2 };
  t.same(environment(["LISTEN_PID=77", "A=1", "HOME=/h"], { request }), [
    "A=1",
    "HOME=/h",
    "LISTEN_FDS=2",
    "LISTEN_PID=1",
  ]);
  t.end();
});

t.test("PATH: of the config, the last one; without it that of execvp(3)", (t) => {
  t.match(search("PATH=/a", "PATH=/b"), { path: "/b" });
  t.match(search("PATH="), { path: "" });
  t.match(search("XPATH=/a"), { path: "/bin:/usr/bin" });
  t.end();
});
