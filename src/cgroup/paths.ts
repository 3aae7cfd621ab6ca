// cgroupsPath → directories. Pure.
//
// The spec (config-linux.md, Cgroups Path): an absolute path is below the mount point; a relative one is
// below a place that the runtime chooses, and the same value must always lead to the same place. So for
// root both are below the mount point, as in crun. (runc takes its own cgroup as the start of relative
// paths: then the same value leads elsewhere when it is called from elsewhere.)
// What is the systemd driver's form (slice:prefix:name) is a name like any other here, as with runc: Docker's
// BuildKit gives it without --systemd-cgroup wherever the daemon's own containers are systemd's.
// A rootless caller may only write below its own cgroup, so relative and absent paths start there.

import type { CgroupLayout } from "../plan/types.js";
import type { CgroupPaths } from "./driver.js";
import { RuntError, wordPointer } from "../errors.js";

export interface PathRequest {
  layout: CgroupLayout;
  /** linux.cgroupsPath. */
  cgroupsPath?: string | undefined;
  /** The container's id: the default path. */
  id: string;
  rootless: boolean;
}

/** The directories of a container in every hierarchy. Throws RuntError for a path that is no good. */
export function cgroupDirectories({ layout, cgroupsPath, id, rootless }: PathRequest): CgroupPaths {
  const asked = cgroupsPath !== undefined && cgroupsPath !== "";
  const inner = asked ? normalise(cgroupsPath) : id;
  const underOwn = rootless && !(asked && cgroupsPath.startsWith("/"));

  const directories: Record<string, string> = {};
  for (const [controller, mountPoint] of Object.entries(layout.hierarchies)) {
    directories[controller] = `${mountPoint}${underOwn ? prefix(layout.own[controller] ?? "/") : ""}/${inner}`;
  }
  if (layout.unified !== undefined) {
    // Our own cgroup holds processes (us), and a v2 cgroup with processes cannot hand controllers down:
    // the container becomes a sibling (cgroup-v2.rst, "No Internal Process Constraint").
    const start = underOwn ? parent(layout.own[""] ?? "/") : "";
    directories[""] = `${layout.unified}${start}/${inner}`;
  }
  return { version: layout.version, directories };
}

/** Checks a cgroupsPath and returns it without slashes at the ends, "." and empty parts. */
function normalise(path: string): string {
  const refuse = (cause: string, hint?: string): never => {
    throw new RuntError({ where: wordPointer("/linux/cgroupsPath"), cause: `${JSON.stringify(path)} ${cause}`, hint });
  };
  // The kernel refuses a newline with EINVAL; a NUL would end the path early.
  if (/[\0\n]/.test(path)) refuse("holds a newline or NUL character");
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) refuse('must not hold ".."', "write the path without it");
  if (parts.length === 0) refuse("is the root of the hierarchy, which cannot be a container's cgroup");
  return parts.join("/");
}

function parent(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 0));
}

/** A cgroup's path in front of a slash. */
function prefix(path: string): string {
  return path === "/" ? "" : path;
}
