// linux.resources → writes of cgroup v1: one table a controller.

import t from "tap";
import { resourceWarnings, splitHybrid, v1Writes } from "../../../src/cgroup/v1/resources.js";
import type { LinuxResources } from "../../../src/cgroup/resources.js";
import { statsJson } from "../../../src/cgroup/stats/shape.js";

/** Writes as "controller/file=value" lines. */
const lines = (resources: LinuxResources) =>
  v1Writes(resources).map(({ controller, file, value }) => `${controller}/${file}=${value}`);

/** Each row: what is asked, what is written. */
function table(name: string, rows: [LinuxResources, string[]][]): void {
  t.test(name, async (t) => {
    for (const [resources, expected] of rows) t.same(lines(resources), expected, statsJson(resources));
  });
}

table("memory", [
  [{ memory: {} }, []],
  [{ memory: { limit: 0, swap: 0, reservation: 0 } }, []],
  [{ memory: { limit: 4096 } }, ["memory/memory.limit_in_bytes=4096"]],
  [{ memory: { limit: -1 } }, ["memory/memory.limit_in_bytes=-1", "memory/memory.memsw.limit_in_bytes=-1"]],
  [
    { memory: { limit: 4096, swap: 8192 } },
    ["memory/memory.limit_in_bytes=4096", "memory/memory.memsw.limit_in_bytes=8192"],
  ],
  [{ memory: { swap: -1 } }, ["memory/memory.memsw.limit_in_bytes=-1"]],
  [{ memory: { reservation: -1 } }, ["memory/memory.soft_limit_in_bytes=-1"]],
  [{ memory: { swappiness: 0 } }, ["memory/memory.swappiness=0"]],
  [{ memory: { disableOOMKiller: true } }, ["memory/memory.oom_control=1"]],
  [{ memory: { disableOOMKiller: false } }, ["memory/memory.oom_control=0"]],
  [{ memory: { useHierarchy: true, limit: 1 } }, ["memory/memory.use_hierarchy=1", "memory/memory.limit_in_bytes=1"]],
  [{ memory: { kernel: 4096, kernelTCP: 4096 } }, []],
  [{ memory: { limit: 2 ** 53 + 2 } }, ["memory/memory.limit_in_bytes=9007199254740994"]],
  [{ memory: { limit: 9223372036854775807n } }, ["memory/memory.limit_in_bytes=9223372036854775807"]],
]);

table("cpu", [
  [{ cpu: {} }, []],
  [{ cpu: { shares: 0, quota: 0, period: 0, realtimePeriod: 0, realtimeRuntime: 0 } }, []],
  [{ cpu: { shares: 2 } }, ["cpu/cpu.shares=2"]],
  [{ cpu: { quota: -1 } }, ["cpu/cpu.cfs_quota_us=-1"]],
  [
    { cpu: { quota: 5000, period: 10000, burst: 100 } },
    ["cpu/cpu.cfs_period_us=10000", "cpu/cpu.cfs_quota_us=5000", "cpu/cpu.cfs_burst_us=100"],
  ],
  [{ cpu: { burst: 0 } }, ["cpu/cpu.cfs_burst_us=0"]],
  [{ cpu: { shares: 512, idle: 1 } }, ["cpu/cpu.shares=512", "cpu/cpu.idle=1"]],
  [{ cpu: { idle: 0 } }, ["cpu/cpu.idle=0"]],
  [
    { cpu: { realtimePeriod: 1000000, realtimeRuntime: -1 } },
    ["cpu/cpu.rt_period_us=1000000", "cpu/cpu.rt_runtime_us=-1"],
  ],
]);

table("cpuset", [
  [{ cpu: { cpus: "", mems: "" } }, []],
  [{ cpu: { cpus: "0-1", mems: "0" } }, ["cpuset/cpuset.cpus=0-1", "cpuset/cpuset.mems=0"]],
]);

table("pids: 0 is a limit", [
  [{ pids: {} }, []],
  [{ pids: { limit: 0 } }, ["pids/pids.max=0"]],
  [{ pids: { limit: -1 } }, ["pids/pids.max=max"]],
  [{ pids: { limit: 32771 } }, ["pids/pids.max=32771"]],
]);

table("blkio", [
  [{ blockIO: { weight: 0, leafWeight: 0 } }, []],
  [{ blockIO: { weight: 10, leafWeight: 20 } }, ["blkio/blkio.weight=10", "blkio/blkio.leaf_weight=20"]],
  [
    {
      blockIO: {
        weightDevice: [
          { major: 8, minor: 0, weight: 500, leafWeight: 300 },
          { major: 8, minor: 16, weight: 1 },
        ],
      },
    },
    ["blkio/blkio.weight_device=8:0 500", "blkio/blkio.leaf_weight_device=8:0 300", "blkio/blkio.weight_device=8:16 1"],
  ],
  [
    {
      blockIO: {
        throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 600 }],
        throttleWriteBpsDevice: [{ major: 8, minor: 0, rate: 0 }],
        throttleReadIOPSDevice: [{ major: 8, minor: 16, rate: 300 }],
        throttleWriteIOPSDevice: [{ major: 8, minor: 16, rate: 18446744073709551615n }],
      },
    },
    [
      "blkio/blkio.throttle.read_bps_device=8:0 600",
      "blkio/blkio.throttle.write_bps_device=8:0 0",
      "blkio/blkio.throttle.read_iops_device=8:16 300",
      "blkio/blkio.throttle.write_iops_device=8:16 18446744073709551615",
    ],
  ],
]);

