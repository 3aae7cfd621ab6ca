// The beginning of a container's program: all of stage A, and who the container's first process is. Most of it is the
// kernel's slow work and needs nothing of what comes after it, so runt-init does it while the engine makes cgroups and
// plans the second part.

import type { Spec } from "../spec/types.gen.js";
import { asksIdmap } from "./idmap.js";
import { checkInheritedMounts } from "./inherited-mounts.js";
import { planSetupUser } from "./mappings.js";
import { planEntering, planFirstNamespaces, planOwnNamespaces, requireUserNamespace } from "./namespaces.js";
import { planNetDevices } from "./net-devices.js";
import { Planning } from "./planning.js";
import { OWN } from "./program.js";
import { planRaisedRlimits } from "./rlimits.js";
import { planOomScore, planSession } from "./session.js";
import { planStreams } from "./streams.js";
import type { CgroupPlacement, ContainerRequest, Host, Plan } from "./types.js";

/** What is planned of a container when its second part is not. */
export interface FirstPart {
  planning: Planning;
  /** The program that can run already; null: there is only the whole. */
  plan: Plan | null;
}

/**
 * Whether all of stage A is known before the mounts are planned. Not with user namespaces, a mount namespace that
 * is joined, or idmapped mounts, whose sources stage A opens; and not when the engine is asked something before it
 * has sent the second part, or when it is not certain yet which cgroups there will be.
 */
export function isFirstPartAlone({ linux, mounts }: Spec, { wait, tentative }: CgroupPlacement): boolean {
  const { namespaces = [], netDevices = {} } = linux ?? {};
  if (wait || tentative || Object.keys(netDevices).length > 0) return false;
  if (namespaces.some(({ type, path }) => type === "user" || (type === "mount" && path))) return false;
  return !mounts?.some(asksIdmap);
}

/**
 * Plans the first part. In: as planContainer; whether runt-init shall begin with it: then it waits for the cgroups, and
 * at its end for the second part. Throws RuntError.
 */
export function planFirstPart(config: Spec, host: Host, request: ContainerRequest, alone: boolean): FirstPart {
  const planning = new Planning(config, host, request);
  requireUserNamespace(planning);
  checkInheritedMounts(planning);

  // Stage A, in the host's namespaces.
  planOomScore(planning);
  planRaisedRlimits(planning);
  planFirstNamespaces(planning);
  if (alone) {
    planning.before.add(OWN, { op: "await" });
    planEntering(planning);
  }

  // Stage B, the container's first process. What it needs of the host's files goes to stage A's
  // list when only stage A can open it.
  planSetupUser(planning);
  planStreams(planning, request.streams ?? []);
  planOwnNamespaces(planning);
  planNetDevices(planning);
  planSession(planning);
  if (alone) planning.start.add(OWN, { op: "receive_program" });
  return { planning, plan: alone ? planning.plan : null };
}
