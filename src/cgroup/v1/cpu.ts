// linux.resources.cpu → files of the v1 cpu and cpuset controllers. Pure.

import type { CgroupWrite } from "../driver.js";
import { RuntError, wordPointer } from "../../errors.js";
import { at, decimal, isSet, type CpuResources } from "../resources.js";

// kernel/sched/core.c: MIN_SHARES, MAX_SHARES. Values outside are bent without an error.
const MIN_SHARES = 2;
const MAX_SHARES = 262144;

/**
 * Period, quota and burst limit each other, and so do real-time period and runtime, and idle and shares:
 * which must come first depends on the old values. EINVAL is therefore tried again after the others.
 */
export function cpuWrites(cpu: CpuResources): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  const add = (property: string, file: string, value: string) =>
    writes.push({ controller: "cpu", file, value, pointer: at("cpu", property), retry: true });

  if (isSet(cpu.shares)) {
    checkShares(cpu.shares);
    add("shares", "cpu.shares", decimal(cpu.shares));
  }
  if (isSet(cpu.period)) add("period", "cpu.cfs_period_us", decimal(cpu.period));
  if (isSet(cpu.quota)) add("quota", "cpu.cfs_quota_us", decimal(cpu.quota));
  if (cpu.burst !== undefined) {
    add("burst", "cpu.cfs_burst_us", decimal(cpu.burst));
    // Linux before 5.14 has no bursts: none is what was asked for.
    if (!isSet(cpu.burst)) writes[writes.length - 1]!.optional = true;
  }
  if (cpu.idle !== undefined) {
    checkIdle(cpu.idle);
    add("idle", "cpu.idle", decimal(cpu.idle));
    if (!isSet(cpu.idle)) writes[writes.length - 1]!.optional = true;
  }
  if (isSet(cpu.realtimePeriod)) add("realtimePeriod", "cpu.rt_period_us", decimal(cpu.realtimePeriod));
  if (isSet(cpu.realtimeRuntime)) add("realtimeRuntime", "cpu.rt_runtime_us", decimal(cpu.realtimeRuntime));
  return writes;
}

/** cpuset.cpus and cpuset.mems. An empty list means "not set": the parent's is taken over. */
export function cpusetWrites(cpu: CpuResources): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  for (const property of ["cpus", "mems"] as const) {
    const value = cpu[property];
    if (!value) continue;
    writes.push({ controller: "cpuset", file: `cpuset.${property}`, value, pointer: at("cpu", property) });
  }
  return writes;
}

// The wording is Docker's: its tests and users look for it.
function checkShares(shares: number | bigint): void {
  let cause: string;
  if (shares < MIN_SHARES) cause = `the minimum allowed cpu-shares is ${MIN_SHARES}`;
  else if (shares > MAX_SHARES) cause = `the maximum allowed cpu-shares is ${MAX_SHARES}`;
  else return;
  throw new RuntError({ where: wordPointer(at("cpu", "shares")), cause });
}

/** Throws RuntError unless it is 0 or 1. */
export function checkIdle(idle: number | bigint): void {
  if (idle === 0 || idle === 1 || idle === 0n || idle === 1n) return;
  throw new RuntError({
    where: wordPointer(at("cpu", "idle")),
    cause: `${decimal(idle)} is neither 0 (default behaviour) nor 1 (SCHED_IDLE)`,
  });
}
