// linux.resources.memory → files of the v1 memory controller. Pure.

import type { CgroupWrite } from "../driver.js";
import { RuntError, wordPointer } from "../../errors.js";
import { at, decimal, isSet, type MemoryResources } from "../resources.js";

const controller = "memory";

/**
 * The order of limit and memory+swap limit matters: the kernel refuses (EINVAL) a limit above the
 * memory+swap limit of the moment, and the other way round. The limit goes first, which fits a new
 * cgroup and a lowering, and is tried again behind the other one when it was refused, which fits a raise.
 * So nothing has to be read first.
 */
export function memoryWrites(memory: MemoryResources): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  const add = (property: string, file: string, value: string, more: Partial<CgroupWrite> = {}) =>
    writes.push({ controller, file, value, pointer: at("memory", property), ...more });

  // First of all: it can only be changed while there are no sub-cgroups. Always on since Linux 5.11.
  if (memory.useHierarchy !== undefined) {
    add("useHierarchy", "memory.use_hierarchy", memory.useHierarchy ? "1" : "0");
  }
  if (isSet(memory.limit)) add("limit", "memory.limit_in_bytes", decimal(memory.limit), { retry: true });
  if (isSet(memory.swap)) {
    add("swap", "memory.memsw.limit_in_bytes", decimal(memory.swap), { retry: true });
  } else if (isSet(memory.limit) && memory.limit < 0) {
    // Unlimited memory below a limit of memory+swap is no unlimited memory, so that one goes too.
    // A kernel without swap accounting has no such file and no such limit.
    add("limit", "memory.memsw.limit_in_bytes", "-1", { retry: true, optional: true });
  }
  if (isSet(memory.reservation)) {
    add("reservation", "memory.soft_limit_in_bytes", decimal(memory.reservation));
  }
  if (memory.disableOOMKiller !== undefined) {
    // Real-time kernels have no such file; the killer is always on there.
    const optional = !memory.disableOOMKiller;
    add("disableOOMKiller", "memory.oom_control", optional ? "0" : "1", { optional });
  }
  if (memory.swappiness !== undefined) {
    checkSwappiness(memory.swappiness);
    add("swappiness", "memory.swappiness", decimal(memory.swappiness));
  }
  return writes;
}

function checkSwappiness(value: number | bigint): void {
  if (value >= 0 && value <= 100) return;
  throw new RuntError({
    where: wordPointer(at("memory", "swappiness")),
    cause: `invalid memory swappiness value: ${decimal(value)} (valid range is 0-100)`,
  });
}
