// Statistics of cgroup v2, under the names that v1 gave them.

import { parseKeyed, parsePids } from "../proc-files.js";
import { hugepageSizes, readAny } from "./files.js";
import {
  add,
  blkioEntry,
  memoryEntry,
  numbers,
  parseNumber,
  parsePressure,
  pidsStats,
  times,
  UNLIMITED,
} from "./parse.js";
import type { BlkioEntry, BlkioStats, ContainerStats, CpuStats, MemoryEntry, MemoryStats } from "./shape.js";
import { emptyStats, withoutZeros } from "./shape.js";

/** Reads all statistics of a cgroup2 directory. */
export function statsV2(directory: string): ContainerStats {
  return {
    ...emptyStats(),
    cpu: cpu(directory),
    memory: memory(directory),
    pids: pids(directory),
    blkio: io(directory),
    hugetlb: hugetlbV2(directory),
  };
}

function pressure(directory: string, file: string) {
  const psi = parsePressure(readAny(directory, file));
  return psi ? { psi } : {};
}

function cpu(directory: string): CpuStats {
  const stat = numbers(parseKeyed(readAny(directory, "cpu.stat") ?? ""));
  const nanoseconds = (name: string) => times(stat[name] ?? 0, 1000);
  return {
    usage: {
      ...withoutZeros({ total: nanoseconds("usage_usec") }),
      kernel: nanoseconds("system_usec"),
      user: nanoseconds("user_usec"),
    },
    throttling: withoutZeros({
      periods: stat.nr_periods ?? 0,
      throttledPeriods: stat.nr_throttled ?? 0,
      throttledTime: nanoseconds("throttled_usec"),
    }),
    ...pressure(directory, "cpu.pressure"),
  };
}

function memory(directory: string): MemoryStats {
  const raw = numbers(parseKeyed(readAny(directory, "memory.stat") ?? ""));
  const entry = (name: string): MemoryEntry => {
    const number = (end: string) => parseNumber(readAny(directory, `memory.${name}${end}`));
    return memoryEntry(number("max"), number("current"), number("peak"), 0);
  };
  const usage = entry("");
  return {
    ...emptyStats().memory,
    ...withoutZeros({ cache: raw.file ?? 0 }),
    usage,
    swap: withMemory(entry("swap."), usage),
    ...(Object.keys(raw).length > 0 && { raw }),
    ...pressure(directory, "memory.pressure"),
  };
}

/** v1's "swap" is memory and swap together. The two peaks need not have been at the same time, so there is none. */
function withMemory(swap: MemoryEntry, memory: MemoryEntry): MemoryEntry {
  const limit = swap.limit === UNLIMITED ? UNLIMITED : add(swap.limit, memory.limit);
  return memoryEntry(limit, add(swap.usage ?? 0, memory.usage ?? 0), 0, 0);
}

/** Without the pids controller, the processes are counted. */
function pids(directory: string): ContainerStats["pids"] {
  const current = readAny(directory, "pids.current");
  if (current !== null) return pidsStats(current, readAny(directory, "pids.max"));
  return withoutZeros({ current: parsePids(readAny(directory, "cgroup.procs") ?? "").length });
}

const IO_TABLES: Readonly<Record<string, readonly [keyof Omit<BlkioStats, "psi">, string]>> = {
  rbytes: ["ioServiceBytesRecursive", "Read"],
  wbytes: ["ioServiceBytesRecursive", "Write"],
  rios: ["ioServicedRecursive", "Read"],
  wios: ["ioServicedRecursive", "Write"],
};

function io(directory: string): BlkioStats {
  const stats: Partial<Record<keyof Omit<BlkioStats, "psi">, BlkioEntry[]>> = {};
  for (const [device, text] of Object.entries(parseKeyed(readAny(directory, "io.stat") ?? ""))) {
    const [major, minor] = device.split(":");
    for (const field of text.split(" ")) {
      const [key = "", value] = field.split("=");
      const [table, op] = IO_TABLES[key] ?? [];
      if (table === undefined || op === undefined) continue;
      stats[table] = [...(stats[table] ?? []), blkioEntry(major, minor, op, parseNumber(value))];
    }
  }
  return { ...stats, ...pressure(directory, "io.pressure") };
}

/** Also used for the cgroup2 of a hybrid host. */
export function hugetlbV2(directory: string | undefined): ContainerStats["hugetlb"] {
  const stats: ContainerStats["hugetlb"] = {};
  for (const size of hugepageSizes()) {
    const name = `hugetlb.${size}`;
    const usage = readAny(directory, `${name}.rsvd.current`) ?? readAny(directory, `${name}.current`);
    if (usage === null) continue;
    const failcnt = parseNumber(parseKeyed(readAny(directory, `${name}.events`) ?? "").max);
    stats[size] = { ...withoutZeros({ usage: parseNumber(usage) }), failcnt };
  }
  return stats;
}
