// Mounts of type "cgroup": what a container sees below /sys/fs/cgroup. Not a file system type
// here but a wish: on v2 one file system, on v1 a directory with one for each hierarchy.

import { MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOSUID, MOUNT_ATTR_RDONLY } from "./constants.js";
import { attachDirectory } from "./filesystems.js";
import { mountContext } from "./labels.js";
import type { Attributes } from "./mount-options.js";
import type { PlannedMount } from "./mounts.js";
import { baseName, isWithin } from "./paths.js";
import type { Planning } from "./planning.js";
import type { Place } from "./program.js";
import { openTree, shapeTree } from "./trees.js";

// Trees of the host's cgroups are one mount: nobody mounts anything below a cgroup, and kernels without
// mount_setattr(2) can give its flags to one mount alone.

const SAFE = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
const NONE: Attributes = { set: 0, clear: 0 };

/** Mounts the container's cgroups. Out: the slot of the uppermost mount. */
export function planCgroupMount(planning: Planning, planned: PlannedMount): number {
  return planning.host.cgroup.version === 2 ? planUnified(planning, planned) : planHierarchies(planning, planned);
}

/**
 * In a cgroup namespace the mount shows the container's part alone. Without one it shows the
 * host's, which a user without privileges may own parts of: then it is read-only, whatever the
 * config says (CVE-2023-25809).
 */
function attributesOf({ host, namespaces }: Planning, { options }: PlannedMount): Attributes {
  const forced = host.rootless && !namespaces.has("cgroup") ? MOUNT_ATTR_RDONLY : 0;
  return {
    set: options.own.set | options.tree.set | forced,
    clear: (options.own.clear | options.tree.clear) & ~forced,
  };
}

/** A file system of the container's own. Out: its slot. */
function makeFilesystem(
  planning: Planning,
  at: Place,
  { type, source = type, data, attributes }: { type: string; source?: string; data: string; attributes: number },
): number {
  const slot = planning.slot();
  planning.inside.add(at, {
    op: "make_filesystem",
    slot,
    type,
    source,
    data,
    parameters: [],
    superblock: 0,
    attributes,
  });
  return slot;
}

function planUnified(planning: Planning, planned: PlannedMount): number {
  const { at, destination, options } = planned;
  const { host, inside, namespaces, sources } = planning;
  const attributes = attributesOf(planning, planned);
  let slot: number;
  if (namespaces.has("cgroup")) {
    slot = makeFilesystem(planning, at, { type: "cgroup2", data: options.data, attributes: attributes.set });
    shapeTree(inside, at, slot, { own: NONE, tree: NONE, propagation: options.propagation });
  } else {
    slot = openTree(planning, at, { path: host.cgroup.unified ?? "/sys/fs/cgroup", recursive: false, follows: false });
    shapeTree(sources, at, slot, { own: attributes, tree: NONE, propagation: options.propagation });
  }
  attachDirectory(planning, at, slot, destination, false);
  return slot;
}

/** The mount points of the v1 hierarchies, each with its controllers. */
function hierarchiesOf({ host }: Planning): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [controller, mountPoint] of Object.entries(host.cgroup.hierarchies)) {
    const controllers = found.get(mountPoint);
    if (controllers) controllers.push(controller);
    else found.set(mountPoint, [controller]);
  }
  return found;
}

function planHierarchies(planning: Planning, planned: PlannedMount): number {
  const { at, destination, options } = planned;
  const { inside, readonlyLater } = planning;
  const attributes = attributesOf(planning, planned);
  const slot = planning.slot();
  inside.add(at, {
    op: "make_filesystem",
    slot,
    type: "tmpfs",
    source: "cgroup",
    data: "mode=755",
    parameters: mountContext(planning, "tmpfs"),
    superblock: 0,
    attributes: SAFE,
  });
  shapeTree(inside, at, slot, { own: NONE, tree: NONE, propagation: options.propagation });
  attachDirectory(planning, at, slot, destination, false);
  for (const [mountPoint, controllers] of hierarchiesOf(planning)) {
    const name = baseName(mountPoint);
    planHierarchy(planning, planned, mountPoint, controllers, attributes, `${destination}/${name}`);
    // Programs look for "cpu", and it is mounted together with "cpuacct".
    for (const controller of controllers) {
      const own = controller.replace(/^name=/, "");
      if (own !== name) inside.add(at, { op: "make_symlink", path: `${destination}/${own}`, text: name, replace: 0 });
    }
  }
  if (attributes.set & MOUNT_ATTR_RDONLY) readonlyLater.push({ slot, recursive: false, at });
  return slot;
}

function planHierarchy(
  planning: Planning,
  { at }: PlannedMount,
  mountPoint: string,
  controllers: readonly string[],
  attributes: Attributes,
  target: string,
): void {
  const { namespaces, sources } = planning;
  let slot: number;
  if (namespaces.has("cgroup")) {
    const set = attributes.set | SAFE;
    slot = makeFilesystem(planning, at, { type: "cgroup", data: controllers.join(","), attributes: set });
  } else {
    slot = openTree(planning, at, {
      path: ownDirectory(planning, mountPoint, controllers),
      recursive: false,
      follows: false,
    });
    shapeTree(sources, at, slot, {
      own: { set: attributes.set | SAFE, clear: attributes.clear & ~SAFE },
      tree: NONE,
      propagation: [],
    });
  }
  attachDirectory(planning, at, slot, target, false);
}

/** The container's directory in a hierarchy: where it is put, or where its caller is. */
function ownDirectory({ host, request }: Planning, mountPoint: string, controllers: readonly string[]): string {
  const joined = request.cgroups.join.find((path) => isWithin(path, mountPoint));
  if (joined !== undefined) return joined;
  const own = host.cgroup.own[controllers[0]!] ?? "/";
  return own === "/" ? mountPoint : `${mountPoint}${own}`;
}
