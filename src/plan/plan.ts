// The compilation of a config into a program for runt-init. Pure: nothing is opened, nothing
// is run; the same input gives the same plan.

import type { Spec } from "../spec/types.gen.js";
import { isFirstPartAlone, planFirstPart } from "./first-part.js";
import { planSecondPart } from "./second-part.js";
import type { ContainerRequest, Host, Plan } from "./types.js";

export { printPlan } from "./print.js";

/**
 * The program that makes a container, all of it at once.
 *
 * In: a validated config (src/spec/load.ts), what the machine is like, what the command adds, and whether it is to
 * be in parts where that can be, as `create` plans it.
 * Out: the steps with their places in config.json, and warnings for the user. Throws RuntError
 * for what runt does not support.
 */
export function planContainer(config: Spec, host: Host, request: ContainerRequest, inParts = false): Plan {
  const alone = inParts && isFirstPartAlone(config, request.cgroups);
  return planSecondPart(planFirstPart(config, host, request, alone));
}
