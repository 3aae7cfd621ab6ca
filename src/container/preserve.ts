// Descriptors of the caller that go on into the container: those of socket activation
// (LISTEN_FDS, from 3 on) and then --preserve-fds more.

import { RuntError } from "../errors.js";

/** Descriptors 0, 1 and 2 are stdio; systemd's SD_LISTEN_FDS_START. */
const FIRST = 3;

export interface Preserved {
  /** Numbers in the caller, in the order in which they become 3, 4, … of the container. */
  descriptors: readonly number[];
  /** How many of them are LISTEN_FDS'. */
  listenFds: number;
  /** Their names, when the caller gave some: $LISTEN_FDNAMES. */
  listenFdNames?: string;
}

export interface CallerDescriptors {
  /** $LISTEN_FDS and $LISTEN_PID as the caller set them. */
  listenFds: string | undefined;
  listenPid: string | undefined;
  listenFdNames?: string | undefined;
  pid: number;
  /** Was the descriptor open when runt was started? */
  wasOpen(fd: number): boolean;
}

/** sd_listen_fds(3): the descriptors are for the process that LISTEN_PID names only. */
function countListenFds({ listenFds, listenPid, pid }: CallerDescriptors): number {
  if (!listenFds || listenPid !== String(pid) || !/^\d{1,6}$/.test(listenFds)) return 0;
  return Number(listenFds);
}

/**
 * Finds the descriptors to pass on. In: N of --preserve-fds, what the caller had.
 * Throws RuntError when one of them was not open.
 */
export function preservedDescriptors(preserveFds: number, caller: CallerDescriptors): Preserved {
  const listenFds = countListenFds(caller);
  const descriptors: number[] = [];
  for (let i = 0; i < listenFds + preserveFds; i++) {
    const fd = FIRST + i;
    if (!caller.wasOpen(fd)) {
      throw i < listenFds
        ? new RuntError(`unable to stat LISTEN_FDS descriptor ${fd} (of ${listenFds})`)
        : new RuntError({
            cause: `unable to stat preserved-fd ${i - listenFds} (of ${preserveFds})`,
            hint: `the caller passed no descriptor ${fd}`,
          });
    }
    descriptors.push(fd);
  }
  const { listenFdNames } = caller;
  return { descriptors, listenFds, ...(listenFds > 0 && listenFdNames ? { listenFdNames } : {}) };
}
