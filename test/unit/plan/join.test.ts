// The program of exec: what is done before the container can see anything of it, and in which order.

import t from "tap";
import { planJoin, type JoinRequest } from "../../../src/plan/join.js";
import { KEEP_GROUPS_ANNOTATION } from "../../../src/plan/mappings.js";
import type { Host, Plan } from "../../../src/plan/types.js";
import { ROOT, smallConfig } from "./fixtures.js";

const V1 = ["/sys/fs/cgroup/memory/box", "/sys/fs/cgroup/pids/box"];
const REQUEST: JoinRequest = {
  id: "box",
  init: { pid: 77, startTime: 12345 },
  hasPidfd: true,
  preserve: 0,
  noNewKeyring: false,
  cgroups: { join: V1, into: "/sys/fs/cgroup/unified/box" },
  cgroupsAt: "",
  streams: [],
};

const names = (plan: Plan) => plan.steps.map(({ step }) => step.op);

t.test("dumpable first, then the cgroups; no directory of the host when the container comes in sight", async (t) => {
  const plan = planJoin(smallConfig(), ROOT, REQUEST);
  const ops = names(plan);
  t.equal(ops[0], "set_dumpable");
  const [enter, join, clone] = [ops.indexOf("clone"), ops.indexOf("join_process"), ops.lastIndexOf("clone")];
  t.ok(ops.lastIndexOf("join_cgroup") < enter, "v1 before the clone");
  t.ok(enter < join && join < clone, "cgroup2, namespaces, pid namespace");
  t.equal(ops.filter((op) => op === "open_directory").length, 1);
  t.same(plan.steps[join]!.step, {
    op: "join_process",
    process: 0,
    pid: 77,
    startTime: 12345,
    flags: 0x20000 | 0x20000000,
    root: 0,
  });
  t.equal(plan.passed, 1, "the pidfd");
  t.ok(ops.indexOf("set_session") > clone);
  t.same(ops.slice(-4), ["find_program", "sync", "close_descriptors", "execute"]);
  t.notOk(
    ops.some((op) => /mount|tree|pivot|hook|hostname/.test(op)),
    "nothing is set up anew",
  );
});

t.test("without cgroup2 there is one clone; without a pidfd the process is known by its start time", async (t) => {
  const plan = planJoin(smallConfig(), ROOT, { ...REQUEST, hasPidfd: false, cgroups: { join: V1 } });
  t.equal(names(plan).filter((op) => op === "clone").length, 1);
  t.equal(plan.passed, 0);
  t.match(plan.steps.find(({ step }) => step.op === "join_process")!.step, { process: 0xffffffff });
});

t.test("a container in the host's mount namespace: its root is entered, as no namespace leads there", (t) => {
  const config = smallConfig();
  config.linux!.namespaces = [{ type: "pid" }];
  const plan = planJoin(config, ROOT, REQUEST);
  t.match(plan.steps.find(({ step }) => step.op === "join_process")!.step, { flags: 0x20000000, root: 1 });
  t.end();
});

t.test("the CPUs: initial before, final after, else all that the cpuset allows", async (t) => {
  const config = smallConfig();
  const cpus = () =>
    planJoin(config, ROOT, REQUEST).steps.flatMap(({ step }) => (step.op === "set_affinity" ? [step.cpus] : []));
  t.same(cpus(), [[]]);
  config.process.execCPUAffinity = { initial: "0-1", final: "1" };
  t.same(cpus(), [[0, 1], [1]]);
  config.process.execCPUAffinity = { initial: "2" };
  t.same(cpus(), [[2], []]);
});

t.test("a filter without no_new_privs comes before the capabilities go, else it is the last", async (t) => {
  const config = smallConfig();
  config.linux!.seccomp = { defaultAction: "SCMP_ACT_ALLOW" };
  const seccomp = { filter: new Uint8Array(8), flags: 0 };
  const early = names(planJoin(config, ROOT, { ...REQUEST, seccomp }));
  t.ok(early.indexOf("set_seccomp") < early.lastIndexOf("set_capabilities"));
  config.process.noNewPrivileges = true;
  const late = names(planJoin(config, ROOT, { ...REQUEST, seccomp }));
  t.same(late.slice(-3), ["close_descriptors", "set_seccomp", "execute"]);
});

t.test("what comes in sight of the container has no more rights than it needs", async (t) => {
  const config = smallConfig();
  const rights = (seccomp = false) => {
    const compiled = { seccomp: { filter: new Uint8Array(8), flags: 0 } };
    const { steps } = planJoin(config, ROOT, seccomp ? { ...REQUEST, ...compiled } : REQUEST);
    const ops = steps.map(({ step }) => step.op);
    t.same(ops.slice(ops.indexOf("join_process"), ops.lastIndexOf("clone") + 1), [
      "join_process",
      "drop_bounding",
      "set_capabilities",
      "clone",
    ]);
    const kept = steps.find(({ step }) => step.op === "set_capabilities")!.step as { permitted: bigint };
    return [7, 21, 0].filter((bit) => kept.permitted & (1n << BigInt(bit)));
  };
  const [setuid, admin, chown] = [7, 21, 0];
  t.same(rights(), [setuid]);
  config.process.terminal = true;
  t.same(rights(), [setuid, chown], "the terminal's owner");
  config.process.ioPriority = { class: "IOPRIO_CLASS_RT", priority: 0 };
  t.same(rights(), [setuid, admin, chown], "real-time I/O");
  delete config.process.ioPriority;
  config.linux!.seccomp = { defaultAction: "SCMP_ACT_ALLOW" };
  t.same(rights(true), [setuid, admin, chown], "a filter without no_new_privs");
  config.process.noNewPrivileges = true;
  t.same(rights(true), [setuid, chown]);
});

t.test("the host's root leaves its groups behind where the user namespace does not allow setgroups", async (t) => {
  const config = smallConfig();
  config.linux!.namespaces!.push({ type: "user" });
  config.linux!.uidMappings = [{ containerID: 0, hostID: 1000, size: 1 }];
  config.linux!.gidMappings = [{ containerID: 0, hostID: 1000, size: 1 }];
  const users = (host: Host) =>
    planJoin(config, host, REQUEST).steps.flatMap(({ step }) => (step.op === "enter_user" ? [step] : []));
  t.same(
    users({ ...ROOT, setgroupsDenied: true }).map(({ keepGroups }) => keepGroups),
    [0, 1, 1],
    "outside, as set-up user, as the process's user",
  );
  t.same(
    users(ROOT).map(({ keepGroups }) => keepGroups),
    [0, 0],
  );
  config.annotations = { [KEEP_GROUPS_ANNOTATION]: "1" };
  t.same(
    users({ ...ROOT, setgroupsDenied: true }).map(({ keepGroups }) => keepGroups),
    [1, 1],
    "unless the container keeps the caller's",
  );
});

t.test("a terminal is the container's own, and /dev/console is left alone", async (t) => {
  const config = smallConfig();
  config.process.terminal = true;
  config.process.consoleSize = { width: 100, height: 30 };
  config.process.user.uid = 9;
  const { steps } = planJoin(config, ROOT, REQUEST);
  t.same(steps.find(({ step }) => step.op === "open_console")!.step, {
    op: "open_console",
    width: 100,
    height: 30,
    uid: 9,
    bind: 0,
  });
});

t.test("errors about cgroups name the flag that asked for them", async (t) => {
  const { steps } = planJoin(smallConfig(), ROOT, { ...REQUEST, cgroupsAt: "--cgroup" });
  for (const { step, where } of steps) if (step.op === "join_cgroup") t.equal(where, "--cgroup");
});
