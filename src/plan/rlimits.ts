// process.rlimits: config.md, "POSIX process"; getrlimit(2).

import type { POSIXRlimit, POSIXRlimitType } from "../spec/types.gen.js";
import type { Planning } from "./planning.js";
import { type Place, place, type StepList } from "./program.js";

/** RLIMIT_* (asm-generic/resource.h, which all machines that runt is built for use). */
const RESOURCES: Readonly<Record<POSIXRlimitType, number>> = {
  RLIMIT_CPU: 0,
  RLIMIT_FSIZE: 1,
  RLIMIT_DATA: 2,
  RLIMIT_STACK: 3,
  RLIMIT_CORE: 4,
  RLIMIT_RSS: 5,
  RLIMIT_NPROC: 6,
  RLIMIT_NOFILE: 7,
  RLIMIT_MEMLOCK: 8,
  RLIMIT_AS: 9,
  RLIMIT_LOCKS: 10,
  RLIMIT_SIGPENDING: 11,
  RLIMIT_MSGQUEUE: 12,
  RLIMIT_NICE: 13,
  RLIMIT_RTPRIO: 14,
  RLIMIT_RTTIME: 15,
};

/** Names of the limits that runt knows. */
export const rlimitNames = (): string[] => Object.keys(RESOURCES);

/**
 * Least hard limits under which runt-init can still do its work. Lower ones must wait, and can:
 * a limit is lowered without privileges.
 */
const LEAST: Partial<Record<POSIXRlimitType, number>> = {
  RLIMIT_NOFILE: 1024,
  RLIMIT_FSIZE: 2 ** 30,
  RLIMIT_DATA: 2 ** 26,
  RLIMIT_AS: 2 ** 28,
  RLIMIT_STACK: 2 ** 20,
  RLIMIT_CPU: 60,
};

interface Limit extends POSIXRlimit {
  at: Place;
}

function limitsOf({ config }: Planning): Limit[] {
  return (config.process.rlimits ?? []).map((limit, index) => ({
    ...limit,
    at: place(`/process/rlimits/${index}`, limit.type),
  }));
}

function setLimit(list: StepList, { type, hard, at }: Limit, soft: POSIXRlimit["soft"]): void {
  list.add(at, { op: "set_rlimit", resource: RESOURCES[type], soft, hard });
}

/**
 * Raises hard limits while that is allowed: it needs CAP_SYS_RESOURCE over the host, which no
 * process of a user namespace has. The soft limits come with planRlimits.
 */
function raise(list: StepList, limits: readonly Limit[]): void {
  for (const limit of limits) {
    if (limit.hard >= (LEAST[limit.type] ?? 0)) setLimit(list, limit, limit.hard);
  }
}

/** In stage A: hard limits of a container in a user namespace. */
export function planRaisedRlimits(planning: Planning): void {
  if (planning.losesPrivileges) raise(planning.before, limitsOf(planning));
}

/**
 * All limits, while runt-init still has its privileges. A low limit of open files comes last, as
 * runt-init itself opens files until the end: here it only gets its ceiling.
 */
export function planRlimits(planning: Planning): void {
  const { inside } = planning;
  for (const limit of limitsOf(planning)) {
    if (limit.type !== "RLIMIT_NOFILE") setLimit(inside, limit, limit.soft);
  }
  const files = fileLimit(planning);
  if (!files) return;
  if (isRoomy(files)) setLimit(inside, files, files.soft);
  else if (!planning.losesPrivileges) raise(inside, [files]);
}

/** A limit of open files that is too low for runt-init's own work. */
export function planLowFileLimit(planning: Planning): void {
  const files = fileLimit(planning);
  if (files && !isRoomy(files)) setLimit(planning.inside, files, files.soft);
}

/** The limit of open files; without one in the config the caller's, which the engine has raised for itself. */
function fileLimit(planning: Planning): Limit | undefined {
  const { nofile } = planning.host;
  const own = nofile && { type: "RLIMIT_NOFILE" as const, ...nofile, at: place("/process/rlimits") };
  return limitsOf(planning).find(({ type }) => type === "RLIMIT_NOFILE") ?? own;
}

function isRoomy({ type, soft }: Limit): boolean {
  return soft >= (LEAST[type] ?? 0);
}
