// kill: a signal to the container's first process, by pidfd, so that it can't reach another
// process that was given the same pid meanwhile.

import type { CgroupDriver } from "../cgroup/driver.js";
import { RuntError } from "../errors.js";
import { SIGKILL } from "../host/signals.js";
import { openProcess } from "./process-handle.js";
import type { ProcessIdentity, StateDocument } from "./state.js";
import { isPaused } from "./status.js";
import { readState } from "./store.js";

/**
 * Sends a signal. `all`: to every process of the container's cgroup, and it is no error when there is none.
 * SIGKILL for a container that shares its pid namespace goes to all of them anyway: there the end of the
 * first process takes nobody with it.
 */
export async function killContainer(root: string, id: string, signal: number, all: boolean): Promise<void> {
  const state = readState(root, id);
  if (all && (await signalCgroup(state, signal))) return;
  const process = openProcess(state.init);
  const sharesPids = signal === SIGKILL && !state.ownPidNamespace;
  if (sharesPids && process && !hasCgroup(state)) {
    // Without a cgroup the others are found by their parents, as long as those live: all at once.
    (await driverOf(state, state.init)).signalAll(SIGKILL);
    process.close();
    return;
  }
  const sent = process?.signal(signal) ?? false;
  process?.close();
  if (!sent) {
    if (sharesPids && (await signalCgroup(state, SIGKILL))) return;
    if (all) return;
    throw new RuntError("container not running");
  }
  if (sharesPids) await signalCgroup(state, SIGKILL);
  // A frozen process of cgroup v1 dies only once it thaws.
  if (signal === SIGKILL && isPaused(state)) (await driverOf(state)).freeze("thawed");
}

/** Loaded only where it is needed: most signals go to the first process alone. */
async function driverOf({ cgroup }: StateDocument, first?: ProcessIdentity): Promise<CgroupDriver> {
  const { cgroupDriverFromState } = await import("../cgroup/index.js");
  return cgroupDriverFromState(cgroup, first);
}

/** A signal to all that is in the cgroup; false when there is nothing. */
async function signalCgroup(state: StateDocument, signal: number): Promise<boolean> {
  if (!hasCgroup(state)) return false;
  const cgroup = await driverOf(state);
  if (!cgroup.exists() || cgroup.processes().length === 0) return false;
  cgroup.signalAll(signal);
  return true;
}

function hasCgroup(state: StateDocument): boolean {
  return Object.keys(state.cgroup.directories).length > 0;
}
