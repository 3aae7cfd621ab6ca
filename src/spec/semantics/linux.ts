// The rest of the linux section: config-linux.md.

import { type Findings, pointerPart } from "../problems.js";
import type { Spec } from "../types.gen.js";
import { type Check, findDuplicates, isNumberList, NUMBER_LIST } from "./check.js";
import { namespaceOf, needsNamespace } from "./namespaces.js";

/** config-linux.md, "Devices": a full path; major and minor unless it is a FIFO. */
function devices(config: Spec, findings: Findings): void {
  config.linux?.devices?.forEach((device, index) => {
    const at = `/linux/devices/${index}`;
    if (!device.path.startsWith("/")) findings.problem(`${at}/path`, "expected an absolute path");
    if (device.type === "p") return;
    for (const number of ["major", "minor"] as const) {
      if (device[number] === undefined) {
        findings.problem(`${at}/${number}`, `a device of type "${device.type}" needs a ${number} number`, {
          quiet: true,
        });
      }
    }
  });
  findDuplicates(
    config.linux?.devices,
    (device) => device.path,
    (index, path, first) => {
      findings.problem(
        `/linux/devices/${index}/path`,
        `expected each path once, but ${path} is in entry ${first} too`,
        { quiet: true },
      );
    },
  );
}

/** dev_valid_name() of the kernel: shorter than IFNAMSIZ, no slash, colon or blank. */
function isNetDeviceName(name: string): boolean {
  const length = new TextEncoder().encode(name).length;
  return length > 0 && length < 16 && name !== "." && name !== ".." && !/[/:\s]/.test(name);
}

/** config-linux.md, "Network Devices". */
function netDevices(config: Spec, findings: Findings): void {
  const devices = Object.entries(config.linux?.netDevices ?? {});
  if (devices.length === 0) return;
  if (!namespaceOf(config, "network")) {
    findings.problem("/linux/netDevices", "unable to move network devices without a private network namespace", {
      ...needsNamespace("network"),
      quiet: true,
    });
  }
  const rule = "expected the name of a network device: 1 to 15 bytes without slash, colon or blank";
  for (const [host, { name }] of devices) {
    const at = `/linux/netDevices${pointerPart(host)}`;
    if (!isNetDeviceName(host)) findings.problem(at, `${rule}, found ${JSON.stringify(host)}`, { quiet: true });
    if (!name) continue;
    if (!isNetDeviceName(name)) findings.problem(`${at}/name`, rule);
    // The kernel fills in one number; it refuses every other use of "%".
    else if (/%(?!d)|%d.*%/.test(name))
      findings.problem(`${at}/name`, "expected a name with at most one %d and no other %");
  }
  // "%d" gives each its own number, so only fixed names can clash.
  findDuplicates(
    devices,
    ([host, { name }]) => (name?.includes("%d") ? undefined : name || host),
    (index, name) => {
      const at = `/linux/netDevices${pointerPart(devices[index]![0])}`;
      findings.problem(at, `expected each name in the container once, but ${name} is there already`, { quiet: true });
    },
  );
}

/** config-linux.md, "Cgroups Path": certain values may be refused. A path that climbs is one. */
function cgroupsPath(config: Spec, findings: Findings): void {
  const path = config.linux?.cgroupsPath;
  if (path?.split("/").includes("..")) findings.problem("/linux/cgroupsPath", 'expected a path without ".."');
  else if (path?.includes("\n")) findings.problem("/linux/cgroupsPath", "expected a path without line breaks");
}

/** config-linux.md, "IntelRdt". */
function intelRdt(config: Spec, findings: Findings): void {
  const rdt = config.linux?.intelRdt;
  if (!rdt) return;
  const at = "/linux/intelRdt";
  const { closID, l3CacheSchema, memBwSchema } = rdt;
  // "/" alone is the default class.
  if (closID === "." || closID === ".." || (closID !== "/" && closID?.includes("/")) || closID?.includes("\n")) {
    findings.problem(`${at}/closID`, 'expected the name of a directory, or "/"');
  }
  if (l3CacheSchema?.includes("\n")) findings.problem(`${at}/l3CacheSchema`, "expected one line");
  if (l3CacheSchema && !l3CacheSchema.startsWith("L3:"))
    findings.warning(`${at}/l3CacheSchema`, 'should start with "L3:"');
  if (memBwSchema?.includes("\n")) findings.problem(`${at}/memBwSchema`, "expected one line");
  else if (memBwSchema && !memBwSchema.startsWith("MB:"))
    findings.problem(`${at}/memBwSchema`, 'expected a line that starts with "MB:"');
  rdt.schemata?.forEach((line, index) => {
    if (line.includes("\n")) findings.problem(`${at}/schemata/${index}`, "expected one line");
  });
}

const MODES_WITHOUT_NODES = ["MPOL_DEFAULT", "MPOL_LOCAL"];
const MODES_WITH_NODES = ["MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_WEIGHTED_INTERLEAVE", "MPOL_PREFERRED_MANY"];

/** config-linux.md, "Memory policy"; set_mempolicy(2). */
function memoryPolicy(config: Spec, findings: Findings): void {
  const policy = config.linux?.memoryPolicy;
  if (!policy) return;
  const at = "/linux/memoryPolicy";
  const { mode, nodes, flags } = policy;
  if (nodes && !isNumberList(nodes)) findings.problem(`${at}/nodes`, `expected ${NUMBER_LIST}`);
  if (nodes && MODES_WITHOUT_NODES.includes(mode)) findings.problem(`${at}/nodes`, `expected no nodes with ${mode}`);
  if (!nodes && MODES_WITH_NODES.includes(mode))
    findings.problem(`${at}/nodes`, `${mode} needs nodes`, { quiet: true });
  if (flags?.includes("MPOL_F_STATIC_NODES") && flags.includes("MPOL_F_RELATIVE_NODES")) {
    findings.problem(`${at}/flags`, "expected one of MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES, not both", {
      quiet: true,
    });
  }
}

/** config-linux.md, "Personality": no flag is supported yet, so none is valid. */
function personality(config: Spec, findings: Findings): void {
  config.linux?.personality?.flags?.forEach((_, index) => {
    findings.problem(`/linux/personality/flags/${index}`, "expected no flag: none is defined");
  });
}

export const linuxChecks: readonly Check<Spec>[] = [
  devices,
  netDevices,
  cgroupsPath,
  intelRdt,
  memoryPolicy,
  personality,
];
