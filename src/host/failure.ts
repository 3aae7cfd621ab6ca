// What the addon throws → the sentence that a user reads.

import { type ErrorParts, RuntError } from "../errors.js";
import type { NativeError } from "./addon.js";
import { ECONNRESET, EPIPE } from "./constants.js";
import { native } from "./native.js";

/** Did a system call fail here? Everything else that is thrown is a RuntError or a bug. */
export function isNativeError(error: unknown): error is NativeError {
  return error instanceof Error && "errno" in error && typeof error.errno === "number" && "syscall" in error;
}

/** Has the engine run out of stack? V8 calls it a RangeError, QuickJS an InternalError. */
export function isStackOverflow(error: unknown): boolean {
  return error instanceof Error && /^(Maximum call stack size exceeded|stack overflow)$/.test(error.message);
}

/** Has the other end of a pipe or socket gone? */
export function isHungUp(error: unknown): boolean {
  return isNativeError(error) && (error.errno === EPIPE || error.errno === ECONNRESET);
}

/**
 * A RuntError for a failed call of the addon. In: what only the caller knows; the rest comes from
 * the call: its name as the attempt, its path, its errno in words. What is worded already passes
 * unchanged, and so does a bug, which is no user's business.
 */
export function failure(error: unknown, parts: Partial<ErrorParts> = {}): unknown {
  if (!isNativeError(error)) return error;
  return new RuntError({
    ...parts,
    attempt: parts.attempt ?? error.syscall,
    path: parts.path ?? error.path,
    cause: parts.cause ?? [native().strerror(error.errno), error.detail].filter(Boolean).join(": "),
    errno: error.errno,
  });
}
