// --debug: the story of runt-init, step by step. Costs nothing when nobody listens: the program
// has no trace step then, and runt-init sends no word more.

import type { InitMessage } from "../host/addon.js";
import type { Host, Plan, PlannedStep } from "../plan/types.js";
import type { CreateRequest } from "./design.js";
import type { JournalDocument } from "./state.js";
import type { Reporter } from "./report.js";

/** The plan with a trace step before all others when there is somebody to tell. */
export function traced(plan: Plan, report: Reporter): Plan {
  if (!report.debugging) return plan;
  return { ...plan, steps: [{ step: { op: "trace" }, pointer: "", where: "" }, ...plan.steps] };
}

/** Tells where a new container will be. */
export function tellPlace(
  { bundle, root, report }: CreateRequest,
  { kernel, rootless }: Host,
  kept: JournalDocument,
): void {
  if (!report.debugging) return;
  const { version, directories } = kept.cgroup;
  const places = Object.entries(directories).map(([name, path]) => (name ? `${name} ${path}` : path));
  report.debug(`create: Linux ${kernel.major}.${kernel.minor}, cgroup v${version}${rootless ? ", rootless" : ""}`);
  report.debug(`create: bundle ${bundle}, state in ${root}/${kept.id}`);
  report.debug(`create: cgroups ${places.join(", ") || "none"}`);
}

/** Tells of a step that is done. */
export function reportProgress(
  step: PlannedStep | undefined,
  { step: index, value }: InitMessage,
  report: Reporter,
): void {
  if (!report.debugging || !step) return;
  const { op, ...fields } = step.step;
  const place = step.where ? ` ${step.where}` : "";
  report.debug(`step ${index} ${op}${place}: ${(value / 1000).toFixed(3)} ms ${wordFields(fields)}`.trimEnd());
}

/** What a step is about, in few words: filters and long lists are named by their length. */
function wordFields(fields: object): string {
  const words = Object.entries(fields).map(([name, value]) => {
    if (value instanceof Uint8Array) return `${name}=${value.length} bytes`;
    // An environment may hold secrets, which a log must not.
    if (Array.isArray(value) && (value.length > 8 || name === "env")) return `${name}=${value.length} items`;
    const text = JSON.stringify(value, (_, each) => (typeof each === "bigint" ? String(each) : each));
    return `${name}=${text.length > 120 ? `${text.slice(0, 120)}…` : text}`;
  });
  return words.length > 0 ? `(${words.join(", ")})` : "";
}
