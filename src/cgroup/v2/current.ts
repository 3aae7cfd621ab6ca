// An update names some limits only. config.json's memory.swap is a limit of memory and swap together, cgroup v2
// limits swap alone: changing one of the two needs the other, which is read from the cgroup.

import { RuntError, wordPointer } from "../../errors.js";
import { at, isSet, type MemoryResources } from "../resources.js";

/** Limits are cut to whole pages, of at most 64 KiB: what was asked for and what is kept may differ by that. */
const PAGE = 65536n;

/**
 * Completes an update of memory. In: the texts of memory.max and memory.swap.max (undefined: no such file).
 * A limit alone keeps the limit of memory and swap together; a swap limit alone keeps the memory limit.
 * Throws RuntError for a limit above that of memory and swap together.
 */
export function completeMemory(
  memory: MemoryResources,
  max: string | undefined,
  swapMax: string | undefined,
): MemoryResources {
  const { limit, swap } = memory;
  const [currentLimit, currentSwap] = [bytes(max), bytes(swapMax)];
  if (isSet(swap) && swap > 0 && !isSet(limit) && currentLimit !== undefined) return { ...memory, limit: currentLimit };
  if (!isSet(limit) || limit < 0 || isSet(swap)) return memory;
  if (currentLimit === undefined || currentSwap === undefined) return memory;
  const total = currentLimit + currentSwap;
  if (total >= BigInt(limit)) return { ...memory, swap: total };
  if (BigInt(limit) - total < PAGE) return { ...memory, swap: limit };
  throw new RuntError({
    where: wordPointer(at("memory", "limit")),
    cause: `memory+swap limit should be >= memory limit (${total} < ${limit})`,
    hint: "the container has a limit of memory and swap together (memory.swap): raise it in the same update",
  });
}

function bytes(text: string | undefined): bigint | undefined {
  return text !== undefined && /^\d+$/.test(text) ? BigInt(text) : undefined;
}
