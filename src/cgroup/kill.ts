// A signal to every process of a container, without missing one that is forked meanwhile.

import { ENOENT, ENOSYS, EOPNOTSUPP, EPERM, ESRCH } from "../host/constants.js";
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
    signalListed(cgroup, signal);
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
    if (signalListed(cgroup, signal) === 0) return;
    native().sleep(1);
  }
}

/**
 * A pid of the list may be another process's by the time that it is used. So each is held by a pidfd,
 * and counts when it is still listed then: from there on the pidfd means that process.
 * Out: how many there were.
 */
export function signalListed(cgroup: Pick<Killable, "processes">, signal: number): number {
  // The kernel lists processes outside our pid namespace as 0, and kill(0) would hit our own process group.
  const held = cgroup
    .processes()
    .filter((pid) => pid > 0)
    .map((pid) => ({ pid, pidfd: hold(pid) }));
  const still = new Set(held.length > 0 ? cgroup.processes() : []);
  try {
    for (const { pid, pidfd } of held) if (still.has(pid)) signalOne(pid, pidfd, signal);
  } finally {
    for (const { pidfd } of held) native().close(pidfd);
  }
  return held.length;
}

/** -1: without a pidfd, on an old kernel, below a seccomp profile, or with more processes than descriptors. */
function hold(pid: number): number {
  try {
    return native().pidfdOpen(pid);
  } catch {
    return -1;
  }
}

function signalOne(pid: number, pidfd: number, signal: number): void {
  try {
    if (pidfd >= 0) native().pidfdSignal(pidfd, signal);
    else native().kill(pid, signal);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === ESRCH) return;
    // A profile may know the one call and not the other.
    if (pidfd >= 0 && (errno === ENOSYS || errno === EPERM)) {
      signalOne(pid, -1, signal);
      return;
    }
    throw failure(error, { attempt: `send signal ${signal} to process`, path: String(pid) });
  }
}
