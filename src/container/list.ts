// What `list` shows: every container of a root, the damaged ones only named.

import { native } from "../host/native.js";
import { containerState } from "./query.js";
import type { Reporter } from "./report.js";
import type { PublicState } from "./state.js";
import { stateDirectory } from "./store.js";

/** The states of these containers, with their owners. What can't be read is reported and left out. */
export function listContainers(root: string, ids: readonly string[], report: Reporter): PublicState[] {
  const owners = new Map<number, string>();
  return ids.flatMap((id) => {
    try {
      const directory = native().lstat(stateDirectory(root, id));
      // Deleted since the directory was read.
      if (directory === null) return [];
      const state = containerState(root, id);
      if (!owners.has(directory.uid)) owners.set(directory.uid, native().userName(directory.uid) ?? `#${directory.uid}`);
      return [{ ...state, owner: owners.get(directory.uid)! }];
    } catch (error) {
      report.warn(`load container ${id}: ${(error as Error).message}`);
      return [];
    }
  });
}
