// Makes a container's directory in cgroup2 and sees to it that it has the controllers it needs.

import { RuntError } from "../../errors.js";
import { EBUSY, ENOENT, EOPNOTSUPP } from "../../host/constants.js";
import { native } from "../../host/native.js";
import { cannotMake, type MadeDirectories, refuseOccupied, unexpectedlyFrozen } from "../create.js";
import { delegateHint, errnoOf, failure, isPermission } from "../failure.js";
import { parseKeyed, parseWords } from "../proc-files.js";
import { describeProcesses, processesOf } from "../processes.js";

// Those that can tell the threads of one process apart (kernel's cgroup-v2.rst, "Threads").
const THREADED = ["cpu", "cpuset", "perf_event", "pids"];

/**
 * Makes the directory. `needed` are the controllers that limits are asked of.
 * Throws RuntError (the errno of a permission error is kept in it).
 */
export function createV2(directory: string, made: MadeDirectories, needed: () => readonly string[] = () => []): void {
  let isNew: boolean;
  try {
    isNew = made.make(directory);
  } catch (error) {
    throw cannotMake(error, directory, 2);
  }
  // The root has no cgroup.type: it is never frozen or threaded, and so a new child of it is neither.
  const parent = directory.slice(0, directory.lastIndexOf("/"));
  if (isNew && native().stat(`${parent}/cgroup.type`) === null) return;
  const read = (file: string) => native().readFileIfAny(`${directory}/${file}`) ?? "";
  const events = parseKeyed(read("cgroup.events"));
  if (!isNew) refuseOccupied(directory, "");
  if (events.frozen === "1" || (!isNew && read("cgroup.freeze").trim() === "1")) throw unexpectedlyFrozen(directory);
  const type = read("cgroup.type").trim();
  if (type === "domain invalid" || type === "threaded") makeThreaded(directory, type, needed());
}

/**
 * Below a threaded cgroup only threaded ones hold processes, and these have no limits of memory or I/O: they would be
 * those of single threads. The kernel only says "operation not supported" to all of this.
 */
function makeThreaded(directory: string, type: string, needed: readonly string[]): void {
  const attempted = { attempt: "use cgroup", path: directory };
  const whole = needed.filter((name) => !THREADED.includes(name));
  if (whole.length > 0) {
    throw new RuntError({
      ...attempted,
      cause: `it is in a threaded subtree (cgroup.type: ${type}), where there is no controller ${whole.join(", ")}`,
      hint: "limits other than those of CPU and pids need a domain cgroup: choose a cgroupsPath outside of it",
    });
  }
  if (type === "threaded") return;
  try {
    native().writeFile(`${directory}/cgroup.type`, "threaded");
  } catch (error) {
    throw failure(error, { ...attempted, hint: "it is in a threaded subtree and can't be made threaded itself" });
  }
}

/**
 * Hands controllers down from the nearest ancestor that has them. Nothing is written when they are there.
 * Throws RuntError when one is not to be had.
 */
export function enableControllers(directory: string, needed: readonly string[]): void {
  const has = (path: string) => {
    const text = native().readFileIfAny(`${path}/cgroup.controllers`);
    return text === null ? undefined : parseWords(text);
  };
  const own = has(directory) ?? [];
  const missing = needed.filter((name) => !own.includes(name));
  if (missing.length === 0) return;

  const ancestors: string[] = [];
  let available: string[] = [];
  for (let path = directory; ; ) {
    path = path.slice(0, path.lastIndexOf("/"));
    const controllers = has(path);
    // Above the mount point.
    if (controllers === undefined) break;
    ancestors.unshift(path);
    available = controllers;
    if (missing.every((name) => controllers.includes(name))) break;
  }
  const nowhere = missing.filter((name) => !available.includes(name));
  if (nowhere.length > 0) throw notAvailable(directory, nowhere, available);
  for (const path of ancestors) enableIn(path, missing);
}

function notAvailable(directory: string, names: readonly string[], available: readonly string[]): RuntError {
  return new RuntError({
    attempt: "enable controllers for",
    path: directory,
    cause: `controller ${names.join(", ")} is not available`,
    hint: `this machine's cgroup2 has: ${available.join(" ") || "none"}`,
    errno: ENOENT,
  });
}

function enableIn(path: string, names: readonly string[]): void {
  const file = `${path}/cgroup.subtree_control`;
  const value = names.map((name) => `+${name}`).join(" ");
  try {
    native().writeFile(file, value);
  } catch (error) {
    throw failure(error, { attempt: `write "${value}" to`, path: file, hint: explain(error, path) });
  }
}

function explain(error: unknown, path: string): string | undefined {
  if (errnoOf(error) === EBUSY) {
    const pids = describeProcesses(processesOf(path));
    return `a cgroup that holds processes cannot hand controllers to its children ("no internal processes"); in ${path}: ${pids}; move them to a child of it, or choose another cgroupsPath`;
  }
  if (errnoOf(error) === EOPNOTSUPP) return `${path} is threaded; only threaded controllers can be enabled below it`;
  if (isPermission(error)) return delegateHint(2);
  return undefined;
}
