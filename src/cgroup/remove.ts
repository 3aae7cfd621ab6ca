// Taking a cgroup away. The kernel refuses (EBUSY) while there are processes or sub-cgroups in it.

import { RuntError } from "../errors.js";
import { EBUSY, ENOTEMPTY, ESRCH } from "../host/constants.js";
import { native } from "../host/native.js";
import { waitForEvent } from "./events.js";
import { errnoOf, failure } from "./failure.js";
import { describeProcesses, processesBelow, subCgroups } from "./processes.js";

/**
 * Removes all directories of a container; [controller, directory], in this order.
 * One that cannot be removed does not keep the others; the first error is thrown at the end.
 */
export function removeAll(places: readonly (readonly string[])[], timeoutMs: number): void {
  const deadline = performance.now() + timeoutMs;
  const done = new Set<string>();
  let first: unknown;
  for (const [controller = "", directory = ""] of places) {
    // Controllers that are mounted together share a directory.
    if (done.has(directory)) continue;
    done.add(directory);
    try {
      removeCgroup(directory, controller, deadline);
    } catch (error) {
      first ??= error;
    }
  }
  if (first !== undefined) throw first;
}

/** cgroup2: waits until no process is in a cgroup and below. Throws RuntError with those that stay. */
export function waitUntilEmpty(directory: string, deadline: number): void {
  while (processesBelow(directory, "").length > 0) {
    const left = deadline - performance.now();
    if (left <= 0) throw stillThere(directory, "");
    waitForEvent(directory, "populated", "0", left);
  }
}

function removeCgroup(directory: string, controller: string, deadline: number): void {
  for (let pause = 1; !removeTree(directory, controller); pause = Math.min(pause * 2, 50)) {
    const left = deadline - performance.now();
    if (left <= 0) throw stillThere(directory, controller);
    waitForEmptiness(directory, controller, left, pause);
  }
}

/** Removes a directory and all below it, deepest first. False when something is busy. */
function removeTree(directory: string, controller: string): boolean {
  // Nearly always it is empty, and this one call is all.
  if (tryRmdir(directory)) return true;
  const below = subCgroups(directory, controller);
  return below.length > 0 && below.every((path) => removeTree(path, controller)) && tryRmdir(directory);
}

function waitForEmptiness(directory: string, controller: string, leftMs: number, pauseMs: number): void {
  const pids = processesBelow(directory, controller);
  // No process, and busy all the same: a dying one is not quite out yet, and no event tells when it is.
  if (pids.length === 0) {
    native().sleep(Math.max(1, Math.min(pauseMs, leftMs)));
    return;
  }
  if (controller === "") {
    waitForEvent(directory, "populated", "0", leftMs);
    return;
  }
  // v1 has no event for it, but a process has a pidfd.
  const end = performance.now() + leftMs;
  for (const pid of pids) {
    const left = Math.ceil(end - performance.now());
    if (left <= 0) return;
    waitForProcess(pid, left);
  }
}

function waitForProcess(pid: number, timeoutMs: number): void {
  let pidfd: number;
  try {
    pidfd = native().pidfdOpen(pid);
  } catch (error) {
    if (errnoOf(error) === ESRCH) return;
    // Linux before 5.3 has none.
    native().sleep(Math.min(10, timeoutMs));
    return;
  }
  try {
    native().pidfdWait(pidfd, timeoutMs);
  } finally {
    native().close(pidfd);
  }
}

/** False when it is busy. */
function tryRmdir(directory: string): boolean {
  try {
    native().rmdir(directory);
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === EBUSY || errno === ENOTEMPTY) return false;
    // A read-only mount answers EROFS before it looks whether there is anything (runc issue 4518).
    if (native().stat(directory) === null) return true;
    throw failure(error, { attempt: "remove cgroup", path: directory });
  }
}

function stillThere(directory: string, controller: string): RuntError {
  const pids = processesBelow(directory, controller);
  return new RuntError({
    attempt: "remove cgroup",
    path: directory,
    cause:
      pids.length === 0
        ? "device or resource busy"
        : `${pids.length} process(es) still in it: ${describeProcesses(pids)}`,
    hint:
      pids.length === 0
        ? "no process is left in it; another tool may hold it"
        : "end them, or move them to another cgroup, and delete the container again",
    errno: EBUSY,
  });
}
