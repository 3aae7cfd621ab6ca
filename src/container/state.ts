// The document that a container is kept in: ROOT/ID/journal.json, written before anything is
// taken from the machine, and ROOT/ID/state.json, the same plus the first process, written when
// the container is there. A container without state.json is half-made; the journal says what
// may be left of it. Neither file changes after it was written, so a reader needs no lock.
//
// What stands here is small: state, kill and start read it and nothing else.

import type { CgroupPaths } from "../cgroup/driver.js";
import { RuntError } from "../errors.js";
import type { SeccompListener } from "../plan/seccomp.js";
import type { Step } from "../plan/steps.gen.js";
import type { Hook, LinuxIDMapping } from "../spec/types.gen.js";

/** Goes up when an older runt would misread the document. */
export const STATE_FORMAT = 1;

/** A process for certain: a pid alone may be another one's by now. */
export interface ProcessIdentity {
  pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks since boot. */
  startTime: number;
}

/** An overlay root, as `delete` and `diff` need it. */
export interface OverlayState {
  /** The writable layer on the host. */
  upper: string;
  /** overlayfs's scratch directory, on the same file system. */
  work: string;
  /** Read-only layers, uppermost first. */
  lower: readonly string[];
  /** The writable layer outlives the container (runt.rootfs.upper). */
  kept: boolean;
}

/** Where a container in the runtime's own mount namespace has its root, which `delete` takes off again. */
export interface RootMountState {
  /** The directory, without symlinks. */
  point: string;
  /** The number of the mount that the directory was on when the container was made. */
  below: number;
  /** The directory itself: DEVICE:INODE. */
  directory: string;
  /** That mount namespace, as /proc/PID/ns/mnt reads: "mnt:[NUMBER]". */
  namespace: string;
  /** Numbers of mounts and namespaces mean something until the machine is booted again: random/boot_id of then. */
  boot: string;
}

/** Groups of the resctrl file system (linux.intelRdt). Absolute paths. */
export interface ResctrlState {
  /** Every process of the container belongs to all of these, in this order. */
  groups: readonly string[];
  /** Made for the container and removed with it, in this order. */
  made: readonly string[];
}

/** A step that runs after create has ended: what `start` needs to word its failure. */
export interface LateStep {
  index: number;
  op: Step["op"];
  where: string;
}

/** Hooks that run after create. */
export interface KeptHooks {
  poststart?: Hook[];
  poststop?: Hook[];
}

export interface JournalDocument {
  format: typeof STATE_FORMAT;
  ociVersion: string;
  id: string;
  /** Absolute. */
  bundle: string;
  /** Absolute. */
  rootfs: string;
  /** RFC 3339 with nanoseconds, UTC. */
  created: string;
  annotations?: Record<string, string>;
  /** The runt process that makes the container. */
  engine: ProcessIdentity;
  cgroup: CgroupPaths;
  overlay?: OverlayState;
  /** Of a user namespace that was made for a container with a writable layer: who the files in it belong to. */
  idMappings?: { uid: readonly LinuxIDMapping[]; gid: readonly LinuxIDMapping[] };
  resctrl?: ResctrlState;
  /** Only without a mount namespace of its own. */
  rootMount?: RootMountState;
  hooks?: KeptHooks;
  /** The seccomp profile notifies an agent. */
  listener?: SeccompListener;
  /** startContainer hooks exist: `start` sends them the state. */
  startHooks: boolean;
  /** The container has a pid namespace of its own, so its end takes all processes with it. */
  ownPidNamespace: boolean;
}

export interface StateDocument extends JournalDocument {
  /** The container's first process. */
  init: ProcessIdentity;
  /** The steps that `start` sets going. None when the container was started as it was made. */
  late: LateStep[];
}

export type Status = "creating" | "created" | "running" | "paused" | "stopped";

/** The state of the specification, as `state` and `list` print it and hooks are given it. */
export interface PublicState {
  ociVersion: string;
  id: string;
  pid: number;
  status: Status;
  bundle: string;
  rootfs: string;
  created: string;
  annotations?: Record<string, string>;
  owner: string;
}

