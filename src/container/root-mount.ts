// The root of a container that is in the runtime's own mount namespace: mounted on its directory for all of that
// namespace to see (plan/inherited-mounts.ts), so that neither a process's end nor the kernel takes it off again.
// What is written down before it is mounted is enough to find it: which directory, and on which mount that was.

import { RuntError } from "../errors.js";
import type { FileStatus } from "../host/addon.js";
import { ENOENT, O_DIRECTORY } from "../host/constants.js";
import { failure, isNativeError } from "../host/failure.js";
import { type MountEntry, mountsOf } from "../host/mountinfo.js";
import { native } from "../host/native.js";
import { NAMESPACE_FLAGS } from "../plan/namespaces.js";
import { hostPath, isWithin } from "../plan/paths.js";
import { place, StepList } from "../plan/program.js";
import type { Step } from "../plan/steps.gen.js";
import { runSteps } from "./helper-program.js";
import type { Reporter } from "./report.js";
import type { RootMountState } from "./state.js";

const AT = "root.path";

/** The directory of a root while its container is made. */
export class RootMount {
  private readonly path: string;
  private fd = -1;

  constructor(rootPath: string, bundle: string) {
    this.path = hostPath(bundle, rootPath);
  }

  /** Takes the directory for a container. Throws RuntError when it can't be one's root there. */
  take(): RootMountState {
    this.fd = openRoot(this.path);
    return survey(this.fd, this.path);
  }

  /** The container is made, or undone: others may look at the directory. */
  close(): void {
    native().close(this.fd);
    this.fd = -1;
  }
}

function openRoot(path: string): number {
  try {
    return native().open(path, O_DIRECTORY, 0);
  } catch (error) {
    // The words of runc, which callers look for.
    if (isNativeError(error) && error.errno === ENOENT)
      throw failure(error, { where: AT, attempt: "invalid rootfs: stat" });
    throw failure(error, { where: AT });
  }
}

function survey(fd: number, path: string): RootMountState {
  const addon = native();
  const refuse = (cause: string, hint?: string) => new RuntError({ where: AT, path, cause, ...(hint ? { hint } : {}) });
  const point = addon.readlink(`/proc/self/fd/${fd}`);
  if (point === "/") {
    throw refuse(
      "a container in the runtime's mount namespace can't have the runtime's own root: it would be covered",
      'add { "type": "mount" } to linux.namespaces',
    );
  }
  const shared = "another container in this mount namespace has it as its root";
  // What that one has mounted there would go away under this one.
  if (!addon.lock(fd, false)) throw refuse(shared);
  const below = Number(/^mnt_id:\t(\d+)$/m.exec(addon.readFile(`/proc/self/fdinfo/${fd}`))?.[1]);
  const mounts = mountsOf("self");
  const top = mounts.find(({ id }) => id === below);
  if (top === undefined) throw refuse("the mount that it is on is not among those of /proc/self/mountinfo");
  const under = mounts.find(({ id }) => id === top.parent);
  if (top.point === point && under?.point === point && coversItself(mounts, under)) {
    throw refuse(shared, "delete that one, or make a root filesystem of its own");
  }
  return { point, below, directory: identity(addon.fstat(fd))!, namespace: ownNamespace(), boot: bootId() };
}

const ownNamespace = (): string => native().readlink("/proc/self/ns/mnt");
const bootId = (): string => native().readFile("/proc/sys/kernel/random/boot_id").trim();

const identity = (status: FileStatus | null): string | null => status && `${status.dev}:${status.ino}`;

/** Whether a mount shows the very directory that it lies on. */
function coversItself(mounts: readonly MountEntry[], { parent, point, device, root }: MountEntry): boolean {
  const below = mounts.find(({ id }) => id === parent);
  if (below === undefined || below.device !== device || !isWithin(point, below.point)) return false;
  const inside = point.slice(below.point === "/" ? 0 : below.point.length);
  return root === `${below.root === "/" ? "" : below.root}${inside}` || (root === "/" && below.root + inside === "/");
}

/** Mounts on top of each other, all of them a container's. */
export interface Stack {
  point: string;
  /** Uppermost first. */
  mounts: readonly number[];
}

/**
 * What lies on the directory of a container's root. In: the mounts of a process, and whether a place is that directory
 * although it has another path by now. Null when nothing is left of it: what lies there then is somebody else's.
 */
export function mountedRoot(
  mounts: readonly MountEntry[],
  { point, below }: RootMountState,
  isMoved: (point: string) => boolean,
): Stack | null {
  const covers = mounts.filter((mount) => mount.parent === below && coversItself(mounts, mount));
  const lowest = covers.find((mount) => mount.point === point) ?? covers.find((mount) => isMoved(mount.point));
  if (lowest === undefined) return null;
  const stack = [lowest.id];
  for (let next: MountEntry | undefined = lowest; next !== undefined; ) {
    next = mounts.find((mount) => mount.parent === stack[0] && mount.point === lowest.point);
    if (next) stack.unshift(next.id);
  }
  return { point: lowest.point, mounts: stack };
}

/** Takes the root off again. Throws RuntError; it can be repeated. */
export function detachRoot(state: RootMountState, report: Reporter): void {
  if (state.boot !== bootId()) return;
  if (state.namespace === ownNamespace()) {
    // A directory above it may have been renamed, which its mounts don't prevent.
    const isMoved = (point: string) => identity(native().stat(point)) === state.directory;
    detach(mountedRoot(mountsOf("self"), state, isMoved), [], report);
    return;
  }
  // Made by a runt in another mount namespace. It has gone with its last process, or somebody is in it.
  for (const pid of native().readdir("/proc")) {
    if (!/^\d+$/.test(pid) || namespaceOf(pid) !== state.namespace) continue;
    const stack = mountedRoot(mountsOf(Number(pid)), state, () => false);
    if (stack === null) continue;
    const type = NAMESPACE_FLAGS.mount;
    const enter: Step[] = [
      { op: "open_namespace", slot: 0, path: `/proc/${pid}/ns/mnt`, type },
      { op: "join_namespace", slot: 0, type, tolerate: 0 },
    ];
    detach(stack, enter, report);
    return;
  }
}

function namespaceOf(pid: string): string | null {
  try {
    return native().readlink(`/proc/${pid}/ns/mnt`);
  } catch (error) {
    if (isNativeError(error)) return null;
    throw error;
  }
}

/** runt-init does it: the one place that acts on mounts, by descriptors. */
function detach(stack: Stack | null, first: readonly Step[], report: Reporter): void {
  if (stack === null) return;
  const { point, mounts } = stack;
  const steps = new StepList();
  for (const step of [...first, { op: "detach_root", path: point, mounts } as const])
    steps.add(place("/root/path"), step);
  const status = runSteps(steps, 1, { report });
  if (status !== 0) throw new RuntError({ where: AT, attempt: "unmount", path: point, cause: `status ${status}` });
}
