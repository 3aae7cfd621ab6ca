// What `list` shows: every container of a root, the damaged ones only named.

import { failure } from "../host/failure.js";
import { native } from "../host/native.js";
import { containerState, readWhole } from "./query.js";
import type { Reporter } from "./report.js";
import type { PublicState } from "./state.js";
import { stateDirectory } from "./store.js";

/** The states of these containers, with their owners. What can't be read is reported and left out. */
export function listContainers(root: string, ids: readonly string[], report: Reporter): PublicState[] {
  const owners = new Map<number, string>();
  return forEach(ids, report, (id) => {
    const directory = native().lstat(stateDirectory(root, id));
    if (directory === null) return null;
    const state = containerState(root, id);
    if (!owners.has(directory.uid)) owners.set(directory.uid, native().userName(directory.uid) ?? `#${directory.uid}`);
    return { ...state, owner: owners.get(directory.uid)! };
  });
}

/** Those ids whose files can be read; the others are reported. The machine is not asked for a status. */
export function readableIds(root: string, ids: readonly string[], report: Reporter): string[] {
  return forEach(ids, report, (id) => {
    readWhole(root, id);
    return id;
  });
}

/** Goes on after a container that fails. Null: it was deleted since the root was read. */
function forEach<T>(ids: readonly string[], report: Reporter, look: (id: string) => T | null): T[] {
  return ids.flatMap((id) => {
    try {
      const found = look(id);
      return found === null ? [] : [found];
    } catch (error) {
      report.warn(`load container ${id}: ${(failure(error) as Error).message}`);
      return [];
    }
  });
}
