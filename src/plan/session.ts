// What the container's processes have before anything of the container is there: their score for the OOM killer, their
// session, its keyring.

import { planKeyring } from "./labels.js";
import type { Planning } from "./planning.js";
import { OWN, place } from "./program.js";

/** oom_score_adj: in stage A, where lowering it is allowed to the host's root. */
export function planOomScore({ config, before }: Planning): void {
  const score = config.process.oomScoreAdj;
  if (score !== undefined)
    before.add(place("/process/oomScoreAdj"), { op: "write_self", file: "oom_score_adj", text: String(score) });
}

/** A session of its own, and a session keyring, so that none of the caller's is in reach. */
export function planSession(planning: Planning): void {
  planning.start.add(OWN, { op: "set_session" });
  if (!planning.request.noNewKeyring) planKeyring(planning);
}
