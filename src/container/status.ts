// A container's status is never stored: it is what the machine shows. The first process is
// known by pid and start time, since a pid alone may be another process by now.

import { freezerState } from "../cgroup/freezer-state.js";
import { native } from "../host/native.js";
import { processStat } from "../host/proc.js";
import type { ProcessIdentity, StateDocument, Status } from "./state.js";
import { START_SOCKET } from "./store.js";

/** Is it still that very process, and not a zombie? */
export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  const stat = processStat(pid);
  return stat !== null && stat.startTime === startTime && stat.state !== "Z" && stat.state !== "X";
}

/** The status of a container that was created. In: its directory and state. */
export function containerStatus(directory: string, state: StateDocument): Status {
  if (!isAlive(state.init)) return "stopped";
  if (isPaused(state)) return "paused";
  return waitsForStart(directory) ? "created" : "running";
}

export function isPaused(state: StateDocument): boolean {
  return freezerState(state.cgroup) === "frozen";
}

/**
 * Does runt-init still wait on its socket? Asking connects and hangs up, which it takes for a
 * mere question. After execve nobody listens, whether or not the socket's file is still there.
 */
export function waitsForStart(directory: string): boolean {
  const connection = native().connectStart(directory, START_SOCKET);
  if (connection === null) return false;
  native().close(connection);
  return true;
}
