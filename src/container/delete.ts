// delete: ends what may be ended and removes the rest. It works from the files in the
// container's directory alone, so it cleans as well after a runt that was killed half-way.

import { RuntError } from "../errors.js";
import { native } from "../host/native.js";
import { SIGKILL } from "../host/signals.js";
import { destroyContainer } from "./destroy.js";
import { openProcess } from "./process-handle.js";
import type { Reporter } from "./report.js";
import type { JournalDocument, ProcessIdentity } from "./state.js";
import { containerStatus } from "./status.js";
import {
  lockContainer,
  noSuchContainer,
  readContainer,
  readJournal,
  stateDirectory,
  type Claim,
  type Kept,
} from "./store.js";

/** How long another runt that makes or deletes the container may take. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 10;

export interface DeleteRequest {
  root: string;
  id: string;
  force: boolean;
  report: Reporter;
}

/** Removes a container. Throws RuntError when it may not be removed, or when something of it is left. */
export async function deleteContainer(request: DeleteRequest): Promise<void> {
  const { root, id, force, report } = request;
  const claim = takeOver(request);
  if (claim === null) {
    if (force) return;
    throw noSuchContainer();
  }
  const { journal, init, running } = survey(request, claim);
  await destroyContainer({ claim, journal, init, kill: running, poststop: init !== null, report });
  report.debug(`delete: ${stateDirectory(root, id)} is removed`);
}

/** The lock of a container; null when there is none (any more). */
function takeOver({ root, id, force }: DeleteRequest): Claim | null {
  let waited = 0;
  for (;;) {
    const claim = lockContainer(root, id, false);
    if (claim !== "busy") return claim;
    if (waited === 0) interrupt(root, id, force);
    if (waited >= PATIENCE_MS) {
      throw new RuntError({
        attempt: "lock",
        path: stateDirectory(root, id),
        cause: "another runt makes or deletes this container",
      });
    }
    native().sleep(PAUSE_MS);
    waited += PAUSE_MS;
  }
}

/** Another runt works on the container. A delete is waited for; a create is an error, or killed by force. */
function interrupt(root: string, id: string, force: boolean): void {
  let kept: Kept;
  try {
    kept = readContainer(root, id);
  } catch (error) {
    if (force) return;
    throw error;
  }
  if (kept.kind === "committed") return;
  if (!force) throw new RuntError(`cannot delete container ${id} that is not stopped: creating`);
  const engine = kept.journal && openProcess(kept.journal.engine);
  engine?.signal(SIGKILL);
  engine?.close();
}

interface Survey {
  journal: JournalDocument | null;
  init: ProcessIdentity | null;
  /** Processes may be left that must be killed. */
  running: boolean;
}

/** Finds out what there is to remove. Throws RuntError when it may not be. */
function survey(request: DeleteRequest, claim: Claim): Survey {
  const { root, id, force } = request;
  try {
    const kept = readContainer(root, id);
    // The lock is ours, so whoever was making it is gone.
    if (kept.kind === "half-made") return { journal: kept.journal, init: null, running: true };
    const { state } = kept;
    const status = containerStatus(claim.directory, state);
    if (status !== "stopped" && status !== "created" && !force) {
      throw new RuntError(`cannot delete container ${id} that is not stopped: ${status}`);
    }
    return { journal: state, init: state.init, running: status !== "stopped" };
  } catch (error) {
    if (force) return salvage(request, claim);
    native().close(claim.fd);
    throw error;
  }
}

/** Damaged files: the journal is a second copy of all but the first process, and its cgroup holds that. */
function salvage({ id, report }: DeleteRequest, { directory }: Claim): Survey {
  const init = salvageInit(native().readFileIfAny(`${directory}/state.json`) ?? "");
  try {
    return { journal: readJournal(directory, id), init, running: true };
  } catch (error) {
    report.warn(`${(error as Error).message}: cgroups of container ${id} may be left`);
    return { journal: null, init, running: true };
  }
}

/** The first process, when the part of a damaged state.json that holds it is whole. */
export function salvageInit(text: string): ProcessIdentity | null {
  const found = /"init":\{"pid":(\d{1,10}),"startTime":(\d{1,16})\}/.exec(text);
  return found ? { pid: Number(found[1]), startTime: Number(found[2]) } : null;
}
