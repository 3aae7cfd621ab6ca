// What the kernel counts for a container, as `runt events` prints it. No other command loads this.

import type { CgroupPaths } from "../driver.js";
import { emptyStats, type ContainerStats } from "./shape.js";
import { statsV1 } from "./v1.js";
import { statsV2 } from "./v2.js";

export { statsJson } from "./shape.js";

/** The `data` of a line, in runc's shape. */
export function readStats({ version, directories }: CgroupPaths): ContainerStats {
  if (Object.keys(directories).length === 0) return emptyStats();
  return version === 1 ? statsV1(directories) : statsV2(directories[""]!);
}
