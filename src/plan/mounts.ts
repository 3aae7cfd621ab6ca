// config.mounts in their order: bind mounts, file systems, remounts. config.md, "Mounts".

import { RuntError } from "../errors.js";
import type { Mount } from "../spec/types.gen.js";
import { planCgroupMount } from "./cgroup-mount.js";
import {
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_NOSYMFOLLOW,
  MOUNT_ATTR_RDONLY,
  MS_SHARED,
  TARGET_AS_LINK,
  TARGET_AS_SOURCE,
} from "./constants.js";
import { checkDestination, isKernelDirectory } from "./destinations.js";
import { planFilesystem } from "./filesystems.js";
import { isIdmapped, planIdmap } from "./idmap.js";
import { type Attributes, foldMountOptions, mountOption, type MountOptions } from "./mount-options.js";
import { cleanPath, hostPath } from "./paths.js";
import type { Planning } from "./planning.js";
import { type Place, place, type StepList } from "./program.js";
import { sharesWithHost } from "./rootfs.js";
import { type HostTree, openSharedTree, openTree, shapeTree } from "./trees.js";

/** One entry of config.mounts, understood. */
export interface PlannedMount {
  at: Place;
  mount: Mount;
  /** Clean absolute path in the container. */
  destination: string;
  options: MountOptions;
}

/** Mounts everything that the config asks for. */
export function planMounts(planning: Planning): void {
  // Destination → slot of what this config has mounted there, for remounts.
  const mounted = new Map<string, number>();
  planning.config.mounts?.forEach((mount, index) => {
    const planned = readMount(mount, index);
    if (planned.options.remount && !planned.options.bind) {
      planRemount(planning, planned, mounted);
      return;
    }
    checkDestination(planned);
    mounted.set(planned.destination, planOne(planning, planned));
  });
}

export function readMount(mount: Mount, index: number): PlannedMount {
  const pointer = `/mounts/${index}`;
  const options = foldMountOptions(mount.options ?? []);
  const what = options.bind ? (mount.source ?? "nothing") : (mount.type ?? mount.source ?? "nothing");
  const at = place(pointer, `${mount.destination} → ${what}`);
  return { at, mount, destination: cleanPath(mount.destination), options };
}

function planOne(planning: Planning, planned: PlannedMount): number {
  const { at, mount, options } = planned;
  if (options.tmpcopyup && (options.bind || mount.type !== "tmpfs")) {
    throw new RuntError({ where: at.where, cause: 'the option "tmpcopyup" is for mounts of type "tmpfs" only' });
  }
  if (options.bind) return planBind(planning, planned);
  const links = mount.options?.filter((name) => mountOption(name)?.kind === "link");
  if (links?.length) throw new RuntError({ where: at.where, cause: `for bind mounts only: ${links.join(", ")}` });
  if (!mount.type)
    throw new RuntError({ where: at.where, cause: 'a mount needs a type, or one of the options "bind" and "rbind"' });
  if (mount.type === "bind") {
    throw new RuntError({
      where: at.where,
      cause: '"bind" is no file system type',
      hint: 'a bind mount has "bind" or "rbind" among its options',
    });
  }
  if (mount.type !== "cgroup") return planFilesystem(planning, planned);
  if (isIdmapped(planned)) throw new RuntError({ where: at.where, cause: "cgroups can't be idmapped" });
  return planCgroupMount(planning, planned);
}

function planBind(planning: Planning, planned: PlannedMount): number {
  const { at, mount, destination, options } = planned;
  if (options.data) {
    // The kernel would pass over them: the file system is mounted elsewhere already.
    throw new RuntError({
      where: at.where,
      cause: `bind mounts cannot have any filesystem-specific options applied: ${options.data}`,
    });
  }
  warnOfUseless(planning, at, mount);
  const shared = options.propagation.some((flags) => (flags & MS_SHARED) !== 0) && sharesWithHost(planning);
  const tree = bindTree(planning, planned);
  const slot = shared ? openSharedTree(planning, at, tree) : openTree(planning, at, tree);
  shapeBind(planning, shared ? planning.inside : planning.sources, planned, slot);
  attachBind(planning.inside, at, slot, destination, options.links);
  return slot;
}

