// What comes after the start of a container's program, for `start`, `run` and `restore`.

import type { Reporter } from "./report.js";
import { hookState, type StateDocument } from "./state.js";

/** Specification, lifecycle step 9: a failing poststart hook is an error that ends the container. */
export async function runPoststart(root: string, state: StateDocument, report: Reporter): Promise<void> {
  if (!state.hooks?.poststart) return;
  try {
    const { runHooks } = await import("./hooks.js");
    const subject = { state: hookState(state, "running", state.init.pid), bundle: state.bundle };
    runHooks("poststart", state.hooks.poststart, subject, report);
  } catch (error) {
    await destroyStarted(root, state, report);
    throw error;
  }
}

/** Ends and removes a container whose start went wrong. What is left is a warning beside the real error. */
export async function destroyStarted(root: string, state: StateDocument, report: Reporter): Promise<void> {
  const { removeContainer } = await import("./removal.js");
  await removeContainer(root, state, true, report);
}
