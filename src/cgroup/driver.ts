// One interface for v1, v2 and systemd. A driver knows where a container's cgroups
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
  /**
   * EINVAL may only mean that a value written later in the list must come first (a memory limit above
   * the old memory+swap limit, a quota below the old burst): it is tried again after all others.
   */
  retry?: boolean;
  /** Written in its place when the file is missing. */
  fallback?: { file: string; value: string };
}

/** A container's first process: the pid alone may be another one's by now. */
export interface FirstProcess {
  pid: number;
  /** Field 22 of /proc/PID/stat. */
  startTime: number;
}

/** Directories that belong to one container, as kept in its state: journalled before they are made. */
export interface CgroupPaths {
  version: 1 | 2;
  /**
   * v1: controller (or "name=systemd") → directory, and "" → the directory in a hybrid's cgroup2.
   * v2: "" → directory. Absolute paths on the host. Empty: the container has no cgroup of its own.
   */
  directories: Record<string, string>;
  /** systemd made them (--systemd-cgroup) and takes them away. */
  systemd?: SystemdUnit;
}

export interface SystemdUnit {
  /** runt-ID.scope */
  unit: string;
  /** Of the user's systemd, not of the system's. */
  user: boolean;
}

export type FreezerState = "frozen" | "thawed";

export interface CgroupDriver {
  /** Complete from the start, so that it can be journalled before create(); a rootless create() may take some out. */
  readonly paths: CgroupPaths;
  /** What the user should know although it is no error: limits that could not be applied, deprecated properties. */
  readonly warnings: string[];
  /**
   * Makes the directories (enabling v2 controllers on the way), v1's with their device rules. Fails when one holds
   * processes or is frozen.
   */
  create(resources: LinuxResources | undefined): void;
  /**
   * Only where placement() has `wait`: makes the cgroup around this process, which is runt-init's and will
   * clone the container's first one. When it throws nothing is left of the cgroup.
   */
  enter?(pid: number, resources: LinuxResources | undefined): void;
  /** Writes limits and v2's device program. Throws RuntError with the property's place. */
  apply(resources: LinuxResources | undefined): void;
  /**
   * Does what can only be done when the container's first process is in place: writes a pids limit that is too
   * small for its start (with cgroup v1 and systemd runt-init is in the cgroup when it clones, so a limit of 1
   * would fail it), and gives a delegated cgroup to its owner. Called when runt-init reports "ready".
   */
  settle(resources: LinuxResources | undefined): void;
  /** Writes new limits for a running container (`runt update`). Device rules only when they are given. */
  update(resources: LinuxResources): void;
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
