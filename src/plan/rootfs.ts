// The root: its tree, its propagation, the way into it. config.md, "Root"; config-linux.md,
// "Rootfs Mount Propagation".

import {
  EXPECT_DIRECTORY,
  MOUNT_ATTR_RDONLY,
  MS_PRIVATE,
  MS_REC,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
} from "./constants.js";
import { planOverlay } from "./overlay.js";
import { hostPath } from "./paths.js";
import type { Planning } from "./planning.js";
import { OWN, place } from "./program.js";
import { openTree } from "./trees.js";

/** What a value of rootfsPropagation means for the root's mount. */
interface RootPropagation {
  flag: number;
  recursive: boolean;
  /** The host must not have it until the root is left: pivot_root(2) refuses shared mounts. */
  late: boolean;
}

// Without a value the root itself is private, mounts below it follow the host (as in runc).
const DEFAULT: RootPropagation = { flag: MS_PRIVATE, recursive: false, late: false };

const PROPAGATIONS: Readonly<Record<string, RootPropagation>> = {
  private: { flag: MS_PRIVATE, recursive: false, late: false },
  rprivate: { flag: MS_PRIVATE, recursive: true, late: false },
  slave: { flag: MS_SLAVE, recursive: false, late: false },
  rslave: { flag: MS_SLAVE, recursive: true, late: false },
  shared: { flag: MS_SHARED, recursive: false, late: true },
  rshared: { flag: MS_SHARED, recursive: true, late: true },
  unbindable: { flag: MS_UNBINDABLE, recursive: false, late: true },
  runbindable: { flag: MS_UNBINDABLE, recursive: true, late: true },
};

const PROPAGATION_PLACE = place("/linux/rootfsPropagation");

function rootPropagation({ config }: Planning): RootPropagation {
  return PROPAGATIONS[config.linux?.rootfsPropagation ?? ""] ?? DEFAULT;
}

/** Whether mounts that ask to be shared stay peers of the host's. */
export function sharesWithHost(planning: Planning): boolean {
  // The kernel makes slaves of all shared mounts on the way into a user namespace, and a mount
  // namespace that is joined has other peers.
  return rootPropagation(planning).flag === MS_SHARED && !planning.inUserNamespace && !planning.opensSourcesBefore;
}

/** The root's directory on the host. */
export function rootPath({ config, request }: Pick<Planning, "config" | "request">): string {
  return hostPath(request.bundle, config.root.path);
}

/** Opens the root and puts it in the place of its directory. Out: its slot. */
export function planRoot(planning: Planning): number {
  const { inside, sources } = planning;
  const path = rootPath(planning);
  const at = place("/root/path", path);
  const slot =
    planOverlay(planning) ?? openTree(planning, at, { path, recursive: true, expect: EXPECT_DIRECTORY, follows: true });
  const { flag, recursive, late } = rootPropagation(planning);
  const propagation = late ? MS_PRIVATE : flag;
  if (propagation !== MS_SLAVE) {
    sources.add(PROPAGATION_PLACE, {
      op: "set_tree",
      slot,
      set: 0,
      clear: 0,
      propagation,
      recursive: Number(recursive && !late),
    });
  }
  inside.add(at, { op: "attach_root", slot, path });
  return slot;
}

/**
 * Cuts the new mount namespace off from the host's before anything is mounted in it. Slave, not
 * private: what the host unmounts goes away here too, instead of being held busy by a container.
 */
export function planHostPropagation({ inside }: Planning): void {
  inside.add(OWN, { op: "set_host_propagation", flags: MS_REC | MS_SLAVE });
}

/** Leaves the host's root. */
export function planPivot({ inside, request }: Planning): void {
  inside.add(place("/root/path"), request.noPivot ? { op: "move_root" } : { op: "pivot_root" });
}

/** What the root is given when everything in it is in place. */
export function planFinalRoot(planning: Planning, slot: number): void {
  const { config, inside, readonlyLater } = planning;
  for (const later of readonlyLater) {
    inside.add(later.at, {
      op: "set_tree",
      slot: later.slot,
      set: MOUNT_ATTR_RDONLY,
      clear: 0,
      propagation: 0,
      recursive: Number(later.recursive),
    });
  }
  const { flag, recursive, late } = rootPropagation(planning);
  if (late) {
    inside.add(PROPAGATION_PLACE, {
      op: "set_tree",
      slot,
      set: 0,
      clear: 0,
      propagation: flag,
      recursive: Number(recursive),
    });
  }
  if (config.root.readonly) inside.add(place("/root/readonly"), { op: "set_root", propagation: 0, readonly: 1 });
}
