// The shape of `runt events`' data: runc's types/events.go, so that its readers understand it.
// What Go marks omitempty is left out when it is 0; the rest is always there.

import type { Integer } from "../resources.js";

export interface PressureLine {
  avg10: number;
  avg60: number;
  avg300: number;
  total: Integer;
}

export interface Pressure {
  some?: PressureLine;
  full?: PressureLine;
}

export interface MemoryEntry {
  limit: Integer;
  usage?: Integer;
  max?: Integer;
  failcnt: Integer;
}

export interface BlkioEntry {
  major?: Integer;
  minor?: Integer;
  op?: string;
  value?: Integer;
}

export interface BlkioStats {
  ioServiceBytesRecursive?: BlkioEntry[];
  ioServicedRecursive?: BlkioEntry[];
  ioQueueRecursive?: BlkioEntry[];
  ioServiceTimeRecursive?: BlkioEntry[];
  ioWaitTimeRecursive?: BlkioEntry[];
  ioMergedRecursive?: BlkioEntry[];
  ioTimeRecursive?: BlkioEntry[];
  sectorsRecursive?: BlkioEntry[];
  psi?: Pressure;
}

export interface CpuStats {
  /** Nanoseconds. */
  usage: {
    total?: Integer;
    percpu?: Integer[];
    percpu_kernel?: Integer[];
    percpu_user?: Integer[];
    kernel: Integer;
    user: Integer;
  };
  throttling: { periods?: Integer; throttledPeriods?: Integer; throttledTime?: Integer };
  psi?: Pressure;
}

export interface CpusetStats {
  cpus?: number[];
  cpu_exclusive: Integer;
  mems?: number[];
  mem_hardwall: Integer;
  mem_exclusive: Integer;
  memory_migrate: Integer;
  memory_spread_page: Integer;
  memory_spread_slab: Integer;
  memory_pressure: Integer;
  sched_load_balance: Integer;
  sched_relax_domain_level: Integer;
}

export interface MemoryStats {
  cache?: Integer;
  usage: MemoryEntry;
  swap: MemoryEntry;
  kernel: MemoryEntry;
  kernelTCP: MemoryEntry;
  raw?: Record<string, Integer>;
  psi?: Pressure;
}

export interface HugetlbStats {
  usage?: Integer;
  max?: Integer;
  failcnt: Integer;
}

export interface ContainerStats {
  cpu: CpuStats;
  cpuset: CpusetStats;
  memory: MemoryStats;
  pids: { current?: Integer; limit?: Integer };
  blkio: BlkioStats;
  hugetlb: Record<string, HugetlbStats>;
  /** Intel RDT and the network are no cgroups: whoever prints the data fills them in. */
  intel_rdt: Record<string, unknown>;
  network_interfaces: unknown[] | null;
}

const noMemory = (): MemoryEntry => ({ limit: 0, failcnt: 0 });

/** All there is to say without a cgroup. */
export function emptyStats(): ContainerStats {
  return {
    cpu: { usage: { kernel: 0, user: 0 }, throttling: {} },
    cpuset: {
      cpu_exclusive: 0,
      mem_hardwall: 0,
      mem_exclusive: 0,
      memory_migrate: 0,
      memory_spread_page: 0,
      memory_spread_slab: 0,
      memory_pressure: 0,
      sched_load_balance: 0,
      sched_relax_domain_level: 0,
    },
    memory: { usage: noMemory(), swap: noMemory(), kernel: noMemory(), kernelTCP: noMemory() },
    pids: {},
    blkio: {},
    hugetlb: {},
    intel_rdt: {},
    network_interfaces: null,
  };
}

/** An object without its zeros, empty lists and undefined values (Go's omitempty). */
export function withoutZeros<T extends object>(value: T): Partial<T> {
  const kept = Object.entries(value).filter(
    ([, one]) =>
      one !== undefined && one !== 0 && one !== 0n && one !== "" && !(Array.isArray(one) && one.length === 0),
  );
  return Object.fromEntries(kept) as Partial<T>;
}

/**
 * Compact JSON that keeps 64-bit numbers exact: "no limit" is 2^64-1, which a double would round up to 2^64,
 * and readers in Go then refuse the whole line.
 */
export function statsJson(value: unknown): string {
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return `[${value.map(statsJson).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).filter(([, one]) => one !== undefined);
    return `{${members.map(([key, one]) => `${JSON.stringify(key)}:${statsJson(one)}`).join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}
