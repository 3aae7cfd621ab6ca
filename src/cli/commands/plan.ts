import { loadBundle } from "../../container/bundle.js";
import { chooseCgroup, containerRequest } from "../../container/design.js";
import { checkId } from "../../container/ids.js";
import { stateDirectory } from "../../container/store.js";
import { givenStreams, identifyStreams } from "../../container/streams.js";
import { detectCgroups } from "../../cgroup/detect.js";
import type { SeccompProfile } from "../../host/addon.js";
import { readHost } from "../../host/facts.js";
import { native } from "../../host/native.js";
import { planContainer, printPlan } from "../../plan/plan.js";
import type { Context } from "../context.js";
import { planRequest } from "../create-request.js";
import { reporter } from "../reporter.js";

/** The id that paths in the plan show when none is given. */
const ANY_ID = "container";

/** `runt plan`: the steps of a bundle, as `create` would run them. Nothing is changed on the machine. */
export async function run(context: Context): Promise<number> {
  const request = planRequest(context, context.positionals[0] ?? ANY_ID);
  checkId(request.id);
  const { config, warnings } = await loadBundle(request);
  const host = readHost(detectCgroups);
  const directory = stateDirectory(request.root, request.id);
  const cgroup = await chooseCgroup(request, config, host);
  const compile = (profile: SeccompProfile) => native().compileSeccomp(profile);
  const streams = givenStreams(identifyStreams());
  const asked = containerRequest(request, config, directory, cgroup, compile, { streams });
  // In parts, as create plans it.
  const plan = planContainer(config, host, asked, true);
  for (const warning of [...warnings, ...plan.warnings]) reporter.warn(warning);
  native().writeFd(1, printPlan(plan));
  return 0;
}
