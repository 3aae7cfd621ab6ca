// linux.resources → writes of cgroup v2: one table a controller.

import t from "tap";
import { checkMemoryUsage } from "../../../src/cgroup/v2/memory.js";
import { sharesToWeight } from "../../../src/cgroup/v2/cpu.js";
import { convertWeight } from "../../../src/cgroup/v2/io.js";
import { controllersOf, v2Writes } from "../../../src/cgroup/v2/resources.js";
import type { LinuxResources } from "../../../src/cgroup/resources.js";

const lines = (resources: LinuxResources, cpuMax?: string) =>
  v2Writes(resources, cpuMax).map(({ file, value }) => `${file}=${value}`);

function table(name: string, rows: [LinuxResources, string[]][]): void {
  t.test(name, async (t) => {
    for (const [resources, expected] of rows) t.same(lines(resources), expected, JSON.stringify(resources));
  });
}

table("memory", [
  [{ memory: { limit: 0, swap: 0, reservation: 0 } }, []],
  [{ memory: { limit: 4096 } }, ["memory.max=4096"]],
  [{ memory: { limit: -1 } }, ["memory.swap.max=max", "memory.max=max"]],
  [{ memory: { limit: 4096, swap: 4096 } }, ["memory.swap.max=0", "memory.max=4096"]],
  [{ memory: { limit: 4096, swap: 8192 } }, ["memory.swap.max=4096", "memory.max=4096"]],
  [{ memory: { limit: 4096, swap: -1 } }, ["memory.swap.max=max", "memory.max=4096"]],
  [{ memory: { limit: -1, swap: 8192 } }, ["memory.swap.max=8192", "memory.max=max"]],
  [{ memory: { reservation: 100 } }, ["memory.low=100"]],
  [{ memory: { reservation: -1 } }, ["memory.low=max"]],
  [{ memory: { disableOOMKiller: false, useHierarchy: true, kernel: 5 } }, []],
]);

table("cpu and cpuset", [
  [{ cpu: { shares: 0, quota: 0, period: 0 } }, []],
  [{ cpu: { shares: 1024 } }, ["cpu.weight=100"]],
  [{ cpu: { quota: 5000 } }, ["cpu.max=5000"]],
  [{ cpu: { quota: -1 } }, ["cpu.max=max"]],
  [{ cpu: { quota: 5000, period: 10000 } }, ["cpu.max=5000 10000"]],
  [{ cpu: { quota: -1, period: 10000 } }, ["cpu.max=max 10000"]],
  [{ cpu: { period: 10000 } }, ["cpu.max=max 10000"]],
  [{ cpu: { quota: 5000, burst: 100 } }, ["cpu.max=5000", "cpu.max.burst=100"]],
  [{ cpu: { idle: 1, shares: 2 } }, ["cpu.weight=1", "cpu.idle=1"]],
  [{ cpu: { cpus: "0", mems: "0-1" } }, ["cpuset.cpus=0", "cpuset.mems=0-1"]],
]);

t.test("a period alone keeps the quota of a running container", async (t) => {
  t.same(lines({ cpu: { period: 20000 } }, "5000 100000\n"), ["cpu.max=5000 20000"]);
});

table("pids", [
  [{ pids: { limit: 0 } }, ["pids.max=0"]],
  [{ pids: { limit: -1 } }, ["pids.max=max"]],
  [{ pids: { limit: 7 } }, ["pids.max=7"]],
]);

table("io", [
  [{ blockIO: { weight: 0 } }, []],
  [{ blockIO: { weight: 10 } }, ["io.bfq.weight=10"]],
  [{ blockIO: { weightDevice: [{ major: 8, minor: 0, weight: 500 }] } }, ["io.bfq.weight=8:0 500"]],
  [
    {
      blockIO: {
        throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 600 }],
        throttleWriteBpsDevice: [{ major: 8, minor: 0, rate: 0 }],
        throttleReadIOPSDevice: [{ major: 8, minor: 16, rate: 300 }],
        throttleWriteIOPSDevice: [{ major: 8, minor: 16, rate: 1 }],
      },
    },
    ["io.max=8:0 rbps=600", "io.max=8:0 wbps=max", "io.max=8:16 riops=300", "io.max=8:16 wiops=1"],
  ],
]);

table("hugetlb, rdma, unified", [
  [{ hugepageLimits: [{ pageSize: "2MB", limit: 5 }] }, ["hugetlb.2MB.max=5", "hugetlb.2MB.rsvd.max=5"]],
  [{ rdma: { mlx5_1: { hcaHandles: 3 } } }, ["rdma.max=mlx5_1 hca_handle=3"]],
  [
    { unified: { "io.max": "8:0 rbps=1\n8:16 rbps=2\n", "memory.high": "10" }, memory: { limit: 5 } },
    ["memory.max=5", "io.max=8:0 rbps=1", "io.max=8:16 rbps=2", "memory.high=10"],
  ],
  [{ network: { classID: 0, priorities: [] } }, []],
]);

