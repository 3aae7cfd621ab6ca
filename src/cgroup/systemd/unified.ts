// linux.resources.unified → properties, for those files that systemd writes itself. Pure. What has no property is
// left to the files, and so is a value that is not understood here: the kernel says what is wrong with it.

import { wordPointer } from "../../errors.js";
import { at } from "../resources.js";
import { cpusetBits } from "./cpuset.js";
import {
  CPU_IDLE,
  CPUSETS,
  parseCpuMax,
  setPeriod,
  tasksMax,
  type SetProperty,
  type UnitContext,
} from "./properties.js";
import { INFINITY, property, type Property } from "./property.js";
import { quotaPerSecond } from "./quota.js";

/** Files of one number or "max" → the property, and the systemd that came with it. */
const LIMITS: Readonly<Record<string, readonly [name: string, since: number]>> = {
  "memory.min": ["MemoryMin", 0],
  "memory.low": ["MemoryLow", 0],
  "memory.high": ["MemoryHigh", 0],
  "memory.max": ["MemoryMax", 0],
  "memory.swap.max": ["MemorySwapMax", 0],
  "memory.zswap.max": ["MemoryZSwapMax", 253],
};

const NUMBER = /^\d{1,19}$/;

export function unifiedProperties(unified: Record<string, string>, context: UnitContext, set: SetProperty): void {
  for (const [file, text] of Object.entries(unified)) {
    const value = text.trim();
    const pointer = at("unified", file);
    const limit = LIMITS[file];
    if (limit) {
      const [name, since] = limit;
      if (context.version >= since) setLimit(name, value, pointer, set);
    } else if (file === "pids.max") {
      if (value === "max") set("TasksMax", "t", INFINITY, pointer);
      else if (NUMBER.test(value)) set("TasksMax", "t", tasksMax(BigInt(value)), pointer);
    } else if (file === "cpu.max") {
      if (/^(max|\d{1,18})(\s+[1-9]\d{0,8})?$/.test(value)) setCpuMax(value, pointer, context, set);
    } else if (file === "cpuset.cpus" || file === "cpuset.mems") {
      const name = file === "cpuset.cpus" ? "AllowedCPUs" : "AllowedMemoryNodes";
      if (context.version >= CPUSETS && value !== "") set(name, "ay", cpusetBits(value, pointer), pointer);
    }
  }
  setCpuWeight(unified, context, set);
}

function setLimit(name: string, value: string, pointer: string, set: SetProperty): void {
  if (value === "max") set(name, "t", INFINITY, pointer);
  else if (NUMBER.test(value) && BigInt(value) < INFINITY) set(name, "t", BigInt(value), pointer);
}

function setCpuMax(value: string, pointer: string, context: UnitContext, set: SetProperty): void {
  const [quota, period] = parseCpuMax(value);
  const alone = !/\s/.test(value);
  const [, current] = parseCpuMax(context.cpuMax);
  if (!alone) setPeriod(period, context, set, pointer);
  set("CPUQuotaPerSecUSec", "t", quotaPerSecond(quota, alone ? current : period), pointer);
}

/** cpu.idle is a weight of 0 for systemd, so it goes before cpu.weight: the kernel has both, systemd one. */
function setCpuWeight(unified: Record<string, string>, { version }: UnitContext, set: SetProperty): void {
  const weight = unified["cpu.weight"]?.trim();
  if (weight !== undefined && NUMBER.test(weight)) set("CPUWeight", "t", BigInt(weight), at("unified", "cpu.weight"));
  if (unified["cpu.idle"]?.trim() === "1" && version >= CPU_IDLE) set("CPUWeight", "t", 0n, at("unified", "cpu.idle"));
}

/** Scopes have a policy since this version; before it memory.oom.group is only written to its file. */
const OOM_POLICY = 253;

/** A warning for a value that an older systemd will overwrite. */
export function oomGroupWarnings(unified: Record<string, string> | undefined, version: number): string[] {
  if (unified?.["memory.oom.group"]?.trim() !== "1" || version >= OOM_POLICY) return [];
  const place = wordPointer(at("unified", "memory.oom.group"));
  return [`${place}: systemd ${version} sets it back at a daemon-reload (${OOM_POLICY} keeps it)`];
}

/** memory.oom.group as OOMPolicy, which only a new unit takes. */
export function oomPolicy(unified: Record<string, string> | undefined, version: number): Property[] {
  const policy = { 0: "continue", 1: "kill" }[unified?.["memory.oom.group"]?.trim() ?? ""];
  if (policy === undefined || version < OOM_POLICY) return [];
  return [property("OOMPolicy", "s", policy, at("unified", "memory.oom.group"))];
}
