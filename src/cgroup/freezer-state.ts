// Whether a cgroup is frozen. Apart from the drivers: `state`, `start` and `kill` ask this and nothing else.

import { native } from "../host/native.js";
import type { CgroupPaths, FreezerState } from "./driver.js";
import { isGone } from "./failure.js";

/** Whether a container is frozen: by the v1 freezer where it has that, else by cgroup2. */
export function freezerState({ directories }: CgroupPaths): FreezerState {
  const { freezer, "": unified } = directories;
  if (freezer !== undefined) return readFreezerV1(freezer);
  return unified === undefined ? "thawed" : readFreezerV2(unified);
}

/** v1: whether the cgroup itself was frozen. Frozen by a parent counts as thawed: it is not ours to thaw. */
function readFreezerV1(directory: string): FreezerState {
  const state = readFreezerFile(`${directory}/freezer.state`);
  // FREEZING: on the way, and stays so while processes come in faster than they are stopped.
  if (state !== "FROZEN" && state !== "FREEZING") return "thawed";
  return readFreezerFile(`${directory}/freezer.self_freezing`) === "0" ? "thawed" : "frozen";
}

/** v2: whether the cgroup itself was told to freeze. */
function readFreezerV2(directory: string): FreezerState {
  return readFreezerFile(`${directory}/cgroup.freeze`) === "1" ? "frozen" : "thawed";
}

/** What a file of the freezer says; "" when the cgroup is gone. */
export function readFreezerFile(file: string): string {
  try {
    return (native().readFileIfAny(file) ?? "").trim();
  } catch (error) {
    if (isGone(error)) return "";
    throw error;
  }
}