/** What a bind mount shows. */
export function bindTree({ request }: Planning, { mount, options: { bind, links } }: PlannedMount): HostTree {
  return {
    path: hostPath(request.bundle, mount.source ?? ""),
    recursive: bind!.recursive,
    nofollow: links.source === true || links.copied === true,
    follows: true,
  };
}

/** Puts the tree of a bind mount at its place. */
export function attachBind(
  list: StepList,
  at: Place,
  slot: number,
  target: string,
  links: MountOptions["links"] = {},
): void {
  list.add(at, {
    op: "attach_tree",
    slot,
    target,
    kind: links.copied ? TARGET_AS_LINK : TARGET_AS_SOURCE,
    mode: 0o755,
    real: Number(isKernelDirectory(target)),
    nofollow: Number(links.target === true),
  });
}

function shapeBind(planning: Planning, list: StepList, planned: PlannedMount, slot: number): void {
  planIdmap(planning, list, planned, slot);
  const { own, tree, propagation } = planned.options;
  shapeTree(list, planned.at, slot, { own: bindAttributes(planning, own), tree, propagation });
}

/** Of a mount of the host's, what a bind mount whose options name flags has only when it names them. */
const SOURCE_FLAGS =
  MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW;

/**
 * As in runc: without a flag among its options a bind mount has all flags of its source, with one ("ro", "rw", "nodev" …)
 * those of the options alone: "bind,ro" of a file system that is noexec on the host can be executed from. In a user
 * namespace the source's stay, which the kernel locks there.
 */
function bindAttributes({ inUserNamespace, host }: Planning, { set, clear }: Attributes): Attributes {
  const named = (set | clear) !== 0;
  return named && !inUserNamespace && !host.rootless ? { set, clear: clear | (SOURCE_FLAGS & ~set) } : { set, clear };
}

/** A mount of the host with the flags and mapping of a bind mount from it, not attached yet. Out: its slot. */
export function planSourceMount(planning: Planning, planned: PlannedMount, mountPoint: string): number {
  const slot = openTree(planning, planned.at, { path: mountPoint, recursive: false, follows: true });
  shapeBind(planning, planning.sources, planned, slot);
  return slot;
}

/** Flags of a superblock do nothing on one more mount of it. */
function warnOfUseless(planning: Planning, at: Place, mount: Mount): void {
  const useless = mount.options?.filter((name) => {
    const option = mountOption(name);
    return option?.kind === "superblock" && option.on;
  });
  if (useless?.length) planning.warn(at, `without effect on a bind mount: ${useless.join(", ")}`);
}

/** remount: other flags for what this config has mounted before. */
function planRemount(
  { inside, readonlyLater }: Planning,
  planned: PlannedMount,
  mounted: ReadonlyMap<string, number>,
): void {
  const { at, mount, destination, options } = planned;
  if (isIdmapped(planned)) {
    throw new RuntError({
      where: at.where,
      cause: "the ids of a mount can't be mapped by a remount: it is visible already",
    });
  }
  const slot = mounted.get(destination);
  if (slot === undefined) {
    throw new RuntError({
      where: at.where,
      cause: `the option "remount" needs an entry before it that mounts ${destination}`,
    });
  }
  if (options.data || options.superblock || options.tmpcopyup) {
    const mine = mount.options?.filter((name) =>
      ["superblock", "tmpcopyup", undefined].includes(mountOption(name)?.kind),
    );
    throw new RuntError({
      where: at.where,
      cause: `a remount changes flags of the mount, not the file system: ${mine?.join(", ")}`,
    });
  }
  // The last word on whether it is read-only.
  if ((options.own.set | options.own.clear) & MOUNT_ATTR_RDONLY) {
    const later = readonlyLater.findIndex((entry) => entry.slot === slot);
    if (later >= 0) readonlyLater.splice(later, 1);
  }
  shapeTree(inside, at, slot, options);
}
