// start: says "go" to the runt-init that waits on the container's socket, and listens on the
// same connection until execve closes it. What only some starts need is loaded when they do.

import { RuntError } from "../errors.js";
import { native } from "../host/native.js";
import { MESSAGE_FAILURE, MESSAGE_PROGRESS, MESSAGE_WARNING } from "../plan/steps.gen.js";
import { connectAgent, sendProcessState } from "./listener.js";
import type { Notifier } from "./notify.js";
import { destroyStarted, runPoststart } from "./poststart.js";
import { openPidfd } from "./process-handle.js";
import type { Reporter } from "./report.js";
import { answerSeccomp, isSeccompSync } from "./seccomp-sync.js";
import { hookState, type LateStep, type StateDocument } from "./state.js";
import { isAlive, isPaused } from "./status.js";
import { START_SOCKET, lockContainer, noSuchContainer, readState, release } from "./store.js";

/**
 * Runs the program of a created container. In: who is to hear when it is ready, if anybody: then
 * this waits until it is. Throws RuntError.
 */
export async function startContainer(root: string, id: string, report: Reporter, notifier?: Notifier): Promise<void> {
  const state = readState(root, id);
  const agent = agentOf(state);
  let failed: LateFailure | null;
  let started: Started;
  try {
    started = sayGo(root, state, notifier);
    failed = await converse(started.connection, agent, state, report);
  } finally {
    if (agent >= 0) native().close(agent);
  }
  if (failed) {
    // Specification, lifecycle step 7: a failing startContainer hook ends the container wholly.
    if (failed.op === "run_hook") await destroyStarted(root, state, report);
    throw failed.error;
  }
  report.debug(`start: process ${state.init.pid} runs the program`);
  await runPoststart(root, state, report);
  if (started.notifies) notifier?.wait(state.init.pid, started.pidfd);
}

interface Started {
  /** To runt-init, which has been told to go on. */
  connection: number;
  /** The container's words are listened for. */
  notifies: boolean;
  /** Of the first process, when it is waited for. */
  pidfd: number;
}

/**
 * Tells runt-init to go on. The lock is held only so long: hooks may take their time, and `delete --force` must
 * get through to a container whose hooks never end. Throws RuntError when it is not for this `start` to do.
 */
function sayGo(root: string, state: StateDocument, notifier: Notifier | undefined): Started {
  const claim = lockContainer(root, state.id, true);
  if (claim === null || claim === "busy") throw noSuchContainer();
  const { directory } = claim;
  try {
    // The process that the state names: a container of the same id that was made meanwhile is another one.
    if (!isAlive(state.init)) throw new RuntError("cannot start a container that has stopped");
    if (isPaused(state)) throw new RuntError("cannot start a container in the paused state");
    const connection = connect(directory);
    // Before the program runs, so that neither its words nor its end are missed.
    const notifies = notifier?.listen(directory) === true && notifier.connect();
    const pidfd = notifies ? openPidfd(state.init.pid) : -1;
    answerWait(connection, state);
    // The next `start` finds nobody to talk to, whether or not runt-init has closed the socket by then. And leaving
    // it would cost every later question for the status a connect(2).
    native().unlink(`${directory}/${START_SOCKET}`);
    return { connection, notifies, pidfd };
  } finally {
    release(claim);
  }
}

interface LateFailure {
  op: LateStep["op"] | undefined;
  error: RuntError;
}

/** To the runt-init that waits. It hears only the user who created the container (may_start in native/init/start.cc). */
function connect(directory: string): number {
  const connection = native().connectStart(directory, START_SOCKET);
  if (connection === null) throw new RuntError("cannot start an already running container");
  return connection;
}

/**
 * A connection to the agent of a filter that is loaded late; -1: no agent has to be told. Without one the container
 * stays created, and `start` can be repeated.
 */
function agentOf({ listener, late }: StateDocument): number {
  return listener && late.some(({ op }) => op === "set_seccomp") ? connectAgent(listener) : -1;
}

/** What runt-init says after its go: warnings or a failure, until it hangs up. */
async function converse(
  connection: number,
  agent: number,
  state: StateDocument,
  report: Reporter,
): Promise<LateFailure | null> {
  const stepOf = (index: number) => state.late.find((step) => step.index === index);
  let failed: LateFailure | null = null;
  try {
    for (let message = native().receive(connection, -1); message !== null; message = native().receive(connection, -1)) {
      const step = stepOf(message.step);
      if (isSeccompSync(message)) answerSeccomp(connection, message, (fd) => tellOfStart(agent, state, fd));
      if (message.kind === MESSAGE_PROGRESS && step) {
        report.debug(`start: ${step.op} ${step.where}: ${message.value / 1000} ms`);
      }
      if (message.kind !== MESSAGE_WARNING && message.kind !== MESSAGE_FAILURE) continue;
      const error = (await import("./failures.js")).wordFailure(step, message);
      if (message.kind === MESSAGE_WARNING) report.warn(error.message);
      else failed = { op: step?.op, error };
    }
  } finally {
    native().close(connection);
  }
  return failed;
}

function tellOfStart(agent: number, state: StateDocument, listener: number): void {
  const { pid } = state.init;
  const process = { pid, container: state, status: "created", containerPid: pid } as const;
  sendProcessState(agent, state.listener!, process, listener);
}

function answerWait(connection: number, state: StateDocument): void {
  if (!state.startHooks) {
    native().answer(connection, -1);
    return;
  }
  const memory = native().memfd("state", hookState(state, "created", state.ownPidNamespace ? 1 : state.init.pid));
  native().answer(connection, memory);
  native().close(memory);
}
