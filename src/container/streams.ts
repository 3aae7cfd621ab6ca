// Standard input, output and error of a container that is checkpointed. Pipes, files and sockets of the host are the
// caller's: criu leaves them out, and a restored container has those of whoever restores it. Which ones they are is noted
// when the container is made: a shell that is just redirecting has others at 0, 1 and 2.

import { S_IFCHR, S_IFIFO, S_IFMT, S_IFREG, S_IFSOCK } from "../host/constants.js";
import type { MountEntry } from "../host/mountinfo.js";
import { native } from "../host/native.js";
import type { Stream } from "../plan/types.js";
import type { StreamIdentity } from "./exec-state.js";

export interface FoundStream {
  /** The kernel's text for it: "pipe:[123]", "/srv/log"; "" when it is not to be found. */
  link: string;
  /** criu's name for what it is given anew; null: it is the container's own. */
  key: string | null;
  /** What criu must be told to leave out. */
  external?: string;
}

const NONE: FoundStream = { link: "", key: null };

/** What our own standard streams are, which a new container is given. */
export function identifyStreams(): (StreamIdentity | null)[] {
  return [0, 1, 2].map((fd) => {
    try {
      const { dev, ino, mode, uid } = native().fstat(fd);
      return { dev, ino, kind: mode & S_IFMT, owner: uid };
    } catch {
      return null;
    }
  });
}

/**
 * Those that the container's user may own: pipes, and files that the container writes. Sockets can't be opened again;
 * devices are the host's, /dev/null and the terminal among them. runc and crun also give away the terminal, and who owns
 * it reads what is typed there, and a file that is read as standard input, which is somebody's.
 */
export function givenStreams(streams: readonly (StreamIdentity | null)[]): Stream[] {
  return streams.flatMap((stream, fd) =>
    stream?.kind === S_IFIFO || (stream?.kind === S_IFREG && fd !== 0) ? [{ fd, owner: stream.owner }] : [],
  );
}

/** In: what the container was given, its processes, which stand still, and its mounts. */
export function findStreams(
  given: readonly (StreamIdentity | null)[],
  processes: readonly number[],
  mounts: readonly MountEntry[],
): FoundStream[] {
  return [0, 1, 2].map((index) => {
    const stream = given[index];
    if (!stream) return NONE;
    const { ino, kind } = stream;
    if (kind === S_IFSOCK) return { link: `socket:[${ino}]`, key: `socket:[${ino}]`, external: `unix[${ino}]` };
    const open = findOpen(stream, processes);
    if (!open) return NONE;
    if (kind === S_IFIFO && open.link.startsWith("pipe:")) return { link: open.link, key: open.link };
    // A terminal of the host goes on to be the caller's with --shell-job.
    const isFile = kind === S_IFREG || (kind === S_IFCHR && !/^\/dev\/(pts\/|tty|console)/.test(open.link));
    if (!isFile || mounts.some(({ id }) => id === open.mount)) return { link: open.link, key: null };
    const key = `file[${open.mount.toString(16)}:${ino.toString(16)}]`;
    return { link: open.link, key, external: key };
  });
}

/** A descriptor of it, wherever it is by now. */
function findOpen({ dev, ino }: StreamIdentity, processes: readonly number[]): { link: string; mount: number } | null {
  for (const pid of processes) {
    for (const fd of descriptorsOf(pid)) {
      const path = `/proc/${pid}/fd/${fd}`;
      const status = native().stat(path);
      if (status?.dev !== dev || status.ino !== ino) continue;
      const found = /^mnt_id:\s*(\d+)$/m.exec(native().readFileIfAny(`/proc/${pid}/fdinfo/${fd}`) ?? "");
      if (found) return { link: native().readlink(path), mount: Number(found[1]) };
    }
  }
  return null;
}

function descriptorsOf(pid: number): string[] {
  try {
    return native().readdir(`/proc/${pid}/fd`);
  } catch {
    return [];
  }
}
