// The rest of a container's program: its files, what surrounds its process, the process. It comes after first-part.ts, in
// a module of its own that is loaded while runt-init has begun already.

import { planConsole } from "./console.js";
import { planDevices } from "./devices.js";
import { planExecute } from "./exec.js";
import type { FirstPart } from "./first-part.js";
import { planCreateHooks } from "./hooks.js";
import { openMasks, planMasks } from "./masks.js";
import { planMounts } from "./mounts.js";
import { planEntering } from "./namespaces.js";
import { planNotify } from "./notify.js";
import { planMissingDirectory, planPrivileged, planUser } from "./process.js";
import { planFinalRoot, planHostPropagation, planPivot, planRoot } from "./rootfs.js";
import { planNamesAndSysctl } from "./sysctl.js";
import type { Plan } from "./types.js";

/** Out: the whole plan, which begins with the first part. Throws RuntError. */
export function planSecondPart({ planning, plan: first }: FirstPart): Plan {
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
  if (!first) planEntering(planning);
  const { plan } = planning;
  if (first?.steps.some((step, index) => step !== plan.steps[index]))
    throw new Error("the first part of a plan got a step after it had begun");
  return plan;
}
