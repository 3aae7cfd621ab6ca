// linux.resources → all writes of cgroup v2, and the controllers that they need. Pure.

import type { CgroupWrite } from "../driver.js";
import { RuntError, wordPointer } from "../../errors.js";
import { hugetlbWrites } from "../hugetlb.js";
import { pidsWrites } from "../pids.js";
import { rdmaWrites } from "../rdma.js";
import { at, isSet, type LinuxResources } from "../resources.js";
import { cpuWrites, cpusetWrites } from "./cpu.js";
import { ioWrites } from "./io.js";
import { memoryWrites } from "./memory.js";
import { unifiedWrites } from "./unified.js";

/** Everything but device rules; `unified` comes last, so that it has the last word. */
export function v2Writes(resources: LinuxResources, currentCpuMax?: string): CgroupWrite[] {
  const { cpu, memory, pids, blockIO, hugepageLimits, rdma, unified } = resources;
  refuseNetwork(resources);
  return [
    ...(pids ? pidsWrites(pids, 2) : []),
    ...(memory ? memoryWrites(memory) : []),
    ...(blockIO ? ioWrites(blockIO) : []),
    ...(cpu ? cpuWrites(cpu, currentCpuMax) : []),
    ...(cpu ? cpusetWrites(cpu) : []),
    ...(hugepageLimits ? hugetlbWrites(hugepageLimits, 2) : []),
    ...(rdma ? rdmaWrites(rdma, 2) : []),
    ...(unified ? unifiedWrites(unified) : []),
  ];
}

/** The controllers whose files are written. "cgroup" files need none. */
export function controllersOf(writes: readonly CgroupWrite[]): string[] {
  const names = writes.filter((write) => !write.optional).map(({ file }) => file.split(".")[0]!);
  return [...new Set(names)].filter((name) => name !== "cgroup");
}

function refuseNetwork({ network }: LinuxResources): void {
  const property = isSet(network?.classID) ? "classID" : network?.priorities?.length ? "priorities" : undefined;
  if (property === undefined) return;
  throw new RuntError({
    where: wordPointer(at("network", property)),
    cause: "cgroup v2 has no net_cls and net_prio controllers",
    hint: "leave it out (eBPF and iptables -m cgroup do this on v2), or use a host with cgroup v1",
  });
}
