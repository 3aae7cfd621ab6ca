import t from "tap";
import { memoryPolicyFlags, memoryPolicyModes } from "../../../src/plan/memory-policy.js";
import { expandNumberList } from "../../../src/plan/number-list.js";
import { OWN } from "../../../src/plan/program.js";
import type { LinuxMemoryPolicy, LinuxPersonality, Process } from "../../../src/spec/types.gen.js";
import { planOf, stepsOf } from "./fixtures.js";

const process = (changes: Partial<Process>) =>
  planOf((config) => {
    Object.assign(config.process, changes);
  });

t.test("scheduler", (t) => {
  const none = { flags: 0, nice: 0, priority: 0, runtime: 0, deadline: 0, period: 0 };
  const table: [Process["scheduler"], object][] = [
    [
      { policy: "SCHED_OTHER", nice: -5 },
      { ...none, policy: 0, nice: -5 },
    ],
    [
      { policy: "SCHED_FIFO", priority: 50 },
      { ...none, policy: 1, priority: 50 },
    ],
    [
      { policy: "SCHED_RR", priority: 1 },
      { ...none, policy: 2, priority: 1 },
    ],
    [{ policy: "SCHED_BATCH" }, { ...none, policy: 3 }],
    [{ policy: "SCHED_ISO" }, { ...none, policy: 4 }],
    [{ policy: "SCHED_IDLE" }, { ...none, policy: 5 }],
    [
      {
        policy: "SCHED_DEADLINE",
        runtime: 2n ** 60n,
        deadline: 20,
        period: 30,
        flags: ["SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_DL_OVERRUN"],
      },
      { ...none, policy: 6, runtime: 2n ** 60n, deadline: 20, period: 30, flags: 5 },
    ],
  ];
  for (const [scheduler, expected] of table) {
    t.same(stepsOf(process({ scheduler }), "set_scheduler"), [{ op: "set_scheduler", ...expected }], scheduler!.policy);
  }
  t.end();
});

t.test("I/O priority", (t) => {
  const value = (ioPriority: Process["ioPriority"]) => stepsOf(process({ ioPriority }), "set_io_priority")[0]!.value;
  t.equal(value({ class: "IOPRIO_CLASS_RT", priority: 0 }), 1 << 13);
  t.equal(value({ class: "IOPRIO_CLASS_BE", priority: 7 }), (2 << 13) | 7);
  t.equal(value({ class: "IOPRIO_CLASS_IDLE", priority: 4 }), (3 << 13) | 4);
  t.equal(value({ class: "IOPRIO_CLASS_IDLE" }), 3 << 13);
  t.end();
});

t.test("memory policy", (t) => {
  const step = (memoryPolicy: LinuxMemoryPolicy) => {
    const plan = planOf((config) => {
      config.linux!.memoryPolicy = memoryPolicy;
    });
    return stepsOf(plan, "set_memory_policy")[0];
  };
  t.match(step({ mode: "MPOL_DEFAULT" }), { mode: 0, nodes: [] });
  t.match(step({ mode: "MPOL_INTERLEAVE", nodes: "0-1,3", flags: ["MPOL_F_STATIC_NODES"] }), {
    mode: 3 | (1 << 15),
    nodes: [0, 1, 3],
  });
  t.match(step({ mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES"] }), {
    mode: 2 | (1 << 13) | (1 << 14),
  });
  t.match(step({ mode: "MPOL_WEIGHTED_INTERLEAVE", nodes: "0" }), { mode: 6 });
  t.equal(memoryPolicyModes().length, 7);
  t.equal(memoryPolicyFlags().length, 3);
  t.end();
});

t.test("personality", (t) => {
  const persona = (domain: LinuxPersonality["domain"]) => {
    const plan = planOf((config) => {
      config.linux!.personality = { domain };
    });
    return stepsOf(plan, "set_personality")[0]!.persona;
  };
  t.equal(persona("LINUX"), 0);
  t.equal(persona("LINUX32"), 8);
  t.end();
});

t.test("lists of numbers", (t) => {
  const expand = (list: string) => expandNumberList(list, OWN);
  t.same(expand(""), []);
  t.same(expand("5"), [5]);
  t.same(expand("0-3,7,2"), [0, 1, 2, 3, 7]);
  t.same(expand(" 1 , 3 "), [1, 3]);
  for (const list of ["a", "3-1", "1-", "-1", "1-2-3", "0x1"])
    t.throws(() => expand(list), { message: /expected a list/ }, list);
  t.throws(() => expand("0-99999999999"), { message: /expected numbers below 8192/ });
  t.end();
});
