// The agent of a seccomp profile with SCMP_ACT_NOTIFY: config-linux.md, "Seccomp" and "The
// Container Process State". It gets one message on a connection of its own: who the process is,
// and the descriptor that its system calls wait at.

import { failure } from "../host/failure.js";
import { native } from "../host/native.js";
import type { SeccompListener } from "../plan/seccomp.js";
import { OCI_VERSION } from "../spec/versions.js";
import { type JournalDocument, ociState, type Status } from "./state.js";

/** How long an agent may take to accept a connection, and to read from it. */
const PATIENCE_MS = 10_000;

const WHERE = "linux.seccomp.listenerPath";

/** A process that got a filter with a listener, and its container. */
export interface Filtered {
  /** The process, as seen from here. */
  pid: number;
  container: JournalDocument;
  status: Status;
  /** The container's first process: another one when `pid` was added by exec. */
  containerPid: number;
}

/** Connects to the agent. Out: the connection, which the caller closes. Throws RuntError. */
export function connectAgent({ path }: SeccompListener): number {
  try {
    return native().connectStream(path, PATIENCE_MS);
  } catch (error) {
    throw failure(error, {
      where: WHERE,
      attempt: "failed to connect with seccomp agent",
      path,
      hint: "the agent must listen there, at a stream socket, before the container is made",
    });
  }
}

/** Gives the agent the process and its listener (-1: it has none yet). Closes neither descriptor. Throws RuntError. */
export function sendProcessState(connection: number, agent: SeccompListener, process: Filtered, fd: number): void {
  try {
    native().sendStream(connection, JSON.stringify(processState(agent, process)), fd);
  } catch (error) {
    throw failure(error, { where: WHERE, attempt: "send the seccomp listener to", path: agent.path });
  }
}

/** The document of the specification. */
export function processState({ metadata }: SeccompListener, { pid, container, status, containerPid }: Filtered) {
  return {
    ociVersion: OCI_VERSION,
    fds: ["seccompFd"],
    pid,
    ...(metadata === undefined ? {} : { metadata }),
    state: ociState(container, status, containerPid),
  };
}

/** Connects, sends, closes the connection. Throws RuntError. */
export function tellAgent(agent: SeccompListener, process: Filtered, fd: number): void {
  const connection = connectAgent(agent);
  try {
    sendProcessState(connection, agent, process, fd);
  } finally {
    native().close(connection);
  }
}
