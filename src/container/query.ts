// What `state` shows of one container.

import { publicState, type PublicState } from "./state.js";
import { containerStatus, isAlive } from "./status.js";
import { noSuchContainer, readContainer, stateDirectory } from "./store.js";
import { RuntError } from "../errors.js";

/** The state of a container. Throws RuntError when there is none, or a killed runt left half of it. */
export function containerState(root: string, id: string): PublicState {
  const kept = readWhole(root, id);
  if (kept.kind === "half-made") return publicState(kept.journal, "creating", 0);
  return publicState(kept.state, containerStatus(stateDirectory(root, id), kept.state), kept.state.init.pid);
}

/** A container that is there or is being made. Throws RuntError when there is none, or only half of one. */
export function readWhole(root: string, id: string) {
  const kept = readContainer(root, id);
  if (kept.kind === "committed") return kept;
  const { kind, journal } = kept;
  if (journal && isAlive(journal.engine)) return { kind, journal };
  throw new RuntError({
    cause: noSuchContainer().message,
    hint: `a create that did not end left parts of it: delete ${id} removes them`,
  });
}