table("hugetlb, network, rdma", [
  [
    { hugepageLimits: [{ pageSize: "2MB", limit: 0 }] },
    ["hugetlb/hugetlb.2MB.limit_in_bytes=0", "hugetlb/hugetlb.2MB.rsvd.limit_in_bytes=0"],
  ],
  [{ network: { classID: 0 } }, []],
  [
    { network: { classID: 1048577, priorities: [{ name: "eth0", priority: 0 }] } },
    ["net_cls/net_cls.classid=1048577", "net_prio/net_prio.ifpriomap=eth0 0"],
  ],
  [
    { rdma: { mlx5_1: { hcaHandles: 3, hcaObjects: 10000 }, rxe3: { hcaObjects: 0 } } },
    ["rdma/rdma.max=mlx5_1 hca_handle=3 hca_object=10000", "rdma/rdma.max=rxe3 hca_object=0"],
  ],
]);

t.test("places, fallbacks and what may be missing", async (t) => {
  const [weight] = v1Writes({ blockIO: { weight: 10 } });
  t.same(weight!.fallback, { file: "blkio.bfq.weight", value: "10" });
  t.equal(weight!.pointer, "/linux/resources/blockIO/weight");
  const [, lifted] = v1Writes({ memory: { limit: -1 } });
  t.equal(lifted!.optional, true, "no swap accounting, no limit to lift");
  t.equal(lifted!.pointer, "/linux/resources/memory/limit");
  const [limit, swap] = v1Writes({ memory: { limit: 1, swap: 2 } });
  t.same([limit!.retry, swap!.retry, swap!.optional], [true, true, undefined]);
  const [, rsvd] = v1Writes({ hugepageLimits: [{ pageSize: "1GB", limit: 1 }] });
  t.equal(rsvd!.optional, true);
  t.equal(v1Writes({ rdma: { "a/b": { hcaHandles: 1 } } })[0]!.pointer, "/linux/resources/rdma/a~1b");
  t.equal(v1Writes({ cpu: { idle: 0 } })[0]!.optional, true);
  t.equal(v1Writes({ cpu: { idle: 1 } })[0]!.optional, undefined);
});

t.test("refused", async (t) => {
  for (const [resources, message] of [
    [{ cpu: { shares: 1 } }, /^linux.resources.cpu.shares: the minimum allowed cpu-shares is 2$/],
    [{ cpu: { shares: 262145 } }, /the maximum allowed cpu-shares is 262144/],
    [{ cpu: { idle: 2 } }, /linux.resources.cpu.idle: 2 is neither 0/],
    [{ memory: { swappiness: 101 } }, /invalid memory swappiness value: 101 \(valid range is 0-100\)/],
    [{ hugepageLimits: [{ pageSize: "../../x", limit: 1 }] }, /hugepageLimits\[0\].pageSize: .* is not of the form/],
    [{ hugepageLimits: [{ pageSize: "2mb", limit: 1 }] }, /is not of the form/],
    [{ network: { priorities: [{ name: "a b", priority: 1 }] } }, /priorities\[0\]: "a b" is not an interface name/],
    [{ rdma: { "a b": { hcaHandles: 1 } } }, /name of an RDMA device/],
    [{ rdma: { mlx5_1: {} } }, /linux.resources.rdma.mlx5_1: at least one of/],
  ] as [LinuxResources, RegExp][]) {
    t.throws(() => v1Writes(resources), { message }, JSON.stringify(resources));
  }
});

t.test("unified, and controllers that only the cgroup2 of a hybrid has", async (t) => {
  const resources: LinuxResources = {
    memory: { limit: 1 },
    hugepageLimits: [{ pageSize: "2MB", limit: 1 }],
    unified: { "hugetlb.2MB.max": "1" },
  };
  t.same(splitHybrid(resources, { memory: "/m", "": "/u" }), {
    v1: { memory: { limit: 1 }, hugepageLimits: undefined, unified: undefined },
    v2: { hugepageLimits: resources.hugepageLimits, unified: resources.unified },
  });
  t.same(splitHybrid({ memory: { limit: 1 } }, { memory: "/m", "": "/u" }), {
    v1: { memory: { limit: 1 }, unified: undefined },
  });
  t.throws(() => splitHybrid(resources, { memory: "/m" }), {
    message: /linux.resources.unified: cannot use unified resources on cgroup v1/,
  });
  t.doesNotThrow(() => splitHybrid({ unified: {} }, {}));
});

t.test("kernel memory is warned about", async (t) => {
  t.same(resourceWarnings(undefined), []);
  t.same(resourceWarnings({ memory: { limit: 1, kernel: 0 } }), []);
  t.match(resourceWarnings({ memory: { kernel: 1, kernelTCP: -1 } }), [
    /memory.kernel\b.*ignored/,
    /kernelTCP.*ignored/,
  ]);
});
