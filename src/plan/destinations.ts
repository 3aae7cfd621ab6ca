// Where mounts may go. What a path means inside the root is found out by runt-init; here are the
// places that a config may not name, or that must be what they are called.

import { RuntError } from "../errors.js";
import type { PlannedMount } from "./mounts.js";
import { isWithin } from "./paths.js";

/** /proc and /sys: no symlink of the image may lead these elsewhere (CVE-2019-19921, CVE-2023-27561). */
export function isKernelDirectory(destination: string): boolean {
  return destination === "/proc" || destination === "/sys";
}

/** What may be mounted inside /proc: the files that lxcfs gives containers their own view of. */
const PROC_FILES: readonly string[] = [
  "/proc/cpuinfo",
  "/proc/diskstats",
  "/proc/loadavg",
  "/proc/meminfo",
  "/proc/slabinfo",
  "/proc/stat",
  "/proc/swaps",
  "/proc/uptime",
  "/proc/sys/crypto/fips_enabled",
  "/proc/sys/kernel/ns_last_pid",
];

/** Refuses destinations that would undo the container's confinement. */
export function checkDestination({ at, mount, destination, options }: PlannedMount): void {
  if (destination === "/") {
    throw new RuntError({
      where: at.where,
      cause: "a mount on top of the container's root",
      hint: "root.path says what the root is",
    });
  }
  if (!isWithin(destination, "/proc")) return;
  if (destination === "/proc" ? options.bind || mount.type === "proc" : PROC_FILES.includes(destination)) return;
  // A container whose /proc is not the kernel's can't be trusted to be confined (CVE-2019-16884).
  throw new RuntError({
    where: at.where,
    cause:
      destination === "/proc"
        ? "cannot be mounted because it is not of type proc"
        : "cannot be mounted because it is inside /proc",
  });
}
