// The root: its tree, its propagation, the way into it. config.md, "Root"; config-linux.md,
// "Rootfs Mount Propagation".

import type { RootfsPropagation } from "../spec/types.gen.js";
import {
  EXPECT_DIRECTORY,
  MOUNT_ATTR_RDONLY,
  MS_PRIVATE,
  MS_REC,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
} from "./constants.js";
import { planCover } from "./inherited-mounts.js";
import { planOverlay } from "./overlay.js";
import { hostPath } from "./paths.js";
import type { Planning } from "./planning.js";
import { OWN, type Place, place, type StepList } from "./program.js";
import { openTree, setPropagation } from "./trees.js";

const PROPAGATIONS: Readonly<Record<RootfsPropagation, number>> = {
  private: MS_PRIVATE,
  rprivate: MS_PRIVATE | MS_REC,
  slave: MS_SLAVE,
  rslave: MS_SLAVE | MS_REC,
  shared: MS_SHARED,
  rshared: MS_SHARED | MS_REC,
  unbindable: MS_UNBINDABLE,
  runbindable: MS_UNBINDABLE | MS_REC,
};

/** These come when the host's root is left: pivot_root(2) refuses a shared root, and an unbindable one can't be moved. */
const LATE = MS_SHARED | MS_UNBINDABLE;

const PROPAGATION_PLACE = place("/linux/rootfsPropagation");

/** Without a value the root itself is private, and mounts below it follow the host: as in runc. */
function rootPropagation({ config }: Planning): number {
  return PROPAGATIONS[config.linux?.rootfsPropagation ?? "private"];
}

/** Whether mounts that ask to be shared stay peers of the host's. */
export function sharesWithHost(planning: Planning): boolean {
  // The kernel makes slaves of all shared mounts on the way into a user namespace, and a mount
  // namespace that is joined has other peers.
  return (rootPropagation(planning) & MS_SHARED) !== 0 && !planning.inUserNamespace && !planning.opensSourcesBefore;
}

/** The root's directory on the host. */
export function rootPath({ config, request }: Pick<Planning, "config" | "request">): string {
  return request.rootPoint ?? hostPath(request.bundle, config.root.path);
}

/** Opens the root, with all that is mounted below it: the overlay, or a tree of the host that follows the host. */
export function openRoot(planning: Planning): { at: Place; path: string; slot: number } {
  const path = rootPath(planning);
  const at = place("/root/path", path);
  const slot =
    planOverlay(planning) ?? openTree(planning, at, { path, recursive: true, expect: EXPECT_DIRECTORY, follows: true });
  return { at, path, slot };
}

/** Opens the root and puts it in the place of its directory. */
export function planRoot(planning: Planning): void {
  const { inside, sources } = planning;
  const { at, path, slot } = openRoot(planning);
  const propagation = rootPropagation(planning);
  setPropagation(sources, PROPAGATION_PLACE, slot, propagation & LATE ? MS_PRIVATE : propagation);
  // Not before the tree has been copied: its mounts would be covered.
  if (planning.inheritsMounts) planCover(planning, at, path);
  inside.add(at, { op: "attach_root", slot, path });
}

/**
 * Cuts the new mount namespace off from the host's before anything is mounted in it. Slave, not
 * private: what the host unmounts goes away here too, instead of being held busy by a container.
 */
export function planHostPropagation(list: StepList): void {
  list.add(OWN, { op: "set_host_propagation", flags: MS_REC | MS_SLAVE });
}

/** Leaves the host's root. */
export function planPivot({ inside, inheritsMounts, request }: Planning): void {
  const op = inheritsMounts ? "enter_root" : request.noPivot ? "move_root" : "pivot_root";
  inside.add(place("/root/path"), { op });
}

/** What the root and its mounts are given when everything in them is in place. */
export function planFinalRoot(planning: Planning): void {
  const { config, inside, readonlyLater } = planning;
  for (const { at, slot, recursive } of readonlyLater) {
    inside.add(at, {
      op: "set_tree",
      slot,
      set: MOUNT_ATTR_RDONLY,
      clear: 0,
      propagation: 0,
      recursive: Number(recursive),
    });
  }
  const propagation = rootPropagation(planning);
  if (propagation & LATE) inside.add(PROPAGATION_PLACE, { op: "set_root", propagation, readonly: 0 });
  if (config.root.readonly) inside.add(place("/root/readonly"), { op: "set_root", propagation: 0, readonly: 1 });
}
