// pause and resume: the freezer of the container's cgroup.

import { cgroupDriverFromState } from "../cgroup/index.js";
import { RuntError } from "../errors.js";
import { containerStatus } from "./status.js";
import { readState, stateDirectory } from "./store.js";

/** Freezes every process of a container that was created or runs. */
export function pauseContainer(root: string, id: string): void {
  const state = readState(root, id);
  const status = containerStatus(stateDirectory(root, id), state);
  if (status !== "created" && status !== "running") {
    throw new RuntError({ cause: "container not running", hint: `it is ${status}` });
  }
  if (Object.keys(state.cgroup.directories).length === 0) {
    throw new RuntError({
      attempt: "pause",
      cause: "the container has no cgroup",
      hint: "it was made with --rootless, without cgroups",
    });
  }
  cgroupDriverFromState(state.cgroup).freeze("frozen");
}

/** Lets a paused container go on. */
export function resumeContainer(root: string, id: string): void {
  const state = readState(root, id);
  if (containerStatus(stateDirectory(root, id), state) !== "paused") throw new RuntError("container not paused");
  cgroupDriverFromState(state.cgroup).freeze("thawed");
}
