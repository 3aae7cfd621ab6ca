// The way in: which driver a container gets.

import type { CgroupLayout } from "../plan/types.js";
import type { CgroupDriver, CgroupPaths } from "./driver.js";
import { NoCgroupDriver } from "./none.js";
import { cgroupDirectories } from "./paths.js";
import { CgroupV1Driver } from "./v1.js";
import { CgroupV2Driver } from "./v2.js";

export { delegationOwner } from "./delegate.js";
export { detectCgroups } from "./detect.js";
export type { CgroupDriver, CgroupPaths, CgroupWrite, FreezerState } from "./driver.js";
export { statsJson, type ContainerStats } from "./stats/shape.js";

export interface CgroupRequest {
  layout: CgroupLayout;
  /** linux.cgroupsPath. */
  cgroupsPath?: string | undefined;
  id: string;
  rootless: boolean;
  /** "disabled": no cgroup at all (--cgroup-manager=disabled). */
  manager?: "cgroupfs" | "disabled";
  /** v2: the host uid that shall own the cgroup: delegationOwner(config). */
  owner?: number | undefined;
}

/** The driver for a new container. Throws RuntError for a cgroupsPath that is no good. Touches nothing. */
export function cgroupDriver(request: CgroupRequest): CgroupDriver {
  const { layout, rootless, cgroupsPath, owner, manager = "cgroupfs" } = request;
  if (manager === "disabled") return new NoCgroupDriver({ version: layout.version, directories: {} });
  const paths = cgroupDirectories(request);
  const options = { rootless, pathGiven: cgroupsPath !== undefined && cgroupsPath !== "", owner };
  return paths.version === 1 ? new CgroupV1Driver(paths, options) : new CgroupV2Driver(paths, options);
}

/**
 * The driver for a container that is there, from what its state keeps.
 * `pid`: its first process, all that can be listed and signalled when it has no cgroup of its own.
 */
export function cgroupDriverFromState(paths: CgroupPaths, pid?: number): CgroupDriver {
  if (Object.keys(paths.directories).length === 0) return new NoCgroupDriver(paths, pid);
  return paths.version === 1 ? new CgroupV1Driver(paths) : new CgroupV2Driver(paths);
}
