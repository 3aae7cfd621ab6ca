// The rest of the linux section: config-linux.md.

import { pointerPart } from "../problems.js";
import type {
  Linux,
  LinuxDevice,
  LinuxIntelRdt,
  LinuxMemoryPolicy,
  LinuxNetDevice,
  LinuxPersonality,
} from "../types.gen.js";
import {
  type Check,
  type Checks,
  checkAbsolute,
  checkMembers,
  findDuplicates,
  isNumberList,
  NUMBER_LIST,
  namespaceOf,
  needsNamespace,
  isLonger,
} from "./check.js";
import { namespaces, timeOffsets, userMappings } from "./namespaces.js";
import { checkResources } from "./resources.js";
import { seccomp } from "./seccomp.js";
import { sysctl } from "./sysctl.js";

/** config-linux.md, "Devices": a full path; major and minor unless it is a FIFO. */
const devices: Check<LinuxDevice[]> = (devices, at, { findings }) => {
  devices.forEach((device, index) => {
    if (!device.path.startsWith("/")) findings.problem(`${at}/${index}/path`, "expected an absolute path");
    if (device.type === "p") return;
    for (const number of ["major", "minor"] as const) {
      if (device[number] !== undefined) continue;
      const cause = `a device of type "${device.type}" needs a ${number} number`;
      findings.problem(`${at}/${index}/${number}`, cause, { quiet: true });
    }
  });
  findDuplicates(
    devices,
    (device) => device.path,
    (index, path, first) => {
      const cause = `expected each path once, but ${path} is in entry ${first} too`;
      findings.problem(`${at}/${index}/path`, cause, { quiet: true });
    },
  );
};

/** dev_valid_name() of the kernel: shorter than IFNAMSIZ, no slash, colon or blank. */
function isNetDeviceName(name: string): boolean {
  return name !== "" && !isLonger(name, 15) && name !== "." && name !== ".." && !/[/:\s]/.test(name);
}

/** config-linux.md, "Network Devices". */
const netDevices: Check<Record<string, LinuxNetDevice>> = (all, pointer, { findings, config }) => {
  const devices = Object.entries(all);
  if (devices.length > 0 && !namespaceOf(config, "network")) {
    const cause = "unable to move network devices without a private network namespace";
    findings.problem(pointer, cause, { ...needsNamespace("network"), quiet: true });
  }
  const rule = "expected the name of a network device: 1 to 15 bytes without slash, colon or blank";
  for (const [host, { name }] of devices) {
    const at = pointer + pointerPart(host);
    if (!isNetDeviceName(host)) findings.problem(at, `${rule}, found ${JSON.stringify(host)}`, { quiet: true });
    if (!name) continue;
    if (!isNetDeviceName(name)) findings.problem(`${at}/name`, rule);
    // The kernel fills in one number; it refuses every other use of "%".
    else if (/%(?!d)|%d.*%/.test(name)) {
      findings.problem(`${at}/name`, "expected a name with at most one %d and no other %");
    }
  }
  // "%d" gives each its own number, so only fixed names can clash.
  findDuplicates(
    devices,
    ([host, { name }]) => (name?.includes("%d") ? undefined : name || host),
    (index, name) => {
      const cause = `expected each name in the container once, but ${name} is there already`;
      findings.problem(pointer + pointerPart(devices[index]![0]), cause, { quiet: true });
    },
  );
};

/** config-linux.md, "Cgroups Path": certain values may be refused. A path that climbs is one. */
const cgroupsPath: Check<string> = (path, at, { findings }) => {
  if (path.includes("..") && path.split("/").includes("..")) findings.problem(at, 'expected a path without ".."');
  else if (path.includes("\n")) findings.problem(at, "expected a path without line breaks");
};

/** config-linux.md, "IntelRdt". */
const intelRdt: Check<LinuxIntelRdt> = (rdt, at, { findings }) => {
  const { closID, l3CacheSchema, memBwSchema } = rdt;
  // "/" alone is the default class.
  if (closID === "." || closID === ".." || (closID !== "/" && closID?.includes("/")) || closID?.includes("\n")) {
    findings.problem(`${at}/closID`, 'expected the name of a directory, or "/"');
  }
  if (l3CacheSchema?.includes("\n")) findings.problem(`${at}/l3CacheSchema`, "expected one line");
  if (l3CacheSchema && !l3CacheSchema.startsWith("L3:")) {
    findings.warning(`${at}/l3CacheSchema`, 'should start with "L3:"');
  }
  if (memBwSchema?.includes("\n")) findings.problem(`${at}/memBwSchema`, "expected one line");
  else if (memBwSchema && !memBwSchema.startsWith("MB:")) {
    findings.problem(`${at}/memBwSchema`, 'expected a line that starts with "MB:"');
  }
  rdt.schemata?.forEach((line, index) => {
    if (line.includes("\n")) findings.problem(`${at}/schemata/${index}`, "expected one line");
  });
};

const MODES_WITHOUT_NODES = ["MPOL_DEFAULT", "MPOL_LOCAL"];
const MODES_WITH_NODES = ["MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_WEIGHTED_INTERLEAVE", "MPOL_PREFERRED_MANY"];

/** config-linux.md, "Memory policy"; set_mempolicy(2). */
const memoryPolicy: Check<LinuxMemoryPolicy> = ({ mode, nodes, flags }, at, { findings }) => {
  if (nodes && !isNumberList(nodes)) findings.problem(`${at}/nodes`, `expected ${NUMBER_LIST}`);
  if (nodes && MODES_WITHOUT_NODES.includes(mode)) findings.problem(`${at}/nodes`, `expected no nodes with ${mode}`);
  if (!nodes && MODES_WITH_NODES.includes(mode))
    findings.problem(`${at}/nodes`, `${mode} needs nodes`, { quiet: true });
  if (flags?.includes("MPOL_F_STATIC_NODES") && flags.includes("MPOL_F_RELATIVE_NODES")) {
    const cause = "expected one of MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES, not both";
    findings.problem(`${at}/flags`, cause, { quiet: true });
  }
};

/** config-linux.md, "Personality": no flag is supported yet, so none is valid. */
const personality: Check<LinuxPersonality> = ({ flags }, at, { findings }) => {
  flags?.forEach((_, index) => {
    findings.problem(`${at}/flags/${index}`, "expected no flag: none is defined");
  });
};

const members: Checks<Linux> = {
  namespaces,
  uidMappings: userMappings,
  gidMappings: userMappings,
  timeOffsets,
  devices,
  netDevices,
  cgroupsPath,
  resources: checkResources,
  intelRdt,
  memoryPolicy,
  sysctl,
  seccomp,
  maskedPaths: checkAbsolute,
  readonlyPaths: checkAbsolute,
  personality,
};

export const linux: Check<Linux> = (linux, at, context) => checkMembers(linux, members, at, context);
