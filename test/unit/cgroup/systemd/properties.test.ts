// linux.resources → properties of a unit: one table a controller.

import t from "tap";
import { deviceRules } from "../../../../src/cgroup/device-rules.js";
import type { DeviceRules, LinuxResources } from "../../../../src/cgroup/resources.js";
import { cpusetBits } from "../../../../src/cgroup/systemd/cpuset.js";
import { deviceProperties } from "../../../../src/cgroup/systemd/devices.js";
import { resourceProperties, weightForBfq } from "../../../../src/cgroup/systemd/properties.js";
import { INFINITY } from "../../../../src/cgroup/systemd/property.js";
import { quotaPerSecond, roundedQuota, withRoundedQuota } from "../../../../src/cgroup/systemd/quota.js";
import { oomGroupWarnings, oomPolicy } from "../../../../src/cgroup/systemd/unified.js";

const convert = (resources: LinuxResources, version = 255, cpuMax?: string, bfq = false) =>
  Object.fromEntries(
    [...resourceProperties(resources, { version, bfq, cpuMax }).values()].map(({ name, value }) => [name, value]),
  );

type Row = [resources: LinuxResources, expected: Record<string, unknown>, version?: number, cpuMax?: string];

function table(name: string, rows: Row[]): void {
  t.test(name, async (t) => {
    for (const [resources, expected, version, cpuMax] of rows) {
      const title = JSON.stringify(resources, (_, value) => (typeof value === "bigint" ? `${value}` : value));
      t.same(convert(resources, version, cpuMax), expected, title);
    }
  });
}

table("memory", [
  [{ memory: { limit: 4096 } }, { MemoryMax: 4096n }],
  [{ memory: { limit: -1 } }, { MemoryMax: INFINITY, MemorySwapMax: INFINITY }],
  [
    { memory: { limit: 4096, swap: 8192, reservation: 100 } },
    { MemoryMax: 4096n, MemorySwapMax: 4096n, MemoryLow: 100n },
  ],
  [{ memory: { limit: 4096, swap: -1 } }, { MemoryMax: 4096n, MemorySwapMax: INFINITY }],
]);

table("cpu", [
  [{ cpu: { shares: 1024 } }, { CPUWeight: 100n }],
  [{ cpu: { shares: 1024, idle: 1 } }, { CPUWeight: 0n }],
  [{ cpu: { shares: 1024, idle: 1 } }, { CPUWeight: 100n }, 251],
  [{ cpu: { idle: 0 } }, {}],
  [{ cpu: { quota: 50000, period: 100000 } }, { CPUQuotaPerSecUSec: 500000n, CPUQuotaPeriodUSec: 100000n }],
  [{ cpu: { quota: 50000, period: 100000 } }, { CPUQuotaPerSecUSec: 500000n }, 241],
  [{ cpu: { quota: 33333, period: 100000 } }, { CPUQuotaPerSecUSec: 340000n, CPUQuotaPeriodUSec: 100000n }],
  [{ cpu: { quota: -1 } }, { CPUQuotaPerSecUSec: INFINITY }],
  // The half that is not given stays as it is.
  [{ cpu: { quota: 5000 } }, { CPUQuotaPerSecUSec: 500000n }, 255, "max 10000"],
  [{ cpu: { period: 10000 } }, { CPUQuotaPerSecUSec: 500000n, CPUQuotaPeriodUSec: 10000n }, 255, "5000 20000"],
  [{ cpu: { period: 10000 } }, { CPUQuotaPerSecUSec: INFINITY, CPUQuotaPeriodUSec: 10000n }],
  [{ cpu: { cpus: "0,3", mems: "0" } }, { AllowedCPUs: new Uint8Array([9]), AllowedMemoryNodes: new Uint8Array([1]) }],
  [{ cpu: { cpus: "0", mems: "0" } }, {}, 243],
]);

