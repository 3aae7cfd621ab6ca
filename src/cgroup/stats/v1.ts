// Statistics of cgroup v1.

import { parseKeyed, parseWords } from "../proc-files.js";
import type { Integer } from "../resources.js";
import { hugepageSizes, readAny } from "./files.js";
import { memoryEntry, numbers, parseBlkio, parseList, parseNumber, pidsStats, times } from "./parse.js";
import type { BlkioEntry, BlkioStats, ContainerStats, CpuStats, CpusetStats, MemoryStats } from "./shape.js";
import { emptyStats, withoutZeros } from "./shape.js";
import { hugetlbV2 } from "./v2.js";

type Directories = Readonly<Record<string, string>>;

// The kernel's USER_HZ is 100 on every architecture.
const NANOSECONDS_A_TICK = 10_000_000;

/** Reads all statistics. `directories`: controller → directory. */
export function statsV1(directories: Directories): ContainerStats {
  return {
    ...emptyStats(),
    cpu: cpu(directories),
    cpuset: cpuset(directories.cpuset),
    memory: memory(directories.memory),
    pids: pids(directories.pids),
    blkio: blkio(directories.blkio),
    hugetlb: directories.hugetlb !== undefined ? hugetlb(directories.hugetlb) : hugetlbV2(directories[""]),
  };
}

function cpu(directories: Directories): CpuStats {
  const { cpuacct } = directories;
  const list = (file: string) => parseWords(readAny(cpuacct, file) ?? "").map(parseNumber);
  const ticks = parseKeyed(readAny(cpuacct, "cpuacct.stat") ?? "");
  const throttling = parseKeyed(readAny(directories.cpu, "cpu.stat") ?? "");
  // "cpu user system", then one line a CPU.
  const all = (readAny(cpuacct, "cpuacct.usage_all") ?? "").split("\n").slice(1).filter(Boolean).map(parseWords);
  return {
    usage: {
      ...withoutZeros({
        total: parseNumber(readAny(cpuacct, "cpuacct.usage")),
        percpu: list("cpuacct.usage_percpu"),
        percpu_kernel: all.map((words) => parseNumber(words[2])),
        percpu_user: all.map((words) => parseNumber(words[1])),
      }),
      kernel: times(parseNumber(ticks.system), NANOSECONDS_A_TICK),
      user: times(parseNumber(ticks.user), NANOSECONDS_A_TICK),
    },
    throttling: withoutZeros({
      periods: parseNumber(throttling.nr_periods),
      throttledPeriods: parseNumber(throttling.nr_throttled),
      throttledTime: parseNumber(throttling.throttled_time),
    }),
  };
}

function cpuset(directory: string | undefined): CpusetStats {
  const number = (name: string): Integer => parseNumber(readAny(directory, `cpuset.${name}`));
  return {
    ...withoutZeros({ cpus: parseList(readAny(directory, "cpuset.cpus")) }),
    cpu_exclusive: number("cpu_exclusive"),
    ...withoutZeros({ mems: parseList(readAny(directory, "cpuset.mems")) }),
    mem_hardwall: number("mem_hardwall"),
    mem_exclusive: number("mem_exclusive"),
    memory_migrate: number("memory_migrate"),
    memory_spread_page: number("memory_spread_page"),
    memory_spread_slab: number("memory_spread_slab"),
    memory_pressure: number("memory_pressure"),
    sched_load_balance: number("sched_load_balance"),
    sched_relax_domain_level: number("sched_relax_domain_level"),
  };
}

function memory(directory: string | undefined): MemoryStats {
  const entry = (name: string) => {
    const number = (end: string) => parseNumber(readAny(directory, `memory.${name}${end}`));
    return memoryEntry(
      number("limit_in_bytes"),
      number("usage_in_bytes"),
      number("max_usage_in_bytes"),
      number("failcnt"),
    );
  };
  const raw = numbers(parseKeyed(readAny(directory, "memory.stat") ?? ""));
  return {
    ...withoutZeros({ cache: raw.cache ?? 0 }),
    usage: entry(""),
    swap: entry("memsw."),
    kernel: entry("kmem."),
    kernelTCP: entry("kmem.tcp."),
    ...(Object.keys(raw).length > 0 && { raw }),
  };
}

function pids(directory: string | undefined): ContainerStats["pids"] {
  return pidsStats(readAny(directory, "pids.current"), readAny(directory, "pids.max"));
}

// Which files there are depends on the I/O scheduler and the kernel: BFQ with debugging, BFQ, CFQ (until
// Linux 5.0), and the throttling layer, with and without sub-cgroups. The first set that has numbers counts.
const BLKIO_TABLES = {
  sectorsRecursive: "sectors",
  ioServiceTimeRecursive: "io_service_time",
  ioWaitTimeRecursive: "io_wait_time",
  ioMergedRecursive: "io_merged",
  ioQueueRecursive: "io_queued",
  ioTimeRecursive: "time",
  ioServicedRecursive: "io_serviced",
  ioServiceBytesRecursive: "io_service_bytes",
} as const;
const BLKIO_SETS: readonly (readonly [string, string])[] = [
  ["blkio.bfq.", "_recursive"],
  ["blkio.", "_recursive"],
  ["blkio.throttle.", "_recursive"],
  ["blkio.throttle.", ""],
];

function blkio(directory: string | undefined): BlkioStats {
  for (const [prefix, suffix] of BLKIO_SETS) {
    const stats: Record<string, BlkioEntry[]> = {};
    for (const [table, name] of Object.entries(BLKIO_TABLES)) {
      const entries = parseBlkio(readAny(directory, `${prefix}${name}${suffix}`) ?? "");
      if (entries.length > 0) stats[table] = entries;
    }
    if (Object.keys(stats).length > 0) return stats;
  }
  return {};
}

function hugetlb(directory: string): ContainerStats["hugetlb"] {
  const stats: ContainerStats["hugetlb"] = {};
  for (const size of hugepageSizes()) {
    const prefix = [`hugetlb.${size}.rsvd`, `hugetlb.${size}`].find(
      (name) => readAny(directory, `${name}.usage_in_bytes`) !== null,
    );
    if (prefix === undefined) continue;
    const number = (end: string) => parseNumber(readAny(directory, `${prefix}.${end}`));
    const values = withoutZeros({ usage: number("usage_in_bytes"), max: number("max_usage_in_bytes") });
    stats[size] = { ...values, failcnt: number("failcnt") };
  }
  return stats;
}
