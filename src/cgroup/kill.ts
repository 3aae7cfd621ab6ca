// A signal to every process of a container, without missing one that is forked meanwhile.

import { ENOENT, EOPNOTSUPP, ESRCH } from "../host/constants.js";
import { native } from "../host/native.js";
import { SIGKILL } from "../host/signals.js";
import { errnoOf, failure, isGone } from "./failure.js";

/** What killing needs of a driver. */
export interface Killable {
  processes(): number[];
  /** Whether it is frozen now; null when there is no freezer. */
  frozen(): boolean | null;
  freeze(frozen: boolean): void;
}

/**
 * Kills a cgroup2 with all below it in one write (Linux 5.14). Returns false when the kernel cannot.
 * Also wakes what is frozen, and processes that are forked meanwhile die too.
 */
export function killCgroup(directory: string): boolean {
  const file = `${directory}/cgroup.kill`;
  try {
    native().writeFile(file, "1");
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    // EOPNOTSUPP: a threaded cgroup. ENODEV: it went while we wrote, so nothing is left to kill.
    if (errno === ENOENT || errno === EOPNOTSUPP) return false;
    if (isGone(error)) return true;
    throw failure(error, { attempt: "write 1 to", path: file });
  }
}

/** Freezes, so that the list stays true, signals every process of it, and thaws what was not frozen before. */
export function signalProcesses(cgroup: Killable, signal: number): void {
  const before = cgroup.frozen();
  let stopped = false;
  if (before === false) {
    try {
      cgroup.freeze(true);
      stopped = true;
    } catch {
      // A process in uninterruptible sleep cannot be frozen; the signals are sent all the same.
    }
  }
  try {
    for (const pid of cgroup.processes()) signalOne(pid, signal);
  } finally {
    // In the v1 freezer a killed process only dies when it is thawed, also when it was paused before.
    if (stopped || (before === true && signal === SIGKILL)) cgroup.freeze(false);
  }
  // What was not frozen may have forked behind our back: again until a round finds none.
  if (before !== true && !stopped) signalNewcomers(cgroup, signal);
}

const ROUNDS = 20;

function signalNewcomers(cgroup: Killable, signal: number): void {
  if (signal !== SIGKILL) return;
  for (let round = 0; round < ROUNDS; round++) {
    const pids = cgroup.processes();
    if (pids.length === 0) return;
    for (const pid of pids) signalOne(pid, signal);
    native().sleep(1);
  }
}

function signalOne(pid: number, signal: number): void {
  // The kernel lists processes outside our pid namespace as 0, and kill(0) would hit our own process group.
  if (pid <= 0) return;
  try {
    native().kill(pid, signal);
  } catch (error) {
    if (errnoOf(error) === ESRCH) return;
    throw failure(error, { attempt: `send signal ${signal} to process`, path: String(pid) });
  }
}
