// Trees of mounts before they are attached: where the host's are opened, and what every tree is
// given (attributes, propagation) while nobody can see it yet.

import { EXPECT_ANYTHING, MS_PRIVATE, MS_REC, MS_SLAVE } from "./constants.js";
import type { MountOptions } from "./mount-options.js";
import type { Planning } from "./planning.js";
import type { Place, StepList } from "./program.js";

export interface HostTree {
  path: string;
  recursive: boolean;
  /** EXPECT_*; anything unless said. */
  expect?: number;
  /** A symlink itself is wanted, not what it leads to. */
  nofollow?: boolean;
  /** Mounts that the host makes below it later show up in the container. */
  follows: boolean;
}

/**
 * Opens a copy of a tree of the host. Out: its slot.
 *
 * A copy that is made in the host's mount namespace is a peer of the host's mount: what is mounted
 * on it in the container would appear on the host. So it is cut off at once. In one of the container's
 * own copies are slaves already, after set_host_propagation.
 */
export function openTree(planning: Planning, at: Place, tree: HostTree): number {
  const slot = planning.slot();
  const { sources } = planning;
  sources.add(at, cloneTree(slot, tree));
  if (!tree.follows) setPropagation(sources, at, slot, MS_PRIVATE | MS_REC);
  else if (planning.opensSourcesBefore || planning.inheritsMounts) setPropagation(sources, at, slot, MS_SLAVE | MS_REC);
  return slot;
}

/** As openTree, of a tree that must stay the host's peer (bidirectional mount propagation). */
export function openSharedTree(planning: Planning, at: Place, tree: HostTree): number {
  const slot = planning.slot();
  planning.shared.add(at, cloneTree(slot, tree));
  return slot;
}

function cloneTree(slot: number, { path, recursive, nofollow = false, expect = EXPECT_ANYTHING }: HostTree) {
  const flags = { recursive: Number(recursive), nofollow: Number(nofollow) };
  return { op: "clone_tree", slot, path, ...flags, expect } as const;
}

/** Gives a tree its attributes and propagation. */
export function shapeTree(
  list: StepList,
  at: Place,
  slot: number,
  { own, tree, propagation }: Pick<MountOptions, "own" | "tree" | "propagation">,
): void {
  if (own.set || own.clear) list.add(at, { op: "set_tree", slot, ...own, propagation: 0, recursive: 0 });
  if (tree.set || tree.clear) list.add(at, { op: "set_tree", slot, ...tree, propagation: 0, recursive: 1 });
  for (const flags of propagation) setPropagation(list, at, slot, flags);
}

/** In: MS_SHARED and the like, with MS_REC for the whole tree. */
export function setPropagation(list: StepList, at: Place, slot: number, propagation: number): void {
  list.add(at, { op: "set_tree", slot, set: 0, clear: 0, propagation, recursive: 0 });
}
