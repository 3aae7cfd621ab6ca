// CPU quotas as systemd keeps them: a share of a second, in whole percents. Pure.

import { isSet, type CpuResources, type LinuxResources } from "../resources.js";
import { INFINITY } from "./property.js";

const PERCENT = 10_000n;
const SECOND = 1_000_000n;

/**
 * CPUQuotaPerSecUSec. A unit's file holds whole percents, so it is rounded up to the next: otherwise a
 * daemon-reload would cut it down, below what sub-cgroups may have been given.
 */
export function quotaPerSecond(quota: bigint, period: bigint): bigint {
  if (quota <= 0n) return INFINITY;
  const exact = (quota * SECOND) / period;
  return ((exact + PERCENT - 1n) / PERCENT) * PERCENT;
}

/** The quota that systemd makes of it, in microseconds of a period. */
export function roundedQuota(quota: bigint, period: bigint): bigint {
  const perSecond = quotaPerSecond(quota, period);
  return perSecond === INFINITY ? quota : (perSecond * period) / SECOND;
}

/**
 * The resources with the quota that systemd will write itself: two writers of one file must agree.
 * `currentPeriod`: of cpu.max, when only the quota changes.
 */
export function withRoundedQuota(resources: LinuxResources, currentPeriod = 100_000n): LinuxResources {
  const { cpu, unified } = resources;
  const max = unified?.["cpu.max"];
  return {
    ...resources,
    ...(cpu && { cpu: roundCpu(cpu, currentPeriod) }),
    ...(unified && max !== undefined && { unified: { ...unified, "cpu.max": roundMax(max, currentPeriod) } }),
  };
}

function roundCpu(cpu: CpuResources, currentPeriod: bigint): CpuResources {
  if (!isSet(cpu.quota) || cpu.quota < 0) return cpu;
  const period = isSet(cpu.period) ? BigInt(cpu.period) : currentPeriod;
  return { ...cpu, quota: Number(roundedQuota(BigInt(cpu.quota), period)) };
}

function roundMax(text: string, currentPeriod: bigint): string {
  const [quota = "", period, ...rest] = text.trim().split(/\s+/);
  const isNumber = (word: string) => /^\d{1,18}$/.test(word);
  // What is no number goes to the kernel as it is, which says so.
  if (!isNumber(quota) || (period !== undefined && !isNumber(period)) || rest.length > 0) return text;
  const rounded = roundedQuota(BigInt(quota), period === undefined ? currentPeriod : BigInt(period) || 1n);
  return [rounded, ...(period === undefined ? [] : [period])].join(" ");
}
