import t from "tap";
import type { Process } from "../../../src/spec/types.gen.js";
import { indexOf, linesAt, ops, planOf, stepsOf, withUserNamespace, type Changes } from "./fixtures.js";

const plan = (process: Partial<Process>, changes?: Changes) =>
  planOf((config) => {
    Object.assign(config.process, process);
  }, changes);

t.test("root: no detour over kept capabilities", (t) => {
  const all = plan({});
  const from = indexOf(all, "drop_bounding");
  t.same(ops(all).slice(from, from + 5), [
    "drop_bounding",
    "enter_user",
    "change_directory",
    "set_capabilities",
    "find_program",
  ]);
  t.end();
});

t.test("another user: the directory is entered as that user, with the right to search", (t) => {
  const all = plan({
    user: { uid: 1000, gid: 1001, additionalGids: [5] },
    cwd: "/root",
    capabilities: {
      permitted: ["CAP_KILL"],
      inheritable: ["CAP_CHOWN"],
      effective: ["CAP_KILL"],
      bounding: ["CAP_KILL"],
    },
    noNewPrivileges: true,
  });
  const from = indexOf(all, "drop_bounding");
  t.same(
    all.steps.slice(from, from + 7).map(({ step }) => step),
    [
      { op: "drop_bounding", keep: 1n << 5n },
      { op: "set_securebits", keepcaps: 1 },
      { op: "enter_user", uid: 1000, gid: 1001, groups: [5], keepGroups: 0 },
      { op: "set_capabilities", effective: 2n, permitted: (1n << 5n) | 3n, inheritable: 0n, ambient: 0n },
      { op: "change_directory", path: "/root", create: 0 },
      { op: "set_capabilities", effective: 1n << 5n, permitted: 1n << 5n, inheritable: 1n, ambient: 0n },
      { op: "set_no_new_privs" },
    ],
  );
  t.end();
});

t.test("a missing working directory is made by root of the container while the root can be written", (t) => {
  const all = planOf((config) => {
    config.process.cwd = "/work";
    config.root.readonly = true;
    withUserNamespace(config);
  });
  t.same(stepsOf(all, "make_directory"), [{ op: "make_directory", path: "/work", mode: 0o755, uid: 0, gid: 0 }]);
  t.ok(indexOf(all, "make_directory") > indexOf(all, "pivot_root"));
  t.ok(indexOf(all, "make_directory") < indexOf(all, "set_root"));
  t.notOk(ops(plan({ cwd: "/" })).includes("make_directory"));
  t.end();
});

t.test("umask: the config's, else 022", (t) => {
  const mask = (umask?: number) => stepsOf(plan({ user: { uid: 0, gid: 0, umask } }), "set_umask")[0]!.mask;
  t.equal(mask(0o077), 0o077);
  t.equal(mask(0), 0);
  t.equal(mask(), 0o022);
  t.end();
});

t.test("oom_score_adj: with the host's privileges; left alone when absent", (t) => {
  t.same(plan({ oomScoreAdj: -500 }).steps[0]!.step, { op: "write_self", file: "oom_score_adj", text: "-500" });
  t.same(stepsOf(plan({ oomScoreAdj: 0 }), "write_self")[0]!.text, "0");
  t.notOk(ops(plan({})).includes("write_self"));
  t.end();
});

t.test("session and keyring", (t) => {
  t.same(stepsOf(plan({}), "join_keyring"), [{ op: "join_keyring", name: "_ses.box" }]);
  t.notOk(ops(plan({}, { request: { noNewKeyring: true } })).includes("join_keyring"));
  t.ok(indexOf(plan({}), "set_session") > indexOf(plan({}), "clone"));
  t.end();
});

t.test("labels: set when the kernel knows them, refused when it does not", (t) => {
  t.same(
    linesAt(plan({ apparmorProfile: "docker-default" }, { host: { apparmor: true } }), "/process/apparmorProfile"),
    ["set_exec_label lsm=apparmor label=docker-default"],
  );
  t.throws(() => plan({ apparmorProfile: "docker-default" }), {
    message: /^process\.apparmorProfile \(docker-default\): the profile is for AppArmor/,
  });
  t.throws(() => plan({ selinuxLabel: "a:b" }), {
    message: /^process\.selinuxLabel \(a:b\): the label is for SELinux/,
  });
  t.notOk(ops(plan({ apparmorProfile: "unconfined" })).includes("set_exec_label"));
  t.match(stepsOf(plan({ apparmorProfile: "unconfined" }, { host: { apparmor: true } }), "set_exec_label"), [
    { label: "unconfined" },
  ]);
  t.notOk(ops(plan({ apparmorProfile: "", selinuxLabel: "" })).includes("set_exec_label"));
  t.end();
});

t.test("execCPUAffinity is not of this process", (t) => {
  t.notOk(ops(plan({ execCPUAffinity: { initial: "0" } })).includes("set_affinity"));
  t.end();
});
