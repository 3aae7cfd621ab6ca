// criu mounts cgroup2 for itself, without options, and for this file system the options of the latest mount count
// everywhere: the host would be left without nsdelegate, by which a container can't leave what it was delegated.

import { failure } from "../host/failure.js";
import { parseMountinfo } from "../host/mountinfo.js";
import { native } from "../host/native.js";
import { NAMESPACE_FLAGS } from "../plan/namespaces.js";
import { OWN, StepList } from "../plan/program.js";
import { runSteps } from "./helper-program.js";
import type { Reporter } from "./report.js";

/**
 * The options that there were before criu first ran, until the machine is turned off: another runt may be at the same
 * work, and what is seen while its criu runs is what that has left.
 */
const REMEMBERED = "/run/runt-cgroup2-options";

/** Runs criu, and gives the host's cgroup2 the options back that it had. */
export function keepCgroupOptions<T>(report: Reporter, work: () => T): T {
  const before = remember(currentOptions());
  try {
    return work();
  } finally {
    restoreOptions(before, report);
  }
}

const currentOptions = () => cgroupOptions(native().readFile("/proc/self/mountinfo"));

/** None at all is what criu leaves. */
function remember(options: string | undefined): string | undefined {
  const known = native().readFileIfAny(REMEMBERED);
  if (options === "") return known ?? options;
  if (options !== undefined && options !== known) native().replaceFile(REMEMBERED, options, 0o600);
  return options;
}

function restoreOptions(options: string | undefined, report: Reporter): void {
  if (options === undefined || currentOptions() === options) return;
  const list = new StepList();
  list.add(OWN, { op: "unshare", flags: NAMESPACE_FLAGS.mount });
  // Mounting it once more with the options is enough; the mount goes away with the program.
  list.add(OWN, {
    op: "make_filesystem",
    slot: 0,
    type: "cgroup2",
    source: "cgroup2",
    data: options,
    parameters: [],
    superblock: 0,
    attributes: 0,
  });
  try {
    runSteps(list, 1, { report });
    report.debug(`cgroup2 has its options back: ${options}`);
  } catch (error) {
    report.warn(`cgroup2 is without the options ${options} that it had: ${(failure(error) as Error).message}`);
  }
}

/** Options of the host's cgroup2, without those that every mount has; undefined when there is none. In: a mountinfo. */
export function cgroupOptions(mountinfo: string): string | undefined {
  return parseMountinfo(mountinfo)
    .find(({ type }) => type === "cgroup2")
    ?.superOptions.filter((option) => option !== "rw" && option !== "ro")
    .join(",");
}
