// run: create and start in one, then, unless detached, wait, hand on signals and clean up.

import { native } from "../host/native.js";
import { createContainer } from "./create.js";
import type { CreateRequest } from "./design.js";
import { tellAgent } from "./listener.js";
import { destroyStarted, runPoststart } from "./poststart.js";

export interface RunRequest extends CreateRequest {
  /** Do not delete the container when it has ended. */
  keep: boolean;
  /** Adopt what the first process leaves behind, and wait for it. */
  subreaper: boolean;
}

/**
 * Runs a container. Out: the exit status: that of the container's first process (128 + N for a
 * signal), 0 when detached. Throws RuntError; then nothing of the container is left.
 */
export async function runContainer(request: RunRequest): Promise<number> {
  const { root, detach, report } = request;
  // From here on no signal is lost between the container's start and the wait for its end.
  if (!detach) native().catchSignals(request.subreaper);
  const { session, state, notifier } = await createContainer(request);
  try {
    const { pid } = session;
    await session.waitForExecute({
      seccomp: (listener) =>
        tellAgent(state.listener!, { pid, container: state, status: "created", containerPid: pid }, listener),
    });
    report.debug(`run: process ${pid} runs the program`);
  } catch (error) {
    session.kill();
    await destroyStarted(root, state, report);
    throw error;
  }
  try {
    await runPoststart(root, state, report);
    const { pid, pidfd, master } = session;
    if (detach) {
      notifier?.wait(pid, pidfd);
      return 0;
    }
    const notify = notifier?.sockets;
    const { subreaper } = request;
    // While the program begins.
    const { removeContainer } = await import("./removal.js");
    const status = native().supervise({ pid, pidfd, master, subreaper, ...(notify ? { notify } : {}) });
    report.debug(`run: process ${pid} has ended with status ${status}`);
    if (!request.keep) await removeContainer(root, state, false, report);
    return status;
  } finally {
    notifier?.close();
    session.close();
  }
}
