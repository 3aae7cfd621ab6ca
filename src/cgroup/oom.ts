// Hearing of the OOM killer: an eventfd on memory.oom_control of v1, memory.events of v2.

import { ENOENT, O_CLOEXEC, O_RDONLY, POLLIN, POLLPRI } from "../host/constants.js";
import { native } from "../host/native.js";
import type { CgroupPaths } from "./driver.js";
import { errnoOf, failure, isGone } from "./failure.js";
import { parseKeyed } from "./proc-files.js";

export interface OomWatch {
  /** What to poll for. The descriptor may be another one after each `happened`. */
  readonly fd: number;
  readonly events: number;
  /** Has there been an OOM since it was last asked? */
  happened(): boolean;
  close(): void;
}

/** A watch on a container's cgroup; null when it has no memory controller. Throws RuntError. */
export function watchOom({ directories }: CgroupPaths): OomWatch | null {
  if (directories.memory !== undefined) return watchV1(directories.memory);
  const unified = directories[""];
  if (unified === undefined || native().stat(`${unified}/memory.events`) === null) return null;
  return new EventsWatch(`${unified}/memory.events`);
}

/** cgroup-v1/memory.rst, section 9: "<event_fd> <fd of memory.oom_control>" is written to cgroup.event_control. */
function watchV1(directory: string): OomWatch {
  const path = `${directory}/cgroup.event_control`;
  const fd = native().eventfd();
  let control = -1;
  try {
    control = native().open(`${directory}/memory.oom_control`, O_RDONLY | O_CLOEXEC, 0);
    native().writeFile(path, `${fd} ${control}`);
  } catch (error) {
    native().close(fd);
    const hint = errnoOf(error) === ENOENT ? "the container has ended, or its cgroup was removed" : undefined;
    throw failure(error, { attempt: "watch for OOM", path, hint });
  } finally {
    // The kernel keeps what it needs of it.
    native().close(control);
  }
  return {
    fd,
    events: POLLIN,
    happened: () => {
      const signals = native().readEventfd(fd);
      // The removal of the cgroup signals once as well, after its directory has gone.
      return signals > 0 && signals > (native().stat(directory) === null ? 1 : 0);
    },
    close: () => native().close(fd),
  };
}

/** The file wakes a poll for POLLPRI when one of its counters changes; opened and read anew it waits for the next. */
class EventsWatch implements OomWatch {
  readonly events = POLLPRI;
  fd = -1;
  private kills: number;

  constructor(private readonly path: string) {
    this.kills = this.arm() ?? 0;
  }

  happened(): boolean {
    const kills = this.arm();
    if (kills === null) return false;
    const more = kills > this.kills;
    this.kills = kills;
    return more;
  }

  close(): void {
    native().close(this.fd);
    this.fd = -1;
  }

  /** How many processes the OOM killer has ended, here and below; null when the cgroup has gone. */
  private arm(): number | null {
    this.close();
    try {
      this.fd = native().open(this.path, O_RDONLY | O_CLOEXEC, 0);
      return Number(parseKeyed(native().readFd(this.fd)).oom_kill ?? 0);
    } catch (error) {
      if (isGone(error)) return null;
      throw failure(error, { attempt: "watch for OOM", path: this.path });
    }
  }
}
