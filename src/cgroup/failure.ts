// Kernel errors of cgroup files → sentences that say what to do.

import { RuntError } from "../errors.js";
import { native } from "../host/native.js";

// asm-generic/errno.h: the same on all architectures that runt is built for.
export const EPERM = 1;
export const ENOENT = 2;
export const ESRCH = 3;
export const EACCES = 13;
export const EBUSY = 16;
export const ENODEV = 19;
export const ENOTDIR = 20;
export const EINVAL = 22;
export const EROFS = 30;
export const ENOTEMPTY = 39;
export const EOPNOTSUPP = 95;

/** The errno of what the addon or runt threw; undefined for anything else. */
export function errnoOf(error: unknown): number | undefined {
  return error instanceof Error && "errno" in error && typeof error.errno === "number" ? error.errno : undefined;
}

/** The kernel says "you may not" in three ways; for a cgroup file system they mean the same. */
export function isPermission(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === EPERM || errno === EACCES || errno === EROFS;
}

/** The directory has gone: its file is missing (ENOENT) or was open while it went (ENODEV). */
export function isGone(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === ENOENT || errno === ENODEV || errno === ENOTDIR;
}

/** The errno in words, as Go writes them: a small first letter. */
export function causeOf(error: unknown): string {
  const errno = errnoOf(error);
  if (errno === undefined) return error instanceof Error ? error.message : String(error);
  const text = native().strerror(errno);
  return text.charAt(0).toLowerCase() + text.slice(1);
}

export interface FailureParts {
  where?: string;
  attempt: string;
  path: string;
  /** Said instead of the errno's text. */
  cause?: string;
  hint?: string | undefined;
}

/** A RuntError for a failed call on a cgroup. Errors that are worded already pass unchanged. */
export function failure(error: unknown, { cause, ...parts }: FailureParts): RuntError {
  if (error instanceof RuntError) return error;
  return new RuntError({ ...parts, cause: cause ?? causeOf(error), errno: errnoOf(error) });
}

export const DELEGATE_HINT =
  "delegate cgroups to the user: a drop-in for user@.service with [Service] Delegate=cpu cpuset io memory pids";
