// The point at which runt-init holds out the listener of a filter that notifies: while a container is
// made or entered (session.ts), or by the connection of `start`.

import { RuntError } from "../errors.js";
import type { InitMessage } from "../host/addon.js";
import { native } from "../host/native.js";
import { MESSAGE_SYNC, SYNC_SECCOMP } from "../plan/steps.gen.js";

/** Does runt-init hold out a seccomp listener? */
export const isSeccompSync = ({ kind, value }: InitMessage): boolean => kind === MESSAGE_SYNC && value === SYNC_SECCOMP;

/** Hands the listener on, closes it here and lets runt-init go on. */
export function answerSeccomp(channel: number, { fds }: InitMessage, handOn: (listener: number) => void): void {
  const listener = fds[0];
  if (listener === undefined) throw new RuntError("runt-init sent no seccomp listener");
  try {
    handOn(listener);
  } finally {
    native().close(listener);
  }
  native().answer(channel, -1);
}
