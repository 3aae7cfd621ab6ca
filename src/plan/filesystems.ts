// Mounts that make a file system (config.md, "Mounts"): all but bind mounts and "cgroup".

import { RuntError } from "../errors.js";
import type { LinuxNamespaceType } from "../spec/types.gen.js";
import { MOUNT_ATTR_RDONLY, MS_RDONLY, TARGET_DIRECTORY } from "./constants.js";
import { isKernelDirectory } from "./destinations.js";
import { isIdmapped, planIdmap } from "./idmap.js";
import { mountContext } from "./labels.js";
import type { MountOptions } from "./mount-options.js";
import type { PlannedMount } from "./mounts.js";
import type { Planning } from "./planning.js";
import type { Place, StepList } from "./program.js";
import { openTree, shapeTree } from "./trees.js";

/**
 * File systems without a medium. Some of them have one superblock for several containers (sysfs
 * of a shared network namespace, mqueue of an ipc namespace), so "ro" is said of the mount and
 * not of the superblock. mount(8) says both, which only a read-only medium needs.
 */
const VIRTUAL: readonly string[] = [
  "proc",
  "sysfs",
  "tmpfs",
  "ramfs",
  "devpts",
  "mqueue",
  "cgroup",
  "cgroup2",
  "debugfs",
  "tracefs",
  "securityfs",
  "configfs",
  "bpf",
];

/** Makes a file system and attaches it. Out: its slot. */
export function planFilesystem(planning: Planning, planned: PlannedMount): number {
  const { at, mount, destination, options } = planned;
  const type = mount.type!;
  if (type === "sysfs" && isForeignSysfs(planning)) return planHostSys(planning, planned);
  const { inside } = planning;
  const maker = makerOf(planning, planned);
  const slot = planning.slot();
  // Mount points, and in /dev nodes, are made in these before they are read-only.
  const later =
    (type === "tmpfs" || destination === "/dev") && ((options.own.set | options.tree.set) & MOUNT_ATTR_RDONLY) !== 0;
  if (later) planning.readonlyLater.push({ slot, recursive: (options.tree.set & MOUNT_ATTR_RDONLY) !== 0, at });
  const shape = later ? writable(options) : options;
  const readonlyMedium = (shape.own.set & MOUNT_ATTR_RDONLY) !== 0 && !VIRTUAL.includes(type);
  maker.add(at, {
    op: "make_filesystem",
    slot,
    type,
    source: mount.source || type,
    data: options.data,
    parameters: mountContext(planning, type),
    superblock: options.superblock | (readonlyMedium ? MS_RDONLY : 0),
    attributes: shape.own.set,
  });
  planIdmap(planning, maker, planned, slot);
  // The new mount has its own attributes already.
  shapeTree(maker, at, slot, { own: { set: 0, clear: 0 }, tree: shape.tree, propagation: shape.propagation });
  if (options.tmpcopyup) inside.add(at, { op: "copy_up", slot, target: destination });
  attachDirectory(
    planning,
    at,
    slot,
    destination,
    type === "proc" || type === "sysfs" || isKernelDirectory(destination),
  );
  return slot;
}

/** File systems that show a namespace: only who has rights over that one may mount them. */
const SHOWS: Readonly<Record<string, LinuxNamespaceType>> = { proc: "pid", mqueue: "ipc" };

/**
 * The list in which a file system is made: in the container, but in stage A when what it shows is
 * the host's, or is older than the container's user namespace.
 */
function makerOf(planning: Planning, planned: PlannedMount): StepList {
  const { at, mount } = planned;
  const { namespaces, host } = planning;
  // With mapped ids its owner must be who maps them: the host, also for a container in a user namespace.
  if (isIdmapped(planned)) return planning.sources;
  const shown = SHOWS[mount.type!];
  if (!shown || !planning.inUserNamespace || namespaces.isNew(shown)) return planning.inside;
  // Of two that are joined nothing is known; engines join those of one pod.
  if (namespaces.isJoined(shown) && namespaces.isJoined("user")) return planning.inside;
  // procfs shows the pid namespace of who makes it, and joining one is for children only.
  const possible = host.euid === 0 && !(shown === "pid" && namespaces.isJoined("pid"));
  if (possible) return namespaces.isJoined(shown) ? planning.joined : planning.before;
  throw new RuntError({
    where: at.where,
    cause: `${mount.type} shows a ${shown} namespace that does not belong to the container's user namespace, so it can't be mounted`,
    hint: namespaces.isJoined(shown)
      ? `join the user namespace that it belongs to as well, or bind the other container's ${mount.type}`
      : `add { "type": "${shown}" } to linux.namespaces, or bind the host's: "type": "none", "source": "${mount.type === "proc" ? "/proc" : "/dev/mqueue"}", "options": ["rbind"]`,
  });
}

/** Attaches the tree of a slot on a directory, made when it is missing. */
export function attachDirectory({ inside }: Planning, at: Place, slot: number, target: string, real: boolean): void {
  inside.add(at, {
    op: "attach_tree",
    slot,
    target,
    kind: TARGET_DIRECTORY,
    mode: 0o755,
    real: Number(real),
    nofollow: 0,
  });
}

function writable(options: MountOptions): Pick<MountOptions, "own" | "tree" | "propagation"> {
  const without = ({ set, clear }: { set: number; clear: number }) => ({ set: set & ~MOUNT_ATTR_RDONLY, clear });
  return { own: without(options.own), tree: without(options.tree), propagation: options.propagation };
}

/**
 * Only who owns the network namespace may mount sysfs. In a user namespace that is the container
 * when the network namespace was made in it: not one of the host's, nor one that is older than a
 * new user namespace. Of two that are joined nothing is known; engines join those of one pod.
 */
function isForeignSysfs({ namespaces }: Planning): boolean {
  if (namespaces.isNew("user")) return !namespaces.isNew("network");
  return namespaces.isJoined("user") && !namespaces.has("network");
}

/** The host's /sys in place of a sysfs that may not be mounted. */
function planHostSys(planning: Planning, planned: PlannedMount): number {
  const { at, destination, options } = planned;
  const slot = openTree(planning, at, { path: "/sys", recursive: true, follows: false });
  // What is mounted below it is as read-only as itself (CVE-2023-25809).
  const tree = { set: options.tree.set | options.own.set, clear: options.tree.clear | options.own.clear };
  planIdmap(planning, planning.sources, planned, slot);
  shapeTree(planning.sources, at, slot, { own: { set: 0, clear: 0 }, tree, propagation: options.propagation });
  attachDirectory(planning, at, slot, destination, true);
  return slot;
}
