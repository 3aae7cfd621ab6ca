// The compilation of a config into a program for runt-init. Pure: nothing is opened, nothing
// is run; the same input gives the same plan.

import type { Spec } from "../spec/types.gen.js";
import { planConsole } from "./console.js";
import { planDevices } from "./devices.js";
import { planExecute } from "./exec.js";
import { planCreateHooks } from "./hooks.js";
import { asksIdmap } from "./idmap.js";
import { checkInheritedMounts } from "./inherited-mounts.js";
import { planSetupUser } from "./mappings.js";
import { openMasks, planMasks } from "./masks.js";
import { planMounts } from "./mounts.js";
import { planEntering, planOwnNamespaces, requireUserNamespace } from "./namespaces.js";
import { planNotify } from "./notify.js";
import { planNetDevices } from "./net-devices.js";
import { Planning } from "./planning.js";
import { OWN } from "./program.js";
import { planMissingDirectory, planOomScore, planPrivileged, planSession, planUser } from "./process.js";
import { planRaisedRlimits } from "./rlimits.js";
import { planFinalRoot, planHostPropagation, planPivot, planRoot } from "./rootfs.js";
import { planNamesAndSysctl } from "./sysctl.js";
import type { ContainerRequest, Host, Plan } from "./types.js";

export { planHook } from "./hooks.js";
export { printPlan } from "./print.js";

/**
 * The program that makes a container.
 *
 * In: a validated config (src/spec/load.ts), what the machine is like, what the command adds, and who starts a
 * first part of the program while the rest is planned. That part is the beginning of what comes out; there is none
 * when stage A depends on the rest.
 * Out: the steps with their places in config.json, and warnings for the user. Throws RuntError
 * for what runt does not support.
 */
export function planContainer(
  config: Spec,
  host: Host,
  request: ContainerRequest,
  begin?: (first: Plan) => void,
): Plan {
  const planning = new Planning(config, host, request);
  requireUserNamespace(planning);
  checkInheritedMounts(planning);

  // Stage A, in the host's namespaces.
  planOomScore(planning);
  planRaisedRlimits(planning);

  // Stage B, the container's first process. What it needs of the host's files goes to stage A's
  // list when only stage A can open it.
  planSetupUser(planning);
  planOwnNamespaces(planning);
  planNetDevices(planning);
  planSession(planning);
  const beginsAlone = begin !== undefined && isFirstPartAlone(planning);
  let begun = 0;
  if (beginsAlone) {
    planEntering(planning);
    planning.start.add(OWN, { op: "receive_program" });
    begun = firstSteps(planning);
    begin(planOf(planning));
  }
  if (!planning.inheritsMounts) planHostPropagation(planning.inside);
  planRoot(planning);
  planMounts(planning);
  planNotify(planning);
  planDevices(planning);
  const masks = openMasks(planning);
  planConsole(planning);
  planCreateHooks(planning);
  planPivot(planning);
  planMissingDirectory(planning);
  // Before /proc/sys becomes read-only, for kernels that have no private procfs.
  planNamesAndSysctl(planning);
  planMasks(planning, masks);
  planFinalRoot(planning);
  planPrivileged(planning);
  planUser(planning);
  planExecute(planning);

  // The last of stage A: by now everything that it has to open is known.
  if (!beginsAlone) planEntering(planning);
  else if (firstSteps(planning) !== begun) throw new Error("the first part of a plan got a step after it had begun");
  return planOf(planning);
}

/** How many steps the first part has. */
const firstSteps = ({ before, entering, joined, start }: Planning): number =>
  [before, entering, joined, start].reduce((count, { steps }) => count + steps.length, 0);

/**
 * Whether all of stage A is known before the mounts are planned. Not with user namespaces, a mount namespace that
 * is joined, or idmapped mounts, whose sources stage A opens; and not when the engine is asked something before it
 * has sent the second part.
 */
function isFirstPartAlone({ config, namespaces, request }: Planning): boolean {
  if (namespaces.has("user") || namespaces.isJoined("mount") || request.cgroups.wait) return false;
  if (Object.keys(config.linux?.netDevices ?? {}).length > 0) return false;
  return !config.mounts?.some(asksIdmap);
}

function planOf({ before, entering, start, shared, inside, program }: Planning): Plan {
  return {
    steps: [before, entering, start, shared, inside].flatMap(({ steps }) => steps),
    slots: program.slots,
    passed: program.passed,
    warnings: program.warnings,
  };
}
