// The rules for terminals: who may ask for one, and who gets its master.

import { RuntError } from "../errors.js";
import { failure } from "../host/failure.js";
import { native } from "../host/native.js";
import type { Session } from "./session.js";

/** O_RDWR | O_NOCTTY. */
const OPEN_TERMINAL = 0o2 | 0o400;

/**
 * Checks that terminal, --detach and --console-socket fit together. Throws RuntError.
 * A detached container with a terminal needs somebody to hold the master; without a terminal,
 * or with runt itself relaying it, a console socket would never be served.
 */
export function checkConsole(
  program: string,
  terminal: boolean,
  detach: boolean,
  consoleSocket: string | undefined,
): void {
  if (terminal && detach && consoleSocket === undefined) {
    throw new RuntError(`cannot allocate tty if ${program} will detach without setting console socket`);
  }
  if (consoleSocket !== undefined && !(terminal && detach)) {
    throw new RuntError(`cannot use console socket if ${program} will not detach or allocate tty`);
  }
  if (terminal && !detach) checkOwnTerminal();
}

/** A foreground container's terminal is relayed to ours: one of stdio, or the controlling one. */
function checkOwnTerminal(): void {
  if ([0, 1, 2].some((fd) => native().isatty(fd))) return;
  try {
    native().close(native().open("/dev/tty", OPEN_TERMINAL, 0));
  } catch (error) {
    throw failure(error, {
      attempt: "open",
      path: "/dev/tty",
      hint: "process.terminal is true, but runt has no terminal: use one, or --detach with --console-socket",
    });
  }
}

/**
 * What becomes of a terminal before its program runs: somebody who listens gets the master, else it
 * gets the size of our own (which counts more than process.consoleSize: it is what is looked at).
 */
export function placeTerminal(
  session: Pick<Session, "master" | "takeMaster">,
  consoleSocket: string | undefined,
): void {
  if (session.master < 0) return;
  if (consoleSocket !== undefined) sendConsole(consoleSocket, session.takeMaster());
  else native().copyWindowSize(session.master);
}

/** Gives the master of the container's terminal to the caller that listens. Closes it here. */
function sendConsole(socketPath: string, master: number): void {
  try {
    native().sendDescriptor(socketPath, master, "/dev/ptmx");
  } catch (error) {
    throw failure(error, { where: "--console-socket", attempt: "send the terminal to", path: socketPath });
  } finally {
    native().close(master);
  }
}

/** Gives a pidfd of the container's first process to the caller that listens. */
export function sendPidfd(socketPath: string, pidfd: number): void {
  try {
    native().sendDescriptor(socketPath, pidfd, "pidfd");
  } catch (error) {
    throw failure(error, { where: "--pidfd-socket", attempt: "send the pidfd to", path: socketPath });
  }
}
