// linux.resources, also the file of update --resources: config-linux.md, "Control groups".

import { pointerPart } from "../problems.js";
import type {
  LinuxBlockIO,
  LinuxCPU,
  LinuxDeviceCgroup,
  LinuxHugepageLimit,
  LinuxMemory,
  LinuxPids,
  LinuxRdma,
  LinuxResources,
} from "../types.gen.js";
import { type Check, type Checks, checkMembers, findDuplicates, isNumberList, NUMBER_LIST } from "./check.js";

/** config-linux.md, "Memory": bytes, or -1 for no limit; swappiness is 0 to 100. */
const memory: Check<LinuxMemory> = (memory, at, { findings }) => {
  for (const name of ["limit", "reservation", "swap", "kernel", "kernelTCP"] as const) {
    const value = memory[name];
    if (value !== undefined && value < -1) {
      findings.problem(`${at}/${name}`, "expected a number of bytes, or -1 for no limit");
    }
  }
  const { limit, swap, swappiness } = memory;
  // swap counts memory and swap together, so it cannot be the smaller one. 0 is "not set" to runc's callers.
  if (limit !== undefined && swap !== undefined && swap > 0 && limit > swap) {
    const cause = `expected memory and swap together, so no less than memory.limit, which is ${limit}`;
    findings.problem(`${at}/swap`, cause);
  }
  if (swappiness !== undefined && swappiness > 100) {
    findings.problem(`${at}/swappiness`, "expected an integer from 0 to 100");
  }
};

/** config-linux.md, "CPU": burst is no larger than a positive quota; lists with dashes for ranges. */
const cpu: Check<LinuxCPU> = (cpu, at, { findings }) => {
  const { burst, quota } = cpu;
  if (burst !== undefined && quota !== undefined && quota > 0 && burst > quota) {
    findings.problem(`${at}/burst`, `expected no more than cpu.quota, which is ${quota}`);
  }
  for (const name of ["cpus", "mems"] as const) {
    const list = cpu[name];
    if (list && !isNumberList(list)) findings.problem(`${at}/${name}`, `expected ${NUMBER_LIST}`);
  }
};

/** config-linux.md, "PIDs": -1 is no limit. */
const pids: Check<LinuxPids> = ({ limit }, at, { findings }) => {
  if (limit !== undefined && limit < -1) {
    findings.problem(`${at}/limit`, "expected a number of tasks, or -1 for no limit");
  }
};

/** config-linux.md, "Allowed Device list": access is a composition of r, w and m. */
const devices: Check<LinuxDeviceCgroup[]> = (devices, at, { findings }) => {
  for (let index = 0; index < devices.length; index++) {
    if (devices[index]!.access === "") {
      findings.problem(`${at}/${index}/access`, "expected one of r, w and m at least");
    }
  }
};

/** config-linux.md, "Block IO": weight or leafWeight in every entry. */
const blockIO: Check<LinuxBlockIO> = ({ weightDevice }, at, { findings }) => {
  weightDevice?.forEach(({ weight, leafWeight }, index) => {
    if (weight === undefined && leafWeight === undefined) {
      findings.problem(`${at}/weightDevice/${index}`, "expected weight or leafWeight", { quiet: true });
    }
  });
};

/** config-linux.md, "Huge page limits": a size has one limit. */
const hugepageLimits: Check<LinuxHugepageLimit[]> = (limits, at, { findings }) => {
  findDuplicates(
    limits,
    (limit) => limit.pageSize,
    (index, size, first) => {
      const cause = `expected each size once, but ${size} is in entry ${first} too`;
      findings.problem(`${at}/${index}/pageSize`, cause, { quiet: true });
    },
  );
};

/** config-linux.md, "RDMA": hcaHandles or hcaObjects in every entry. */
const rdma: Check<Record<string, LinuxRdma>> = (devices, at, { findings }) => {
  for (const [device, { hcaHandles, hcaObjects }] of Object.entries(devices)) {
    if (hcaHandles === undefined && hcaObjects === undefined) {
      findings.problem(at + pointerPart(device), "expected hcaHandles or hcaObjects", { quiet: true });
    }
  }
};

/** config-linux.md, "Unified": a key is a file in the container's own cgroup directory, never a way out of it. */
const unified: Check<Record<string, string>> = (files, at, { findings }) => {
  for (const file of Object.keys(files)) {
    if (file !== "" && file !== "." && file !== ".." && !/[/\n]/.test(file)) continue;
    const cause = `expected the name of a cgroup file such as memory.high, found ${JSON.stringify(file)}`;
    findings.problem(at + pointerPart(file), cause, { quiet: true });
  }
};

const members: Checks<LinuxResources> = { devices, memory, cpu, pids, blockIO, hugepageLimits, rdma, unified };

export const checkResources: Check<LinuxResources> = (resources, at, context) =>
  checkMembers(resources, members, at, context);