table("pids and io", [
  [{ pids: { limit: 5 } }, { TasksMax: 5n }],
  [{ pids: { limit: -1 } }, { TasksMax: INFINITY }],
  [{ pids: { limit: 0 } }, { TasksMax: 1n }],
  [{ blockIO: { weight: 1000 } }, { IOWeight: 10000n }],
  [{ blockIO: { weightDevice: [{ major: 8, minor: 0, weight: 10 }] } }, { IODeviceWeight: [["/dev/block/8:0", 1n]] }],
  [
    {
      blockIO: {
        throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1000 }, { major: 8, minor: 16, rate: 0 }], // biome-ignore format: one row
        throttleWriteIOPSDevice: [{ major: 8, minor: 0, rate: 9 }],
      },
    },
    {
      IOReadBandwidthMax: [["/dev/block/8:0", 1000n], ["/dev/block/8:16", INFINITY]], // biome-ignore format: one row
      IOWriteIOPSMax: [["/dev/block/8:0", 9n]],
    },
  ],
]);

table("unified has the last word, and what is not understood is left to its file", [
  [{ memory: { limit: 1 }, unified: { "memory.max": "4096" } }, { MemoryMax: 4096n }],
  [{ unified: { "memory.high": "max\n", "memory.min": " 5 " } }, { MemoryHigh: INFINITY, MemoryMin: 5n }],
  [{ unified: { "memory.zswap.max": "5" } }, { MemoryZSwapMax: 5n }],
  [{ unified: { "memory.zswap.max": "5" } }, {}, 252],
  [{ unified: { "cpu.weight": "7", "cpu.idle": "1" } }, { CPUWeight: 0n }],
  [{ unified: { "cpu.idle": "1", "cpu.weight": "7" } }, { CPUWeight: 0n }],
  [{ cpu: { shares: 1024 }, unified: { "cpu.weight": "7" } }, { CPUWeight: 7n }],
  [{ unified: { "cpu.max": "5000 10000" } }, { CPUQuotaPerSecUSec: 500000n, CPUQuotaPeriodUSec: 10000n }],
  [{ unified: { "cpu.max": "max" } }, { CPUQuotaPerSecUSec: INFINITY }],
  [{ unified: { "cpu.max": "5000" } }, { CPUQuotaPerSecUSec: 500000n }, 255, "max 10000"],
  [{ unified: { "pids.max": "0" } }, { TasksMax: 1n }],
  [{ unified: { "pids.max": "max" } }, { TasksMax: INFINITY }],
  [{ unified: { "cpuset.cpus": "1" } }, { AllowedCPUs: new Uint8Array([2]) }],
  [{ unified: { "memory.max": "lots", "cpu.max": "5000 0", "pids.max": "-1", "io.max": "8:0 rbps=1" } }, {}],
]);

t.test("each property knows who asked for it", async (t) => {
  const found = resourceProperties(
    { memory: { limit: 5 }, unified: { "pids.max": "4" } },
    { version: 255, bfq: false },
  );
  t.equal(found.get("MemoryMax")?.pointer, "/linux/resources/memory/limit");
  t.equal(found.get("TasksMax")?.pointer, "/linux/resources/unified/pids.max");
});

t.test("quotas are whole percents for systemd, and the file is written the same", async (t) => {
  t.equal(quotaPerSecond(1n, 100_000n), 10_000n);
  t.equal(quotaPerSecond(1_000n, 100_000n), 10_000n);
  t.equal(quotaPerSecond(1_001n, 100_000n), 20_000n);
  t.equal(roundedQuota(33_333n, 100_000n), 34_000n);
  t.equal(roundedQuota(-1n, 100_000n), -1n);
  for (let quota = 1_000n; quota < 200_000n; quota += 777n) {
    const rounded = roundedQuota(quota, 100_000n);
    t.ok(rounded >= quota && rounded < quota + 1_000n, `${quota}`);
  }
  t.same(withRoundedQuota({ cpu: { quota: 33333, period: 100000, burst: 5 } }).cpu, {
    quota: 34000,
    period: 100000,
    burst: 5,
  });
  t.same(withRoundedQuota({ cpu: { quota: 3333 } }, 10_000n).cpu, { quota: 3400 });
  t.same(withRoundedQuota({ unified: { "cpu.max": "33333 100000" } }).unified, { "cpu.max": "34000 100000" });
  t.same(withRoundedQuota({ unified: { "cpu.max": "nonsense" } }).unified, { "cpu.max": "nonsense" });
  t.same(withRoundedQuota({ unified: { "cpu.max": "max 5000" } }).unified, { "cpu.max": "max 5000" });
});

