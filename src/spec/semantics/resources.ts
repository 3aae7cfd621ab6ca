// linux.resources, also the file of update --resources: config-linux.md, "Control groups".

import { type Findings, pointerPart } from "../problems.js";
import type { LinuxResources } from "../types.gen.js";
import { type Check, findDuplicates, isNumberList, NUMBER_LIST } from "./check.js";

type ResourcesCheck = (resources: LinuxResources, at: string, findings: Findings) => void;

/** config-linux.md, "Memory": bytes, or -1 for no limit. */
const memory: ResourcesCheck = ({ memory }, at, findings) => {
  if (!memory) return;
  for (const name of ["limit", "reservation", "swap", "kernel", "kernelTCP"] as const) {
    const value = memory[name];
    if (value !== undefined && value < -1)
      findings.problem(`${at}/memory/${name}`, "expected a number of bytes, or -1 for no limit");
  }
  const { limit, swap } = memory;
  // swap counts memory and swap together, so it cannot be the smaller one. 0 is "not set" to runc's callers.
  if (limit !== undefined && swap !== undefined && swap > 0 && limit > swap) {
    findings.problem(
      `${at}/memory/swap`,
      `expected memory and swap together, so no less than memory.limit, which is ${limit}`,
    );
  }
};

/** config-linux.md, "Memory": swappiness is 0 to 100. */
const swappiness: ResourcesCheck = ({ memory }, at, findings) => {
  const value = memory?.swappiness;
  if (value !== undefined && value > 100)
    findings.problem(`${at}/memory/swappiness`, "expected an integer from 0 to 100");
};

/** config-linux.md, "CPU": burst is no larger than a positive quota. */
const cpuBurst: ResourcesCheck = ({ cpu }, at, findings) => {
  if (cpu?.burst !== undefined && cpu.quota !== undefined && cpu.quota > 0 && cpu.burst > cpu.quota) {
    findings.problem(`${at}/cpu/burst`, `expected no more than cpu.quota, which is ${cpu.quota}`);
  }
};

/** config-linux.md, "CPU": lists with dashes for ranges. */
const cpuSets: ResourcesCheck = ({ cpu }, at, findings) => {
  for (const name of ["cpus", "mems"] as const) {
    const list = cpu?.[name];
    if (list && !isNumberList(list)) findings.problem(`${at}/cpu/${name}`, `expected ${NUMBER_LIST}`);
  }
};

/** config-linux.md, "PIDs": -1 is no limit. */
const pids: ResourcesCheck = ({ pids }, at, findings) => {
  if (pids?.limit !== undefined && pids.limit < -1)
    findings.problem(`${at}/pids/limit`, "expected a number of tasks, or -1 for no limit");
};

/** config-linux.md, "Allowed Device list": access is a composition of r, w and m. */
const deviceAccess: ResourcesCheck = ({ devices }, at, findings) => {
  devices?.forEach(({ access }, index) => {
    if (access === "") findings.problem(`${at}/devices/${index}/access`, "expected one of r, w and m at least");
  });
};

/** config-linux.md, "Block IO": weight or leafWeight in every entry. */
const weightDevices: ResourcesCheck = ({ blockIO }, at, findings) => {
  blockIO?.weightDevice?.forEach(({ weight, leafWeight }, index) => {
    if (weight === undefined && leafWeight === undefined) {
      findings.problem(`${at}/blockIO/weightDevice/${index}`, "expected weight or leafWeight", { quiet: true });
    }
  });
};

/** config-linux.md, "Huge page limits": a size has one limit. */
const hugepages: ResourcesCheck = ({ hugepageLimits }, at, findings) => {
  findDuplicates(
    hugepageLimits,
    (limit) => limit.pageSize,
    (index, size, first) => {
      findings.problem(
        `${at}/hugepageLimits/${index}/pageSize`,
        `expected each size once, but ${size} is in entry ${first} too`,
        { quiet: true },
      );
    },
  );
};

/** config-linux.md, "RDMA": hcaHandles or hcaObjects in every entry. */
const rdma: ResourcesCheck = ({ rdma }, at, findings) => {
  for (const [device, { hcaHandles, hcaObjects }] of Object.entries(rdma ?? {})) {
    if (hcaHandles === undefined && hcaObjects === undefined) {
      findings.problem(`${at}/rdma${pointerPart(device)}`, "expected hcaHandles or hcaObjects", { quiet: true });
    }
  }
};

/** config-linux.md, "Unified": a key is a file in the container's own cgroup directory, never a way out of it. */
const unified: ResourcesCheck = ({ unified }, at, findings) => {
  for (const key of Object.keys(unified ?? {})) {
    if (key === "" || key === "." || key === ".." || /[/\n]/.test(key)) {
      findings.problem(
        `${at}/unified${pointerPart(key)}`,
        `expected the name of a cgroup file such as memory.high, found ${JSON.stringify(key)}`,
        {
          quiet: true,
        },
      );
    }
  }
};

const checks: readonly ResourcesCheck[] = [
  memory,
  swappiness,
  cpuBurst,
  cpuSets,
  pids,
  deviceAccess,
  weightDevices,
  hugepages,
  rdma,
  unified,
];

/** The checks of resources at a place: "/linux/resources" in config.json, "" in a resources file. */
export function resourcesChecks<T>(at: string, resourcesOf: (document: T) => LinuxResources | undefined): Check<T>[] {
  return checks.map((check) => (document, findings) => {
    const resources = resourcesOf(document);
    if (resources) check(resources, at, findings);
  });
}
