// The way in: which driver a container gets.

import type { CgroupLayout } from "../plan/types.js";
import type { CgroupDriver, CgroupPaths, FirstProcess } from "./driver.js";
import { NoCgroupDriver } from "./none.js";
import { cgroupDirectories } from "./paths.js";
import { CgroupV1Driver } from "./v1.js";
import { CgroupV2Driver } from "./v2.js";

export { delegationOwner } from "./delegate.js";
export { detectCgroups } from "./detect.js";
export type { CgroupDriver, CgroupPaths, CgroupWrite, FreezerState } from "./driver.js";

/** --cgroup-manager. "disabled": no cgroup at all. */
export type CgroupManager = "cgroupfs" | "systemd" | "disabled";

export interface CgroupRequest {
  layout: CgroupLayout;
  /** linux.cgroupsPath. */
  cgroupsPath?: string | undefined;
  id: string;
  rootless: boolean;
  manager?: CgroupManager;
  /** Of config.json: org.systemd.property.* */
  annotations?: Record<string, string> | undefined;
  /** v2: the host uid that shall own the cgroup: delegationOwner(config). */
  owner?: number | undefined;
}

/** The driver for a new container. Throws RuntError for a cgroupsPath that is no good. Changes nothing. */
export async function newCgroupDriver(request: CgroupRequest): Promise<CgroupDriver> {
  if (request.manager === "systemd") return (await import("./systemd/driver.js")).newSystemdDriver(request);
  return cgroupDriver(request);
}

/** The same without systemd. Touches nothing. */
export function cgroupDriver(request: CgroupRequest): CgroupDriver {
  const { layout, rootless, cgroupsPath, owner, manager = "cgroupfs" } = request;
  if (manager === "disabled") return new NoCgroupDriver({ version: layout.version, directories: {} });
  const options = { rootless, pathGiven: cgroupsPath !== undefined && cgroupsPath !== "", owner };
  const paths = cgroupDirectories(request);
  return paths.version === 1 ? new CgroupV1Driver(paths, options) : new CgroupV2Driver(paths, options);
}

/**
 * The driver that may change or remove the cgroup of a container that is there: where systemd made it, systemd
 * does that.
 */
export async function changingDriverFromState(paths: CgroupPaths, first?: FirstProcess): Promise<CgroupDriver> {
  if (paths.systemd) return (await import("./systemd/driver.js")).systemdDriverFromState(paths);
  return cgroupDriverFromState(paths, first);
}

/** What moves a process into a container's unit, where its own user may not. Undefined: there is no such unit. */
export async function unitAttacher({ systemd }: CgroupPaths): Promise<((pid: number) => void) | undefined> {
  if (!systemd) return undefined;
  const { SystemdManager } = await import("./systemd/manager.js");
  return (pid) => SystemdManager.connect(systemd.user).attach(systemd.unit, [pid]);
}

/**
 * The driver for a container that is there, from what its state keeps: to look, signal and freeze. These are
 * the same for a cgroup that systemd made.
 * `first`: its first process, all that can be listed and signalled when it has no cgroup of its own.
 */
export function cgroupDriverFromState(paths: CgroupPaths, first?: FirstProcess): CgroupDriver {
  if (Object.keys(paths.directories).length === 0) return new NoCgroupDriver(paths, first);
  return paths.version === 1 ? new CgroupV1Driver(paths) : new CgroupV2Driver(paths);
}
