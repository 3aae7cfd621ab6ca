// A process that can't be mistaken for another one: held by a pidfd where the kernel has them
// (Linux 5.3), else known by pid and start time, asked for before every use.

import { native } from "../host/native.js";
import type { ProcessIdentity } from "./state.js";
import { isAlive } from "./status.js";

const PAUSE_MS = 10;

export interface ProcessHandle {
  /** Readable once it has ended; -1 on a kernel without pidfds. */
  readonly fd: number;
  /** False when it has ended. */
  signal(signal: number): boolean;
  /** Waits for its end; false when it still runs after that time. */
  wait(timeoutMs: number): boolean;
  close(): void;
}

/**
 * A handle for that very process, or null when it has ended. The start time is looked at after
 * the pidfd is held: from then on the pid cannot become another process unseen.
 */
export function openProcess(process: ProcessIdentity): ProcessHandle | null {
  let pidfd: number;
  try {
    pidfd = native().pidfdOpen(process.pid);
  } catch (error) {
    const { code } = error as { code?: string };
    // EINVAL: Linux 6.1, when the pid of a process that is gone is still the name of a group or session.
    if (code === "ESRCH" || code === "EINVAL") return null;
    if (!isMissing(error)) throw error;
    return isAlive(process) ? byPid(process) : null;
  }
  if (isAlive(process)) return byPidfd(process, pidfd);
  native().close(pidfd);
  return null;
}

/** No such call: an old kernel, or a seccomp profile around runt (old ones answer EPERM). */
export function isMissing(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === "ENOSYS" || code === "EPERM";
}

/** -1 on kernels without pidfds (before 5.3). */
export function openPidfd(pid: number): number {
  try {
    return native().pidfdOpen(pid);
  } catch (error) {
    if (isMissing(error)) return -1;
    throw error;
  }
}

/** In: whether `pid` is certain to be that process still. An EPERM that is meant comes again from kill(2). */
export function signalByPidfd(pidfd: number, pid: number, signal: number, isCertain: () => boolean): void {
  try {
    native().pidfdSignal(pidfd, signal);
  } catch (error) {
    if (!isMissing(error) || !isCertain()) throw error;
    native().kill(pid, signal);
  }
}

function byPidfd(process: ProcessIdentity, pidfd: number): ProcessHandle {
  return {
    fd: pidfd,
    signal: (signal) => unlessGone(() => signalByPidfd(pidfd, process.pid, signal, () => isAlive(process))),
    wait: (timeoutMs) => native().pidfdWait(pidfd, timeoutMs),
    close: () => native().close(pidfd),
  };
}

function byPid(process: ProcessIdentity): ProcessHandle {
  return {
    fd: -1,
    signal: (signal) => isAlive(process) && unlessGone(() => native().kill(process.pid, signal)),
    wait(timeoutMs) {
      for (let waited = 0; isAlive(process); waited += PAUSE_MS) {
        if (waited >= timeoutMs) return false;
        native().sleep(PAUSE_MS);
      }
      return true;
    },
    close() {},
  };
}

function unlessGone(send: () => void): boolean {
  try {
    send();
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "ESRCH") return false;
    throw error;
  }
}
