// The end of a container that runt itself has started: after `run`, or when a start goes wrong.

import { failure } from "../host/failure.js";
import { destroyContainer } from "./destroy.js";
import type { Reporter } from "./report.js";
import type { StateDocument } from "./state.js";
import { lockContainer } from "./store.js";

/**
 * Removes a container that the caller knows the state of. In: whether something of it may still
 * run. What is left of it is a warning: the caller has a status or an error of its own to give.
 */
export async function removeContainer(
  root: string,
  state: StateDocument,
  kill: boolean,
  report: Reporter,
): Promise<void> {
  try {
    const claim = lockContainer(root, state.id, true);
    // Deleted by another runt meanwhile.
    if (claim === null || claim === "busy") return;
    await destroyContainer({ claim, journal: state, init: state.init, kill, poststop: true, report });
  } catch (error) {
    report.warn(`removing container ${state.id}: ${(failure(error) as Error).message}`);
  }
}
