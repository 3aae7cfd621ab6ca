// linux.namespaces and what only makes sense in one: config-linux.md, "Namespaces".

import { type Findings, pointerPart } from "../problems.js";
import { suggest } from "../suggest.js";
import type { LinuxNamespace, LinuxNamespaceType, Spec } from "../types.gen.js";
import { type Check, findDuplicates } from "./check.js";
import { checkMappings } from "./mappings.js";

/** The entry of a type, when the config has one. */
export function namespaceOf(config: Spec, type: LinuxNamespaceType): LinuxNamespace | undefined {
  return config.linux?.namespaces?.find((namespace) => namespace.type === type);
}

/** The words for something that needs a namespace that the config does not have. */
export function needsNamespace(type: LinuxNamespaceType): { hint: string; basis: string } {
  return { hint: `add { "type": "${type}" } to linux.namespaces`, basis: "/linux/namespaces" };
}

/** config-linux.md, "Namespaces": duplicates of one type must be an error. */
function types(config: Spec, findings: Findings): void {
  findDuplicates(
    config.linux?.namespaces,
    (namespace) => namespace.type,
    (index, type, first) => {
      findings.problem(
        `/linux/namespaces/${index}/type`,
        `expected each type once, but ${type} is in entry ${first} too`,
        { quiet: true },
      );
    },
  );
}

/** config-linux.md, "Namespaces": path must be absolute. */
function paths(config: Spec, findings: Findings): void {
  config.linux?.namespaces?.forEach(({ path }, index) => {
    if (path && !path.startsWith("/")) findings.problem(`/linux/namespaces/${index}/path`, "expected an absolute path");
  });
}

/** config-linux.md, "User namespace mappings": they describe a user namespace that is made. */
function mappings(config: Spec, findings: Findings): void {
  const user = namespaceOf(config, "user");
  for (const name of ["uidMappings", "gidMappings"] as const) {
    const ranges = config.linux?.[name];
    const pointer = `/linux/${name}`;
    if (!user && ranges?.length) {
      findings.problem(pointer, "user namespace mappings specified, but user namespace isn't enabled in the config", {
        ...needsNamespace("user"),
        quiet: true,
      });
    }
    // A new namespace without a map has no usable id at all, not even for the runtime.
    if (user && !user.path && !ranges?.length) {
      findings.problem(pointer, "a new user namespace needs mappings, or a path to join", { quiet: true });
    }
    checkMappings(ranges, pointer, findings);
  }
}

/** config.md, "Hostname" and "Domainname": they change a UTS namespace, which must not be the runtime's. */
function names(config: Spec, findings: Findings): void {
  for (const name of ["hostname", "domainname"] as const) {
    const value = config[name];
    if (!value) continue;
    if (!namespaceOf(config, "uts")) {
      findings.problem(`/${name}`, `unable to set ${name} without a private UTS namespace`, {
        ...needsNamespace("uts"),
      });
    }
    // __NEW_UTS_LEN of the kernel, in bytes.
    if (new TextEncoder().encode(value).length > 64) findings.problem(`/${name}`, "expected up to 64 bytes");
  }
}

const CLOCKS = ["monotonic", "boottime"];

/** config-linux.md, "Offset for Time Namespace"; time_namespaces(7): offsets are set before anyone enters. */
function timeOffsets(config: Spec, findings: Findings): void {
  const offsets = config.linux?.timeOffsets;
  if (!offsets || Object.keys(offsets).length === 0) return;
  const time = namespaceOf(config, "time");
  if (!time) {
    findings.problem(
      "/linux/timeOffsets",
      "time namespace offsets specified, but time namespace isn't enabled in the config",
      {
        ...needsNamespace("time"),
        quiet: true,
      },
    );
  } else if (time.path) {
    findings.problem("/linux/timeOffsets", `expected none: the offsets of ${time.path} are set already`, {
      quiet: true,
    });
  }
  for (const clock of Object.keys(offsets)) {
    if (CLOCKS.includes(clock)) continue;
    const meant = suggest(clock, CLOCKS);
    findings.problem(
      `/linux/timeOffsets${pointerPart(clock)}`,
      'expected a clock that has offsets: "monotonic" or "boottime"',
      {
        hint: meant && `did you mean "${meant}"?`,
        quiet: true,
      },
    );
  }
}

/** config-linux.md, "Masked Paths" and "Readonly Paths": absolute, and in the container's own mount table. */
function hiddenPaths(config: Spec, findings: Findings): void {
  for (const name of ["maskedPaths", "readonlyPaths"] as const) {
    const list = config.linux?.[name];
    if (!list?.length) continue;
    if (!namespaceOf(config, "mount")) {
      findings.problem(`/linux/${name}`, "unable to restrict paths without a private mount namespace", {
        ...needsNamespace("mount"),
        quiet: true,
      });
    }
    list.forEach((path, index) => {
      if (!path.startsWith("/")) findings.problem(`/linux/${name}/${index}`, "expected an absolute path");
    });
  }
}

export const namespaceChecks: readonly Check<Spec>[] = [types, paths, mappings, names, timeOffsets, hiddenPaths];
