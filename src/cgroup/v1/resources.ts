// linux.resources → all writes of cgroup v1, in the order in which they are made. Pure.

import type { CgroupWrite } from "../driver.js";
import { RuntError, wordPointer } from "../../errors.js";
import { hugetlbWrites } from "../hugetlb.js";
import { pidsWrites } from "../pids.js";
import { rdmaWrites } from "../rdma.js";
import { at, isSet, type LinuxResources } from "../resources.js";
import { blkioWrites } from "./blkio.js";
import { cpuWrites, cpusetWrites } from "./cpu.js";
import { memoryWrites } from "./memory.js";
import { networkWrites } from "./network.js";

/** Everything but device rules and `unified`. */
export function v1Writes(resources: LinuxResources): CgroupWrite[] {
  const { cpu, memory, pids, blockIO, hugepageLimits, network, rdma } = resources;
  return [
    ...(cpu ? cpusetWrites(cpu) : []),
    ...(memory ? memoryWrites(memory) : []),
    ...(cpu ? cpuWrites(cpu) : []),
    ...(pids ? pidsWrites(pids, 1) : []),
    ...(blockIO ? blkioWrites(blockIO) : []),
    ...(hugepageLimits ? hugetlbWrites(hugepageLimits, 1) : []),
    ...(network ? networkWrites(network) : []),
    ...(rdma ? rdmaWrites(rdma, 1) : []),
  ];
}

// Parts of linux.resources and the v1 controller that carries them.
const CARRIERS = {
  memory: "memory",
  cpu: "cpu",
  pids: "pids",
  blockIO: "blkio",
  hugepageLimits: "hugetlb",
  rdma: "rdma",
} as const;

/**
 * On a hybrid host a controller is either in a v1 hierarchy or in cgroup2: parts whose v1 controller is not mounted
 * go to the cgroup2 beside it (directories[""]), and so does `unified`.
 * Throws RuntError for `unified` without a cgroup2.
 */
export function splitHybrid(
  resources: LinuxResources,
  directories: Readonly<Record<string, string>>,
): { v1: LinuxResources; v2?: LinuxResources } {
  const hasUnified = Object.keys(resources.unified ?? {}).length > 0;
  if (directories[""] === undefined) {
    if (!hasUnified) return { v1: resources };
    throw new RuntError({
      where: wordPointer(at("unified")),
      cause: "cannot use unified resources on cgroup v1",
      hint: "use memory, cpu, pids, … instead, or a host with cgroup v2",
    });
  }
  const v1: LinuxResources = { ...resources, unified: undefined };
  const v2: LinuxResources = {};
  if (hasUnified) v2.unified = resources.unified;
  for (const [part, controller] of Object.entries(CARRIERS) as [keyof typeof CARRIERS, string][]) {
    if (resources[part] === undefined || directories[controller] !== undefined) continue;
    Object.assign(v2, { [part]: resources[part] });
    v1[part] = undefined;
  }
  return Object.keys(v2).length > 0 ? { v1, v2 } : { v1 };
}

/** What is deliberately not applied, on v1 and v2 alike. */
export function resourceWarnings(resources: LinuxResources | undefined): string[] {
  const memory = resources?.memory;
  const given = (["kernel", "kernelTCP"] as const).filter((property) => isSet(memory?.[property]));
  return given.map(
    (property) =>
      `${at("memory", property)}: kernel memory limits are ignored: kernel memory is counted in memory.limit since Linux 5.16`,
  );
}
