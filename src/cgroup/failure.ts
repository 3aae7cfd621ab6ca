// Kernel errors of cgroup files: telling them apart, and making sentences of them.

import { type ErrorParts, RuntError } from "../errors.js";
import { EACCES, ENODEV, ENOENT, ENOTDIR, EPERM, EROFS } from "../host/constants.js";
import { failure as wordFailure } from "../host/failure.js";

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

/** A RuntError for a failed call on a cgroup. What is worded already passes unchanged; a bug is thrown on. */
export function failure(error: unknown, parts: Partial<ErrorParts>): RuntError {
  const worded = wordFailure(error, parts);
  if (worded instanceof RuntError) return worded;
  throw error;
}

/** How a user without privileges gets cgroups to write in. */
export function delegateHint(version: 1 | 2): string {
  if (version === 1) {
    return "cgroup v1 has no safe delegation: run as root, or boot with systemd.unified_cgroup_hierarchy=1 for cgroup v2";
  }
  return 'run in a delegated scope: systemd-run --user --scope -p Delegate=yes; for controllers that the user\'s systemd lacks: systemctl edit user@.service, "[Service] Delegate=cpu cpuset io memory pids", and a new login';
}