t.test("lists of cpus", async (t) => {
  t.same(cpusetBits("0-3,8", ""), new Uint8Array([0x0f, 0x01]));
  t.same(cpusetBits(" 1 , ,2-2", ""), new Uint8Array([0x06]));
  const rows: [string, RegExp][] = [
    ["", /is empty/],
    ["a", /"a" is no number and no range/],
    ["3-1", /invalid range: 3-1/],
    ["1-", /"1-" is no number/],
    ["0-999999999", /too high/],
  ];
  for (const [list, message] of rows) t.throws(() => cpusetBits(list, "/linux/resources/cpu/cpus"), { message }, list);
});

t.test("weights for BFQ come out of systemd's squeeze as they were", async (t) => {
  // systemd's BFQ_WEIGHT(): src/basic/cgroup-util.h there.
  const squeeze = (weight: number) =>
    weight <= 100 ? weight : 100 + Math.trunc(((weight - 100) * (1000 - 100)) / (10000 - 100));
  for (let weight = 1; weight <= 1000; weight++) {
    const asked = Number(weightForBfq(weight));
    if (squeeze(asked) !== weight || asked > 10000) t.fail(`${weight} → ${asked} → ${squeeze(asked)}`);
  }
  t.equal(weightForBfq(1000), 10000n);
  t.same(convert({ blockIO: { weight: 500 } }, 255, undefined, true), { IOWeight: 4500n });
});

t.test("device rules", async (t) => {
  const entries = (config: DeviceRules | undefined, version = 255) =>
    deviceProperties(deviceRules(config), version).map(({ name, value }) => [name, value] as const);
  const strict = entries([{ allow: false, access: "rwm" }, { allow: true, type: "b", major: 8, minor: 0, access: "r" }]); // biome-ignore format: one row
  t.same(strict.slice(0, 2), [
    ["DeviceAllow", []],
    ["DevicePolicy", "strict"],
  ]);
  const list = strict[2]![1] as string[][];
  t.same(list[0], ["/dev/block/8:0", "r"]);
  t.ok(
    list.some(([name, access]) => name === "char-136" && access === "rwm"),
    "terminals",
  );
  t.ok(
    list.some(([name, access]) => name === "char-*" && access === "m"),
    "nodes may be made",
  );
  const both = entries([{ allow: true, major: 7, access: "rw" }])[2]![1] as string[][];
  t.same(both.slice(0, 2), [
    ["block-7", "rw"],
    ["char-7", "rw"],
  ]);
  // What no list can say is left to our own program: systemd must not be narrower than it.
  const auto = [
    ["DeviceAllow", []],
    ["DevicePolicy", "auto"],
  ];
  t.same(entries([{ allow: true, access: "rwm" }]), auto, "all allowed");
  t.same(entries([{ allow: true, access: "rwm" }, { allow: false, type: "b", major: 8, access: "w" }]), auto, "all but some"); // biome-ignore format: one row
  t.same(entries([{ allow: true, type: "c", minor: 3, access: "r" }]), auto, "one minor number of all majors");
  t.same(entries(undefined, 239), auto, "systemd that looks at the files");
});

t.test("memory.oom.group", async (t) => {
  t.match(oomPolicy({ "memory.oom.group": "1" }, 253), [{ name: "OOMPolicy", value: "kill" }]);
  t.match(oomPolicy({ "memory.oom.group": "0\n" }, 253), [{ name: "OOMPolicy", value: "continue" }]);
  t.same(oomPolicy({ "memory.oom.group": "1" }, 252), []);
  t.same(oomPolicy({ "memory.oom.group": "7" }, 253), []);
  t.same(oomPolicy(undefined, 253), []);
  t.match(oomGroupWarnings({ "memory.oom.group": "1" }, 252), [/systemd 252 sets it back at a daemon-reload/]);
  t.same(oomGroupWarnings({ "memory.oom.group": "1" }, 253), []);
  t.same(oomGroupWarnings({ "memory.oom.group": "0" }, 252), []);
});
