// Undoing a container: processes, cgroups, the directory with its layers, poststop hooks. Every
// part is tried even when one before it failed. The directory goes last and only when nothing
// else is left, so that `delete --force` can be repeated until all is clean.

import { cgroupDriverFromState, changingDriverFromState } from "../cgroup/index.js";
import type { CgroupDriver, CgroupPaths } from "../cgroup/driver.js";
import { RuntError } from "../errors.js";
import { EACCES, EPERM } from "../host/constants.js";
import { failure, isNativeError } from "../host/failure.js";
import { native } from "../host/native.js";
import { SIGKILL } from "../host/signals.js";
import { removeOverlayLeftovers } from "./overlay.js";
import { openProcess } from "./process-handle.js";
import type { Reporter } from "./report.js";
import {
  hookState,
  type JournalDocument,
  type ProcessIdentity,
  type ResctrlState,
  type RootMountState,
} from "./state.js";
import { isCgroupMarked, release, type Claim } from "./store.js";

/** How long processes may take to die, and cgroups to become empty. */
const PATIENCE_MS = 10_000;

export interface Destruction {
  claim: Claim;
  /** Null: nothing was taken yet, or the files are damaged beyond use. */
  journal: JournalDocument | null;
  /** The first process, as far as it is known. */
  init: ProcessIdentity | null;
  /** Kill what still runs. Without it the container has stopped. */
  kill: boolean;
  /** The container existed for its users: its end is theirs to hear of. */
  poststop: boolean;
  report: Reporter;
}

/** Removes all that is left of a container. Throws RuntError that lists what could not be removed. */
export async function destroyContainer(destruction: Destruction): Promise<void> {
  const { claim, journal, init, kill, poststop, report } = destruction;
  const problems: string[] = [];
  const attempt = async (work: () => void | Promise<void>) => {
    try {
      await work();
    } catch (error) {
      problems.push((failure(error) as Error).message);
    }
  };
  const cgroup = await driverOf(journal);
  const ours = init !== null || isCgroupMarked(claim.directory);
  const tree = journal && !cgroup && !journal.ownPidNamespace ? journal.cgroup : null;
  if (kill || journal?.ownPidNamespace === false) await attempt(() => killAll(ours ? cgroup : null, init, tree));
  if (cgroup) await attempt(() => removeCgroup(cgroup, ours));
  // When the cgroup is empty: a runt-init that was killed in the middle of a mount has done with it by then.
  if (journal?.rootMount) await attempt(() => removeRootMount(journal.rootMount!, report));
  await attempt(() => removeGroups(journal?.resctrl));
  if (problems.length === 0) await attempt(() => removeFiles(claim.directory, journal, report));
  release(claim);
  if (poststop && journal?.hooks?.poststop) {
    await attempt(() => runPoststop(journal, init, report));
  }
  if (problems.length > 0) throw new RuntError(problems.join("; "));
}

/** Only without a mount namespace of its own is there anything to be unmounted. */
async function removeRootMount(state: RootMountState, report: Reporter): Promise<void> {
  const { detachRoot } = await import("./root-mount.js");
  detachRoot(state, report);
}

/** The resctrl groups that were made for the container. */
function removeGroups(resctrl: ResctrlState | undefined): void {
  for (const group of resctrl?.made ?? []) native().rmdir(group);
}

/** The directory and what of an overlay lies outside of it. */
async function removeFiles(directory: string, journal: JournalDocument | null, report: Reporter): Promise<void> {
  const { overlay, idMappings } = journal ?? {};
  const remove = () => {
    removeOverlayLeftovers(overlay);
    native().removeTree(directory);
  };
  try {
    remove();
  } catch (error) {
    const denied = isNativeError(error) && (error.errno === EACCES || error.errno === EPERM);
    if (!denied || !overlay || !idMappings) throw error;
    // Users of a rootless container own files in its layer.
    const { removeMapped } = await import("./mapped-removal.js");
    removeMapped(overlay.kept ? [overlay.work] : [overlay.work, overlay.upper], idMappings, report);
    remove();
  }
}

async function driverOf(journal: JournalDocument | null): Promise<CgroupDriver | null> {
  if (!journal || Object.keys(journal.cgroup.directories).length === 0) return null;
  return changingDriverFromState(journal.cgroup);
}

/** One that was never taken for the container is removed only when it is empty: then nobody needs it. */
function removeCgroup(cgroup: CgroupDriver, ours: boolean): void {
  try {
    cgroup.remove(ours ? PATIENCE_MS : 0);
  } catch (error) {
    if (ours) throw error;
  }
}

/** Ends the first process and all of the cgroup, and waits for the first process. */
function killAll(cgroup: CgroupDriver | null, init: ProcessIdentity | null, tree: CgroupPaths | null): void {
  const process = init && openProcess(init);
  try {
    // Without a cgroup and a pid namespace the others are found by their parents, as long as those live.
    if (process && init && tree) cgroupDriverFromState(tree, init).signalAll(SIGKILL);
    process?.signal(SIGKILL);
    if (cgroup?.exists()) {
      cgroup.signalAll(SIGKILL);
      // On v1 a frozen process dies only when it thaws; the signal waits for it there.
      if (cgroup.freezerState() === "frozen") cgroup.freeze("thawed");
    }
    if (process && !process.wait(PATIENCE_MS)) {
      throw new RuntError({
        attempt: "kill",
        cause: `process ${init?.pid} has not ended ${PATIENCE_MS / 1000} s after SIGKILL`,
        hint: "it is probably stuck in the kernel: see /proc/PID/stack",
      });
    }
  } finally {
    process?.close();
  }
}

/** Specification, lifecycle step 13: a failing poststop hook is a warning, the next ones still run. */
async function runPoststop(journal: JournalDocument, init: ProcessIdentity | null, report: Reporter): Promise<void> {
  const { runHooks } = await import("./hooks.js");
  const subject = { state: hookState(journal, "stopped", init?.pid ?? 0), bundle: journal.bundle };
  for (const [index, hook] of (journal.hooks?.poststop ?? []).entries()) {
    try {
      runHooks("poststop", [hook], subject, report, index);
    } catch (error) {
      report.warn((failure(error) as Error).message);
    }
  }
}
