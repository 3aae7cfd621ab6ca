// One interface for v1 and v2 (and later systemd). A driver knows where a container's cgroups
// are and talks to them through src/host only.

import type { LinuxResources } from "../spec/types.gen.js";
import type { CgroupPlacement } from "../plan/types.js";

/** One write to a cgroup file. Made by pure conversion, so that it is tested without a cgroup. */
export interface CgroupWrite {
  /** Controller whose directory holds the file (v1) or "" (v2). */
  controller: string;
  file: string;
  value: string;
  /** JSON pointer of the property that asked for it, e.g. "/linux/resources/memory/limit". */
  pointer: string;
  /** Not an error when the file is missing (a controller or kernel without it and a value that means "default"). */
  optional?: boolean;
}

/** Directories that belong to one container, as kept in its state: journalled before they are made. */
export interface CgroupPaths {
  version: 1 | 2;
  /** v1: controller → directory; v2: "" → directory. Absolute paths on the host. */
  directories: Record<string, string>;
}

export type FreezerState = "frozen" | "thawed";

export interface CgroupDriver {
  readonly paths: CgroupPaths;
  /** Makes the directories (enabling v2 controllers on the way). Fails when one holds processes or is frozen. */
  create(resources: LinuxResources | undefined): void;
  /** Writes limits and device rules. Throws RuntError with the property's place. */
  apply(resources: LinuxResources | undefined): void;
  placement(): CgroupPlacement;
  /** Every pid in the container's cgroups, sub-cgroups included. */
  processes(): number[];
  freezerState(): FreezerState;
  freeze(state: FreezerState): void;
  /** Sends a signal to every process, also of sub-cgroups (SIGKILL: cgroup.kill where there is one). */
  signalAll(signal: number): void;
  /** Removes the directories, sub-cgroups first. Waits for emptiness at most timeoutMs, then names the pids that are left. */
  remove(timeoutMs: number): void;
  exists(): boolean;
}
