// Makes a container's directories in all v1 hierarchies.

import { native } from "../../host/native.js";
import { cannotMake, type MadeDirectories, refuseOccupied, unexpectedlyFrozen } from "../create.js";
import { failure, isPermission } from "../failure.js";
import type { LinuxResources } from "../resources.js";

/**
 * Makes the directories, and returns the controllers whose directory could not be made for lack of permission
 * (only when `tolerant`: rootless). Throws RuntError; the caller takes `made` back.
 */
export function createV1(
  directories: Readonly<Record<string, string>>,
  resources: LinuxResources | undefined,
  made: MadeDirectories,
  tolerant: boolean,
): string[] {
  const missing: string[] = [];
  const done = new Set<string>();
  for (const [controller, directory] of Object.entries(directories)) {
    // Controllers that are mounted together share a directory; cpuset's needs its own work all the same.
    let isNew = made.has(directory);
    if (!done.has(directory)) {
      done.add(directory);
      try {
        isNew = made.make(directory);
      } catch (error) {
        if (!tolerant || !isPermission(error)) throw cannotMake(error, directory, 1);
        missing.push(...Object.keys(directories).filter((name) => directories[name] === directory));
        continue;
      }
      if (!isNew) refuseOccupied(directory, controller);
    }
    if (missing.includes(controller)) continue;
    if (controller === "freezer") refuseFrozen(directory, isNew);
    if (controller === "cpuset") fillCpuset(directory, resources, isNew);
  }
  return missing;
}

/** A new directory straight below the mount point cannot be frozen, and that is the usual case. */
function refuseFrozen(directory: string, isNew: boolean): void {
  const parent = directory.slice(0, directory.lastIndexOf("/"));
  if (isNew && native().stat(`${parent}/freezer.state`) === null) return;
  const state = native().readFileIfAny(`${directory}/freezer.state`)?.trim() ?? "THAWED";
  if (state !== "THAWED") throw unexpectedlyFrozen(directory);
}

/**
 * A new v1 cpuset is empty, and no process can join an empty one: it takes over its parent's CPUs and
 * memory nodes, and the parent its own parent's if need be. What the config names is left to apply():
 * the parent's whole list may not be allowed here (another child with cpu_exclusive).
 */
function fillCpuset(directory: string, resources: LinuxResources | undefined, isNew: boolean): void {
  const parent = directory.slice(0, directory.lastIndexOf("/"));
  for (const kind of ["cpus", "mems"] as const) {
    const parents = cpusetOf(parent, kind);
    if (resources?.cpu?.[kind]) continue;
    if (isNew || isEmpty(directory, kind)) writeCpuset(directory, kind, parents);
  }
}

/** The CPUs or nodes of a cpuset above; filled from its own parent when it is empty. */
function cpusetOf(directory: string, kind: "cpus" | "mems"): string {
  const own = native().readFileIfAny(`${directory}/cpuset.${kind}`)?.trim();
  // Full already, or above the mount point, whose cpuset is never empty.
  if (own === undefined || own !== "") return own ?? "";
  const value = cpusetOf(directory.slice(0, directory.lastIndexOf("/")), kind);
  writeCpuset(directory, kind, value);
  return value;
}

function isEmpty(directory: string, kind: "cpus" | "mems"): boolean {
  return native().readFileIfAny(`${directory}/cpuset.${kind}`)?.trim() === "";
}

function writeCpuset(directory: string, kind: "cpus" | "mems", value: string): void {
  const file = `${directory}/cpuset.${kind}`;
  try {
    native().writeFile(file, value);
  } catch (error) {
    throw failure(error, { attempt: `write ${JSON.stringify(value)} (the parent's) to`, path: file });
  }
}
