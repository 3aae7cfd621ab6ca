// The compilation of a config into a program for runt-init. Pure: nothing is opened, nothing
// is run; the same input gives the same plan.

import type { Spec } from "../spec/types.gen.js";
import { planConsole } from "./console.js";
import { planDevices } from "./devices.js";
import { planExecute } from "./exec.js";
import { planCreateHooks } from "./hooks.js";
import { planSetupUser } from "./mappings.js";
import { openMasks, planMasks } from "./masks.js";
import { planMounts } from "./mounts.js";
import { planEntering, planOwnNamespaces, requireMountNamespace, requireUserNamespace } from "./namespaces.js";
import { planNotify } from "./notify.js";
import { planNetDevices } from "./net-devices.js";
import { Planning } from "./planning.js";
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
 * In: a validated config (src/spec/load.ts), what the machine is like, what the command adds.
 * Out: the steps with their places in config.json, and warnings for the user. Throws RuntError
 * for what runt does not support.
 */
export function planContainer(config: Spec, host: Host, request: ContainerRequest): Plan {
  const planning = new Planning(config, host, request);
  requireMountNamespace(planning);
  requireUserNamespace(planning);

  // Stage A, in the host's namespaces.
  planOomScore(planning);
  planRaisedRlimits(planning);

  // Stage B, the container's first process. What it needs of the host's files goes to stage A's
  // list when only stage A can open it.
  planSetupUser(planning);
  planOwnNamespaces(planning);
  planNetDevices(planning);
  planSession(planning);
  planHostPropagation(planning);
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
  planEntering(planning);
  const { before, entering, start, shared, inside, program } = planning;
  return {
    steps: [before, entering, start, shared, inside].flatMap(({ steps }) => steps),
    slots: program.slots,
    passed: program.passed,
    warnings: program.warnings,
  };
}
