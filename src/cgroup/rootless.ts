// What a rootless container is told when it gets no cgroup, or one without some controllers.

import type { RuntError } from "../errors.js";
import { wordPointer } from "../errors.js";
import { ENOENT } from "../host/constants.js";
import type { OnFailure } from "./apply.js";
import { delegateHint, isPermission } from "./failure.js";
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

/** The warnings for a container without a cgroup of its own: none when no limit is lost by it. */
export function noCgroupWarnings(error: RuntError, resources: LinuxResources | undefined, version: 1 | 2): string[] {
  const limits = requestedLimits(resources);
  if (limits.length === 0) return [];
  // The hint of the error itself would say the same again.
  const { hint: _, ...parts } = error.parts;
  const why = [parts.attempt && `${parts.attempt} ${parts.path ?? ""}`.trim(), parts.cause].filter(Boolean).join(": ");
  return [
    `the container runs without a cgroup of its own; not applied: ${limits.join(", ")}; ${why} (${delegateHint(version)})`,
  ];
}

/** Limits that a rootless container goes on without, gathered for one warning. */
export class LostLimits {
  private readonly lost = new Map<string, RuntError>();

  constructor(private readonly version: 1 | 2) {}

  /**
   * For applyWrites: takes what the user has no right or no controller for. A value that the kernel
   * refuses is an error for everybody.
   */
  readonly take: OnFailure = (error, write) => {
    const notDelegated = isPermission(error) || error.errno === ENOENT || error.errno === undefined;
    if (!notDelegated) throw error;
    this.lost.set(wordPointer(write.pointer), error);
  };

  /** The warning, if there is something to warn of. What was taken is forgotten. */
  warnings(): string[] {
    const [first] = this.lost.values();
    if (!first) return [];
    const { attempt, path, cause } = first.parts;
    const text = `not applied: ${[...this.lost.keys()].join(", ")}; ${[attempt, path].filter(Boolean).join(" ")}: ${cause} (${delegateHint(this.version)})`;
    this.lost.clear();
    return [text];
  }
}
