// What a rootless container is told when it gets no cgroup, or one without some controllers.

import type { RuntError } from "../errors.js";
import { wordPointer } from "../errors.js";
import type { CgroupWrite } from "./driver.js";
import { DELEGATE_HINT } from "./failure.js";
import { at, type LinuxResources } from "./resources.js";

/** The properties of linux.resources that ask for a limit, as people write them. Device rules are no limit. */
export function requestedLimits(resources: LinuxResources | undefined): string[] {
  const names: string[] = [];
  for (const [part, value] of Object.entries(resources ?? {})) {
    if (part === "devices" || value === undefined) continue;
    if (Array.isArray(value)) {
      if (value.length > 0) names.push(wordPointer(at(part)));
    } else {
      names.push(...Object.keys(value as object).map((property) => wordPointer(at(part, property))));
    }
  }
  return names;
}

/** The warning for a container without a cgroup of its own. */
export function noCgroupWarning(error: RuntError, resources: LinuxResources | undefined): string {
  const limits = requestedLimits(resources);
  const lost = limits.length > 0 ? `not applied: ${limits.join(", ")}` : "no limits were asked for";
  return `the container runs without a cgroup of its own; ${lost}; ${error.message}; ${DELEGATE_HINT}`;
}

/** The warning for one limit that was refused. */
export function lostLimitWarning(error: RuntError, write: CgroupWrite): string {
  return `not applied: ${error.message}; ${write.file} = ${write.value}; ${DELEGATE_HINT}`;
}