/** The public face of a container. `pid` as the reader sees it; 0 when it has stopped. */
export function publicState(kept: JournalDocument, status: Status, pid: number, owner = ""): PublicState {
  return {
    ociVersion: kept.ociVersion,
    id: kept.id,
    pid: status === "stopped" ? 0 : pid,
    status,
    bundle: kept.bundle,
    rootfs: kept.rootfs,
    created: kept.created,
    ...(kept.annotations && Object.keys(kept.annotations).length > 0 ? { annotations: kept.annotations } : {}),
    owner,
  };
}

/** The state of the specification, without what runtimes add: for hooks and seccomp agents. */
export function ociState(
  kept: JournalDocument,
  status: Status,
  pid: number,
): Omit<PublicState, "rootfs" | "created" | "owner"> {
  const { owner: _owner, created: _created, rootfs: _rootfs, ...state } = publicState(kept, status, pid);
  return state;
}

/** What hooks get on their stdin. */
export function hookState(kept: JournalDocument, status: Status, pid: number): string {
  return JSON.stringify(ociState(kept, status, pid));
}

/**
 * Reads the text of a state.json or journal.json. In: the text, the file it came from (for the
 * error). Throws RuntError when it is cut, is not ours or is of a newer runt.
 */
export function parseState(text: string, path: string, id: string): StateDocument;
export function parseState(text: string, path: string, id: string, journal: true): JournalDocument;
export function parseState(text: string, path: string, id: string, journal = false): JournalDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged(path, id, text === "" ? "the file is empty" : "the file is cut off or damaged");
  }
  if (!isObject(value)) throw damaged(path, id, "the file holds no object");
  if (value.format !== STATE_FORMAT) {
    throw damaged(
      path,
      id,
      `written by another version of runt (format ${JSON.stringify(value.format)}, here ${STATE_FORMAT})`,
    );
  }
  const wrong = wrongProperty(value, journal);
  if (wrong !== null) throw damaged(path, id, `${wrong} is missing or wrong`);
  return value as unknown as JournalDocument;
}

/** The first property that is not as it must be, or null. */
function wrongProperty(value: Record<string, unknown>, journal: boolean): string | null {
  for (const name of ["ociVersion", "id", "bundle", "rootfs", "created"]) {
    if (typeof value[name] !== "string") return name;
  }
  for (const name of ["startHooks", "ownPidNamespace"]) {
    if (typeof value[name] !== "boolean") return name;
  }
  if (!isIdentity(value.engine)) return "engine";
  if (!journal && !isIdentity(value.init)) return "init";
  const { cgroup } = value;
  if (!isObject(cgroup) || (cgroup.version !== 1 && cgroup.version !== 2) || !isObject(cgroup.directories))
    return "cgroup";
  if (Object.values(cgroup.directories).some((path) => typeof path !== "string" || !path.startsWith("/")))
    return "cgroup";
  if (cgroup.systemd !== undefined && !isUnit(cgroup.systemd)) return "cgroup";
  if (value.rootMount !== undefined && !isRootMount(value.rootMount)) return "rootMount";
  return null;
}

function isUnit(value: unknown): boolean {
  return isObject(value) && typeof value.unit === "string" && typeof value.user === "boolean";
}

function isRootMount(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { point, below, directory, namespace, boot } = value;
  const texts = [point, directory, namespace, boot].every((text) => typeof text === "string");
  return texts && (point as string).startsWith("/") && Number.isSafeInteger(below);
}

function isIdentity(value: unknown): value is ProcessIdentity {
  if (!isObject(value)) return false;
  const { pid, startTime } = value;
  return Number.isSafeInteger(pid) && (pid as number) > 0 && Number.isSafeInteger(startTime);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function damaged(path: string, id: string, cause: string): RuntError {
  return new RuntError({
    attempt: "read",
    path,
    cause,
    hint: `delete --force ${id} removes what is left of the container`,
  });
}

/** A time in nanoseconds since the epoch as RFC 3339, UTC, with nine digits of a second. */
export function formatTime(nanoseconds: bigint): string {
  const seconds = new Date(Number(nanoseconds / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(nanoseconds % 1_000_000_000n).padStart(9, "0")}Z`;
}
