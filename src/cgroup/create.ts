// Making directories, and the checks of those that were there before. Shared by v1 and v2.

import { RuntError } from "../errors.js";
import { EINVAL, ENOENT, S_IFDIR, S_IFMT } from "../host/constants.js";
import { native } from "../host/native.js";
import { delegateHint, errnoOf, failure, isPermission } from "./failure.js";
import { parseKeyed } from "./proc-files.js";
import { describeProcesses, processesBelow } from "./processes.js";

const MODE = 0o755;

/** Keeps what was made, to take it back when the rest fails. */
export class MadeDirectories {
  private readonly made: string[] = [];

  /** Makes a directory and its parents. Returns false when it was there. Throws NativeError. */
  make(path: string): boolean {
    // Parents are nearly always there, so the directory itself is tried first.
    for (let attempt = 0; ; attempt++) {
      try {
        const isNew = native().mkdir(path, MODE);
        if (isNew) this.made.push(path);
        return isNew;
      } catch (error) {
        // A parent may be removed by its owner between the two calls: a few times only, not for ever.
        if (errnoOf(error) !== ENOENT || attempt > 3) throw error;
        this.make(path.slice(0, path.lastIndexOf("/")));
      }
    }
  }

  /** Whether this run made it. */
  has(path: string): boolean {
    return this.made.includes(path);
  }

  rollback(): void {
    for (const path of this.made.reverse()) {
      try {
        native().rmdir(path);
      } catch {
        // The error that led here says more.
      }
    }
  }
}

/** A NativeError of mkdir in words. */
export function cannotMake(error: unknown, path: string, version: 1 | 2): RuntError {
  let hint: string | undefined;
  if (errnoOf(error) === EINVAL) hint = "the name is not allowed for a cgroup";
  if (isPermission(error)) hint = delegateHint(version);
  return failure(error, { attempt: "create cgroup", path, hint });
}

/**
 * Throws RuntError when what was there before is no directory (a container called "tasks"), or holds
 * processes. The wording of the second is runc's.
 */
export function refuseOccupied(directory: string, controller: string): void {
  if (((native().lstat(directory)?.mode ?? 0) & S_IFMT) !== S_IFDIR) {
    throw new RuntError({
      attempt: "create cgroup",
      path: directory,
      cause: "file exists",
      hint: "it is a file of the kernel: choose another cgroupsPath or id",
    });
  }
  const pids = processesBelow(directory, controller);
  if (pids.length === 0) return;
  throw new RuntError({
    cause: `container's cgroup is not empty: ${pids.length} process(es) found`,
    hint: `in ${directory}: ${describeProcesses(pids)}; another container or service uses it, choose another cgroupsPath`,
  });
}

/** v2: throws RuntError when the cgroup or a parent of it is frozen. */
export function refuseFrozen(directory: string): void {
  const events = parseKeyed(native().readFileIfAny(`${directory}/cgroup.events`) ?? "");
  if (events.frozen === "1") throw unexpectedlyFrozen(directory);
}

/** The error for a frozen cgroup, where the container's start would hang. The wording is runc's. */
export function unexpectedlyFrozen(directory: string): RuntError {
  return new RuntError({
    cause: "container's cgroup unexpectedly frozen",
    hint: `${directory} or a parent of it is frozen: thaw it first`,
  });
}
