// linux.resources.memory → files of the v2 memory controller. Pure.

import type { CgroupWrite } from "../driver.js";
import { RuntError, wordPointer } from "../../errors.js";
import { at, decimal, isSet, orMax, type Integer, type MemoryResources } from "../resources.js";

export function memoryWrites(memory: MemoryResources): CgroupWrite[] {
  refuseUnconvertible(memory);
  const writes: CgroupWrite[] = [];
  const add = (property: string, file: string, value: string, optional = false) =>
    writes.push({ controller: "", file, value, pointer: at("memory", property), ...(optional && { optional }) });

  // Swap goes first, so that lowering memory.max may push pages out to it.
  const swap = swapLimit(memory);
  if (swap !== undefined) {
    // Without swap accounting there is no file, and "none" and "no limit" are true anyway.
    const property = isSet(memory.swap) ? "swap" : "limit";
    add(property, "memory.swap.max", swap, swap === "max" || swap === "0");
  }
  if (isSet(memory.limit)) add("limit", "memory.max", orMax(memory.limit));
  if (isSet(memory.reservation)) add("reservation", "memory.low", orMax(memory.reservation));
  return writes;
}

/** config.json limits memory and swap together, v2 swap alone. */
function swapLimit({ limit, swap }: MemoryResources): string | undefined {
  if (!isSet(swap)) return isSet(limit) && limit < 0 ? "max" : undefined;
  if (swap < 0) return "max";
  const refuse = (cause: string, hint?: string): never => {
    throw new RuntError({ where: wordPointer(at("memory", "swap")), cause, hint });
  };
  if (!isSet(limit)) {
    return refuse(
      "unable to set swap limit without memory limit",
      "on cgroup v2 the limit of swap is memory.swap minus memory.limit",
    );
  }
  if (limit < 0) return decimal(swap);
  if (swap < limit) {
    return refuse(
      `memory+swap limit should be >= memory limit (${decimal(swap)} < ${decimal(limit)})`,
      "memory.swap is the limit of memory and swap together",
    );
  }
  return (BigInt(swap) - BigInt(limit)).toString();
}

/** The spec: "If the conversion is not possible the runtime MUST generate an error." */
function refuseUnconvertible(memory: MemoryResources): void {
  const refuse = (property: string, cause: string): never => {
    throw new RuntError({
      where: wordPointer(at("memory", property)),
      cause,
      hint: "leave it out, or use a host with cgroup v1",
    });
  };
  if (memory.swappiness !== undefined) refuse("swappiness", "cgroup v2 has no swappiness of a cgroup");
  if (memory.disableOOMKiller) refuse("disableOOMKiller", "cgroup v2 cannot disable the OOM killer");
  if (memory.useHierarchy === false) refuse("useHierarchy", "cgroup v2 is always hierarchical");
}

/**
 * checkBeforeUpdate: on v2 a limit below the usage calls the OOM killer where v1 refuses it.
 * Throws RuntError when a limit is not above the usage (memory.current, bytes).
 */
export function checkMemoryUsage(memory: MemoryResources, usage: bigint): void {
  const check = (property: "limit" | "swap", name: string, limit: Integer | undefined) => {
    if (!isSet(limit) || limit < 0 || BigInt(limit) > usage) return;
    throw new RuntError({
      where: wordPointer(at("memory", property)),
      cause: `rejecting ${name} limit ${decimal(limit)} <= usage ${usage}`,
      hint: "asked for by memory.checkBeforeUpdate",
    });
  };
  check("swap", "memory+swap", memory.swap);
  check("limit", "memory", memory.limit);
}
