// linux.resources → properties of a unit. Pure. systemd.resource-control(5).
//
// systemd knows fewer limits than the kernel, so all are written to the files as well (driver.ts). What it
// does know it must be told: it writes its own view again at daemon-reload and when a sibling changes.

import { convertWeight } from "../v2/io.js";
import { memoryWrites } from "../v2/memory.js";
import { sharesToWeight } from "../v2/cpu.js";
import {
  at,
  decimal,
  deviceNumbers,
  isSet,
  type BlockIoResources,
  type Integer,
  type LinuxResources,
} from "../resources.js";
import { quotaPerSecond } from "./quota.js";
import { type Properties, INFINITY, property } from "./property.js";
import { cpusetBits } from "./cpuset.js";
import { unifiedProperties } from "./unified.js";

/** What the conversion must know of the machine and of the unit. */
export interface UnitContext {
  /** systemd's. Properties that it does not know yet are left to the files. */
  version: number;
  /** BFQ is there: its file has another scale than io.weight. */
  bfq: boolean;
  /** The text of cpu.max of a running container. */
  cpuMax?: string | undefined;
}

/** Everything but the devices. The last word is that of `unified`, as in the files. */
export function resourceProperties(resources: LinuxResources, context: UnitContext): Properties {
  const properties: Properties = new Map();
  const set = (name: string, signature: string, value: unknown, pointer: string) =>
    properties.set(name, property(name, signature, value, pointer));
  addMemory(resources, set);
  addCpu(resources, context, set);
  addIo(resources.blockIO, context, set);
  const limit = resources.pids?.limit;
  if (limit !== undefined) set("TasksMax", "t", tasksMax(limit), at("pids", "limit"));
  if (resources.unified) unifiedProperties(resources.unified, context, set);
  return properties;
}

/** Adds a property, or replaces the one of that name. */
export type SetProperty = (name: string, signature: string, value: unknown, pointer: string) => void;

/** systemd takes no 0: the file gets it (and a daemon-reload makes it 1). */
export function tasksMax(limit: Integer): bigint {
  if (limit < 0) return INFINITY;
  return limit > 0 ? BigInt(limit) : 1n;
}

const MEMORY: Readonly<Record<string, string>> = {
  "memory.max": "MemoryMax",
  "memory.low": "MemoryLow",
  "memory.swap.max": "MemorySwapMax",
};

/** The same values as in the files, by the same conversion. */
function addMemory({ memory }: LinuxResources, set: SetProperty): void {
  for (const { file, value, pointer } of memory ? memoryWrites(memory) : []) {
    set(MEMORY[file]!, "t", value === "max" ? INFINITY : BigInt(value), pointer);
  }
}

function addCpu({ cpu }: LinuxResources, context: UnitContext, set: SetProperty): void {
  if (cpu === undefined) return;
  const idle = isSet(cpu.idle) && context.version >= CPU_IDLE;
  if (isSet(cpu.shares)) set("CPUWeight", "t", BigInt(sharesToWeight(cpu.shares)), at("cpu", "shares"));
  if (idle) set("CPUWeight", "t", 0n, at("cpu", "idle"));
  addQuota(cpu, context, set);
  if (context.version < CPUSETS) return;
  if (cpu.cpus) set("AllowedCPUs", "ay", cpusetBits(cpu.cpus, at("cpu", "cpus")), at("cpu", "cpus"));
  if (cpu.mems) set("AllowedMemoryNodes", "ay", cpusetBits(cpu.mems, at("cpu", "mems")), at("cpu", "mems"));
}

/** A weight of 0 means cpu.idle since this version. */
export const CPU_IDLE = 252;
/** AllowedCPUs and AllowedMemoryNodes. */
export const CPUSETS = 244;
const QUOTA_PERIOD = 242;

function addQuota(cpu: NonNullable<LinuxResources["cpu"]>, context: UnitContext, set: SetProperty): void {
  const { quota, period } = cpu;
  if (!isSet(quota) && !isSet(period)) return;
  const [currentQuota, currentPeriod] = parseCpuMax(context.cpuMax);
  const pointer = at("cpu", isSet(quota) ? "quota" : "period");
  const microseconds = isSet(period) ? BigInt(period) : currentPeriod;
  if (isSet(period)) setPeriod(microseconds, context, set, at("cpu", "period"));
  const chosen = isSet(quota) ? BigInt(quota) : currentQuota;
  set("CPUQuotaPerSecUSec", "t", quotaPerSecond(chosen, microseconds), pointer);
}

export function setPeriod(period: bigint, { version }: UnitContext, set: SetProperty, pointer: string): void {
  if (version >= QUOTA_PERIOD) set("CPUQuotaPeriodUSec", "t", period, pointer);
}

/** "max 100000" → [-1n, 100000n]. */
export function parseCpuMax(text = "max 100000"): [quota: bigint, period: bigint] {
  const [quota = "max", period = "100000"] = text.trim().split(/\s+/);
  return [quota === "max" ? -1n : BigInt(quota), BigInt(period)];
}

const THROTTLES = {
  throttleReadBpsDevice: "IOReadBandwidthMax",
  throttleWriteBpsDevice: "IOWriteBandwidthMax",
  throttleReadIOPSDevice: "IOReadIOPSMax",
  throttleWriteIOPSDevice: "IOWriteIOPSMax",
} as const;

function addIo(blockIO: BlockIoResources | undefined, { bfq }: UnitContext, set: SetProperty): void {
  if (blockIO === undefined) return;
  const weight = (value: Integer) => (bfq ? weightForBfq(value) : convertWeight(value));
  if (isSet(blockIO.weight)) set("IOWeight", "t", weight(blockIO.weight), at("blockIO", "weight"));
  const weights = blockIO.weightDevice?.flatMap((device) =>
    isSet(device.weight) ? [[devicePath(device), weight(device.weight)]] : [],
  );
  if (weights?.length) set("IODeviceWeight", "a(st)", weights, at("blockIO", "weightDevice"));
  for (const [key, name] of Object.entries(THROTTLES)) {
    const limits = blockIO[key as keyof typeof THROTTLES]?.map((device) => [
      devicePath(device),
      isSet(device.rate) ? BigInt(decimal(device.rate)) : INFINITY,
    ]);
    if (limits?.length) set(name, "a(st)", limits, at("blockIO", key));
  }
}

function devicePath(device: { major: Integer; minor: Integer }): string {
  return `/dev/block/${deviceNumbers(device)}`;
}

/**
 * systemd writes io.bfq.weight too, on that file's scale of 1 to 1000: up to 100 as it is, above it the rest
 * squeezed. This is the weight that it turns into `weight`.
 */
export function weightForBfq(weight: Integer): bigint {
  const value = BigInt(weight);
  if (value <= 100n) return value < 1n ? 1n : value;
  return 100n + ((value - 100n) * 9900n + 899n) / 900n;
}
