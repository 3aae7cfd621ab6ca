// linux.resources.cpu → files of the v2 cpu and cpuset controllers. Pure.

import type { CgroupWrite } from "../driver.js";
import { RuntError, wordPointer } from "../../errors.js";
import { at, decimal, isSet, orMax, type CpuResources, type Integer } from "../resources.js";
import { checkIdle } from "../v1/cpu.js";

/** Writes for cpu. `currentMax`: the text of cpu.max of a running container, to keep its quota. */
export function cpuWrites(cpu: CpuResources, currentMax = "max 100000"): CgroupWrite[] {
  if (isSet(cpu.realtimeRuntime)) refuseRealtime("realtimeRuntime");
  if (isSet(cpu.realtimePeriod)) refuseRealtime("realtimePeriod");
  const writes: CgroupWrite[] = [];
  const add = (property: string, file: string, value: string, optional = false) =>
    writes.push({
      controller: "",
      file,
      value,
      pointer: at("cpu", property),
      retry: true,
      ...(optional && { optional }),
    });

  if (isSet(cpu.shares)) add("shares", "cpu.weight", sharesToWeight(cpu.shares).toString());
  if (cpu.idle !== undefined) {
    checkIdle(cpu.idle);
    add("idle", "cpu.idle", decimal(cpu.idle), !isSet(cpu.idle));
  }
  const max = maxValue(cpu, currentMax);
  if (max !== undefined) add(isSet(cpu.quota) ? "quota" : "period", "cpu.max", max);
  if (cpu.burst !== undefined) add("burst", "cpu.max.burst", decimal(cpu.burst), !isSet(cpu.burst));
  return writes;
}

/** cpu.max is "QUOTA PERIOD"; a quota alone leaves the period as it is. */
function maxValue({ quota, period }: CpuResources, currentMax: string): string | undefined {
  if (isSet(quota)) return isSet(period) ? `${orMax(quota)} ${decimal(period)}` : orMax(quota);
  if (isSet(period)) return `${currentMax.trim().split(/\s+/)[0] || "max"} ${decimal(period)}`;
  return undefined;
}

/**
 * cpu.shares (2 to 262144, default 1024) → cpu.weight (1 to 10000, default 100), through all three
 * points: the formula of runc 1.3.2 and crun 1.23 (kubernetes.io/blog: "New conversion from cgroup v1 CPU
 * shares to v2 CPU weight"). The straight line used before gave a default container a weight of 39.
 */
export function sharesToWeight(shares: Integer): number {
  const value = Number(shares);
  if (value <= 2) return 1;
  if (value >= 262144) return 10000;
  const log = Math.log2(value);
  return Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34));
}

/** cpuset.cpus and cpuset.mems: the same names as in v1. */
export function cpusetWrites(cpu: CpuResources): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  for (const property of ["cpus", "mems"] as const) {
    const value = cpu[property];
    if (value) writes.push({ controller: "", file: `cpuset.${property}`, value, pointer: at("cpu", property) });
  }
  return writes;
}

function refuseRealtime(property: string): never {
  throw new RuntError({
    where: wordPointer(at("cpu", property)),
    cause: "cgroup v2 has no real-time scheduling of a cgroup",
    hint: "leave it out, or use a host with cgroup v1",
  });
}
