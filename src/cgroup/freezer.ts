// Freezing and thawing: the v1 freezer controller, and cgroup.freeze of v2 (Linux 5.2).

import { RuntError } from "../errors.js";
import { ENOENT } from "../host/constants.js";
import { native } from "../host/native.js";
import type { FreezerState } from "./driver.js";
import { waitForEvent } from "./events.js";
import { errnoOf, failure } from "./failure.js";
import { readFreezerFile } from "./freezer-state.js";
import { describeProcesses, processesBelow } from "./processes.js";

const V2_TIMEOUT_MS = 10_000;
const V1_ATTEMPTS = 500;

/** v1: freezes or thaws. Throws RuntError when it cannot be frozen within about a second; then it is thawed again. */
export function setFreezerV1(directory: string, state: FreezerState): void {
  const file = `${directory}/freezer.state`;
  const write = (value: string) => {
    try {
      native().writeFile(file, value);
    } catch (error) {
      throw failure(error, { attempt: `write ${value} to`, path: file });
    }
  };
  if (state === "thawed") {
    write("THAWED");
    return;
  }
  try {
    for (let attempt = 1; attempt <= V1_ATTEMPTS; attempt++) {
      // The kernel tries once a write (kernel/cgroup/legacy_freezer.c) and says FREEZING when a process was
      // missed, e.g. one that was forked meanwhile. Letting all run for a moment helps when they keep coming.
      if (attempt % 50 === 0) {
        write("THAWED");
        native().sleep(10);
      }
      write("FROZEN");
      if (readFreezerFile(file) === "FROZEN") return;
      if (attempt > 10) native().sleep(1);
    }
  } catch (error) {
    tryThaw(file, "THAWED");
    throw error;
  }
  // Half frozen would be worse than not frozen.
  const stuck = describeProcesses(processesBelow(directory, "freezer"));
  tryThaw(file, "THAWED");
  throw cannotFreeze(directory, stuck);
}

/** v2: freezes (and waits until all processes are) or thaws. Throws RuntError; then it is thawed again. */
export function setFreezerV2(directory: string, state: FreezerState): void {
  const file = `${directory}/cgroup.freeze`;
  try {
    native().writeFile(file, state === "frozen" ? "1" : "0");
  } catch (error) {
    if (errnoOf(error) === ENOENT && state === "thawed") return;
    const hint = errnoOf(error) === ENOENT ? "cgroup v2 can freeze since Linux 5.2" : undefined;
    throw failure(error, { attempt: "write", path: file, hint });
  }
  if (state === "thawed" || waitForEvent(directory, "frozen", "1", V2_TIMEOUT_MS)) return;
  const stuck = describeProcesses(processesBelow(directory, ""));
  tryThaw(file, "0");
  throw cannotFreeze(directory, stuck);
}

function tryThaw(file: string, value: string): void {
  try {
    native().writeFile(file, value);
  } catch {
    // The error that led here says more.
  }
}

function cannotFreeze(directory: string, processes: string): RuntError {
  return new RuntError({
    attempt: "freeze",
    path: directory,
    cause: "unable to freeze: not all processes stopped in time",
    hint: `in the cgroup: ${processes}`,
  });
}
