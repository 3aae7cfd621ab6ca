// kill: a signal to the container's first process, by pidfd, so that it can't reach another
// process that was given the same pid meanwhile.

import { cgroupDriverFromState } from "../cgroup/index.js";
import { RuntError } from "../errors.js";
import { SIGKILL } from "../host/signals.js";
import { openProcess } from "./process-handle.js";
import type { StateDocument } from "./state.js";
import { isPaused } from "./status.js";
import { readState } from "./store.js";

/**
 * Sends a signal. `all`: no error when the container has stopped.
 * SIGKILL for a container that shares its pid namespace goes to every process of its cgroup:
 * there the end of the first process takes nobody with it.
 */
export function killContainer(root: string, id: string, signal: number, all: boolean): void {
  const state = readState(root, id);
  const process = openProcess(state.init);
  const sharesPids = signal === SIGKILL && !state.ownPidNamespace;
  const sent = process?.signal(signal) ?? false;
  process?.close();
  if (!sent) {
    if (sharesPids && killCgroup(state)) return;
    if (all) return;
    throw new RuntError("container not running");
  }
  if (sharesPids) killCgroup(state);
  // A frozen process of cgroup v1 dies only once it thaws.
  if (signal === SIGKILL && isPaused(state)) cgroupDriverFromState(state.cgroup).freeze("thawed");
}

/** Kills what is left in the cgroup; false when there was nothing. */
function killCgroup(state: StateDocument): boolean {
  if (Object.keys(state.cgroup.directories).length === 0) return false;
  const cgroup = cgroupDriverFromState(state.cgroup);
  if (!cgroup.exists() || cgroup.processes().length === 0) return false;
  cgroup.signalAll(SIGKILL);
  return true;
}
