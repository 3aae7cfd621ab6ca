// linux.resources.pids → pids.max, the same file in v1 and v2. Pure.

import type { CgroupWrite } from "./driver.js";
import { at, orMax, type LinuxResources } from "./resources.js";

/** 0 is a limit like any other (spec 1.3, config-linux.md, PIDs): no process may be added. */
export function pidsWrites(pids: NonNullable<LinuxResources["pids"]>, version: 1 | 2): CgroupWrite[] {
  if (pids.limit === undefined) return [];
  const controller = version === 1 ? "pids" : "";
  return [{ controller, file: "pids.max", value: orMax(pids.limit), pointer: at("pids", "limit") }];
}

/**
 * Takes out a limit that would already stop the container's start, and so must wait for settle(). In: how many
 * processes there are then. v1, systemd: runt-init is in the cgroup when it clones the first process, so
 * there are two. v2: the clone goes into the cgroup, so there is one.
 */
export function splitPids(
  resources: LinuxResources,
  processes: 1 | 2,
): { now: LinuxResources; later?: LinuxResources } {
  const { pids, unified } = resources;
  const max = unified?.["pids.max"];
  const limit = max === undefined ? pids?.limit : /^\s*\d{1,9}\s*$/.test(max) ? Number(max) : undefined;
  if (limit === undefined || limit < 0 || limit >= processes) return { now: resources };
  const { "pids.max": _later, ...others } = unified ?? {};
  return {
    now: { ...resources, pids: undefined, ...(unified && { unified: others }) },
    later: max === undefined ? { pids } : { unified: { "pids.max": max } },
  };
}
