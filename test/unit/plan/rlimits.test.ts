import t from "tap";
import { rlimitNames } from "../../../src/plan/rlimits.js";
import type { POSIXRlimit } from "../../../src/spec/types.gen.js";
import { indexOf, ops, planOf, ROOTLESS, stepsOf, withOwnIds, withUserNamespace, type Changes } from "./fixtures.js";

const NOFILE = 7;
type Edit = NonNullable<Parameters<typeof planOf>[0]>;
const plan = (rlimits: POSIXRlimit[] | undefined, changes?: Changes, edit: Edit = () => {}) =>
  planOf((config) => {
    config.process.rlimits = rlimits;
    edit(config);
  }, changes);
const limits = (...args: Parameters<typeof plan>) =>
  stepsOf(plan(...args), "set_rlimit").map(({ resource, soft, hard }) => [resource, soft, hard]);

t.test("all sixteen, by the kernel's numbers", (t) => {
  t.equal(rlimitNames().length, 16);
  const table: [POSIXRlimit["type"], number][] = [
    ["RLIMIT_CPU", 0],
    ["RLIMIT_CORE", 4],
    ["RLIMIT_NPROC", 6],
    ["RLIMIT_MEMLOCK", 8],
    ["RLIMIT_AS", 9],
    ["RLIMIT_MSGQUEUE", 12],
    ["RLIMIT_RTTIME", 15],
  ];
  for (const [type, resource] of table) t.same(limits([{ type, soft: 1, hard: 2 }]), [[resource, 1, 2]], type);
  const infinity = 2n ** 64n - 1n;
  t.same(limits([{ type: "RLIMIT_CORE", soft: infinity, hard: infinity }]), [[4, infinity, infinity]]);
  t.end();
});

t.test("before the privileges go", (t) => {
  const all = plan([{ type: "RLIMIT_NPROC", soft: 1, hard: 2 }]);
  t.ok(indexOf(all, "set_rlimit") < indexOf(all, "drop_bounding"));
  t.end();
});

t.test("open files: the config's, else the caller's", (t) => {
  const host = { nofile: { soft: 1024n, hard: 4096n } };
  t.same(limits(undefined, { host }), [[NOFILE, 1024n, 4096n]]);
  t.same(limits([{ type: "RLIMIT_NOFILE", soft: 2000, hard: 3000 }], { host }), [[NOFILE, 2000, 3000]]);
  t.same(limits(undefined), []);
  t.end();
});

t.test("a low limit of open files comes last, its ceiling while that is allowed", (t) => {
  const all = plan([{ type: "RLIMIT_NOFILE", soft: 5, hard: 5000 }]);
  t.same(
    stepsOf(all, "set_rlimit").map(({ soft, hard }) => [soft, hard]),
    [
      [5000, 5000],
      [5, 5000],
    ],
  );
  t.ok(indexOf(all, "set_rlimit") < indexOf(all, "drop_bounding"));
  t.same(ops(all).slice(-3), ["close_descriptors", "set_rlimit", "execute"]);
  t.same(limits([{ type: "RLIMIT_NOFILE", soft: 5, hard: 6 }]), [[NOFILE, 5, 6]], "a low ceiling needs no privilege");
  t.end();
});

t.test("below an early filter it comes before the filter", (t) => {
  const all = plan(
    [{ type: "RLIMIT_NOFILE", soft: 5, hard: 6 }],
    { request: { seccomp: { filter: new Uint8Array(8), flags: 0 } } },
    (config) => {
      config.linux!.seccomp = { defaultAction: "SCMP_ACT_ALLOW" };
    },
  );
  t.equal(indexOf(all, "set_seccomp") - indexOf(all, "set_rlimit"), 1);
  t.end();
});

t.test("ceilings of a user namespace are raised with the host's privileges", (t) => {
  const rlimits: POSIXRlimit[] = [
    { type: "RLIMIT_NOFILE", soft: 10, hard: 1000000 },
    { type: "RLIMIT_MEMLOCK", soft: 1, hard: 2 },
    { type: "RLIMIT_FSIZE", soft: 0, hard: 0 },
  ];
  const all = plan(rlimits, {}, withUserNamespace);
  const clone = indexOf(all, "clone");
  const set = all.steps.flatMap(({ step }, index) =>
    step.op === "set_rlimit" ? [[index < clone ? "before" : "after", step.resource, step.soft, step.hard]] : [],
  );
  t.same(set, [
    ["before", NOFILE, 1000000, 1000000],
    ["before", 8, 2, 2],
    ["after", 8, 1, 2],
    ["after", 1, 0, 0],
    ["after", NOFILE, 10, 1000000],
  ]);
  const rootless = plan(rlimits, { host: ROOTLESS }, withOwnIds);
  t.ok(
    indexOf(rootless, "set_rlimit") > indexOf(rootless, "clone"),
    "without privileges there is nothing to use them for",
  );
  t.end();
});