t.test("weights", async (t) => {
  for (const [shares, weight] of [
    [1, 1],
    [2, 1],
    [3, 2],
    [10, 4],
    [100, 17],
    [512, 59],
    [1024, 100],
    [2048, 174],
    [102400, 4429],
    [262143, 10000],
    [262144, 10000],
    [1000000, 10000],
    [1024n, 100],
  ] as const) {
    t.equal(sharesToWeight(shares), weight, `${shares} shares`);
  }
  for (const [weight, converted] of [
    [5, 1n],
    [10, 1n],
    [500, 4950n],
    [1000, 10000n],
  ] as const) {
    t.equal(convertWeight(weight), converted, `weight ${weight}`);
  }
  t.same(v2Writes({ blockIO: { weight: 1000 } })[0]!.fallback, { file: "io.weight", value: "10000" });
  t.same(v2Writes({ blockIO: { weightDevice: [{ major: 8, minor: 0, weight: 10 }] } })[0]!.fallback, {
    file: "io.weight",
    value: "8:0 1",
  });
});

t.test("what may be missing", async (t) => {
  const swap = (memory: LinuxResources["memory"]) => v2Writes({ memory })[0]!.optional;
  t.equal(swap({ limit: 5, swap: 5 }), true, "no swap accounting: there is no swap to forbid");
  t.equal(swap({ limit: 5, swap: -1 }), true);
  t.equal(swap({ limit: 5, swap: 6 }), undefined);
});

t.test("controllers that must be enabled", async (t) => {
  t.same(controllersOf(v2Writes({ memory: { limit: 1 }, cpu: { cpus: "0", shares: 5 }, pids: { limit: 1 } })), [
    "pids",
    "memory",
    "cpu",
    "cpuset",
  ]);
  t.same(controllersOf(v2Writes({ unified: { "cgroup.max.depth": "1", "misc.max": "x 1" } })), ["misc"]);
  t.same(controllersOf(v2Writes({ cpu: { idle: 0, burst: 0 } })), []);
});

t.test("refused", async (t) => {
  for (const [resources, message] of [
    [{ memory: { swap: 5 } }, /memory.swap: unable to set swap limit without memory limit/],
    [{ memory: { swap: 5, limit: 6 } }, /memory\+swap limit should be >= memory limit \(5 < 6\)/],
    [{ memory: { swappiness: 60 } }, /memory.swappiness: cgroup v2 has no swappiness/],
    [{ memory: { disableOOMKiller: true } }, /cannot disable the OOM killer/],
    [{ memory: { useHierarchy: false } }, /always hierarchical/],
    [{ cpu: { realtimeRuntime: 1 } }, /cpu.realtimeRuntime: cgroup v2 has no real-time/],
    [{ cpu: { realtimePeriod: 1 } }, /cpu.realtimePeriod: cgroup v2 has no real-time/],
    [{ blockIO: { leafWeight: 1 } }, /blockIO.leafWeight: cgroup v2 has no leaf weight/],
    [{ blockIO: { weightDevice: [{ major: 1, minor: 1, leafWeight: 1 }] } }, /weightDevice\[0\].leafWeight/],
    [{ network: { classID: 1 } }, /network.classID: cgroup v2 has no net_cls/],
    [{ network: { priorities: [{ name: "a", priority: 1 }] } }, /network.priorities/],
    [{ unified: { "../x.y": "1" } }, /"..\/x.y" must be a file name \(no slashes\)/],
    [{ unified: { memory: "1" } }, /must be in the form CONTROLLER.PARAMETER/],
  ] as [LinuxResources, RegExp][]) {
    t.throws(() => v2Writes(resources), { message }, JSON.stringify(resources));
  }
});

t.test("checkBeforeUpdate", async (t) => {
  t.doesNotThrow(() => checkMemoryUsage({ limit: 11, swap: -1 }, 10n));
  t.doesNotThrow(() => checkMemoryUsage({ limit: 0 }, 10n));
  t.throws(() => checkMemoryUsage({ limit: 10 }, 10n), { message: /rejecting memory limit 10 <= usage 10/ });
  t.throws(() => checkMemoryUsage({ swap: 9, limit: 8 }, 10n), {
    message: /rejecting memory\+swap limit 9 <= usage 10/,
  });
});
