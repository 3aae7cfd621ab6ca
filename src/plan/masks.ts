// linux.maskedPaths and linux.readonlyPaths: config-linux.md.

import { EXPECT_NULL_DEVICE } from "./constants.js";
import { cleanPath } from "./paths.js";
import type { Planning } from "./planning.js";
import { place } from "./program.js";
import { openTree } from "./trees.js";

/** Slots of what paths are covered with: an empty directory and the null device. */
export interface Masks {
  empty: number;
  null: number;
}

const ALL = place("/linux/maskedPaths");

/**
 * Opens what paths are covered with, while the host's /dev is in sight: the container's
 * /dev/null may be anything (CVE-2025-31133).
 */
export function openMasks(planning: Planning): Masks | undefined {
  const { config, inside } = planning;
  if (!config.linux?.maskedPaths?.length) return undefined;
  const masks = {
    null: openTree(planning, ALL, { path: "/dev/null", recursive: false, expect: EXPECT_NULL_DEVICE, follows: false }),
    empty: planning.slot(),
  };
  inside.add(ALL, { op: "make_masks", slot: masks.empty });
  return masks;
}

/** Protects and covers, after the root has become "/". */
export function planMasks({ config, inside }: Planning, masks: Masks | undefined): void {
  config.linux?.readonlyPaths?.forEach((path, index) => {
    inside.add(place(`/linux/readonlyPaths/${index}`, path), { op: "protect_path", path });
  });
  if (!masks) return;
  const covered = new Set<string>();
  config.linux?.maskedPaths?.forEach((path, index) => {
    // Engines send some paths twice; a mask on a mask costs a mount and hides nothing more.
    if (covered.has(cleanPath(path))) return;
    covered.add(cleanPath(path));
    inside.add(place(`/linux/maskedPaths/${index}`, path), { op: "mask_path", path, ...masks });
  });
}
