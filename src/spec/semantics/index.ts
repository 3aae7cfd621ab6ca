// All semantic checks, by kind of document.

import { Findings, type Problem, pointerPart } from "../problems.js";
import type { Documents, Kind } from "../kinds.js";
import type { State } from "../types.gen.js";
import type { Check } from "./check.js";
import { documentChecks } from "./document.js";
import { hookChecks } from "./hooks.js";
import { linuxChecks } from "./linux.js";
import { mountChecks } from "./mounts.js";
import { namespaceChecks } from "./namespaces.js";
import { processChecks } from "./process.js";
import { resourcesChecks } from "./resources.js";
import { seccompChecks } from "./seccomp.js";
import { sysctlChecks } from "./sysctl.js";

/** runtime.md, "State": pid is there when the status is created or running. */
function statePid(state: State, findings: Findings): void {
  if ((state.status === "created" || state.status === "running") && !state.pid) {
    findings.problem("/pid", `a container that is ${state.status} has a pid`, { quiet: true });
  }
}

/** runtime.md, "State": bundle is an absolute path. */
function stateBundle(state: State, findings: Findings): void {
  if (!state.bundle.startsWith("/")) findings.problem("/bundle", "expected an absolute path");
}

function checksOf(kind: Kind): readonly Check<never>[] {
  switch (kind) {
    case "config":
      return [
        ...documentChecks,
        ...processChecks<Documents["config"]>("/process", (config) => config.process),
        ...mountChecks,
        ...hookChecks,
        ...namespaceChecks,
        ...linuxChecks,
        ...sysctlChecks,
        ...resourcesChecks<Documents["config"]>("/linux/resources", (config) => config.linux?.resources),
        ...seccompChecks,
      ];
    case "process":
      return processChecks<Documents["process"]>("", (process) => process);
    case "resources":
      return resourcesChecks<Documents["resources"]>("", (resources) => resources);
    case "state":
      return [statePid, stateBundle];
    case "features":
      return [];
  }
}

/**
 * Runs every check of a kind.
 * @param fits whether the document fits its schema. When it does not, a check may trip over a
 *   wrong type: then it has nothing to add to what the schema's check has said.
 */
export function checkSemantics(kind: Kind, document: unknown, findings: Findings, fits: boolean): void {
  const faults = findings.problems.map((problem) => problem.pointer);
  const isBelow = (pointer: string, parent: string) => pointer === parent || pointer.startsWith(`${parent}/`);
  const worthSaying = ({ pointer, basis }: Problem) =>
    !faults.some((fault) => isBelow(pointer, fault) || (basis && (isBelow(basis, fault) || isBelow(fault, basis))));
  for (const check of checksOf(kind)) {
    if (fits) {
      check(document as never, findings);
      continue;
    }
    const own = new Findings();
    try {
      check(document as never, own);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    findings.problems.push(...own.problems.filter(worthSaying));
    findings.warnings.push(...own.warnings.filter(worthSaying));
  }
}

/**
 * Reports texts that hold a NUL: paths, arguments and environment reach the kernel as
 * NUL-terminated strings, so whatever follows it would silently be cut off.
 */
export function checkNuls(document: unknown, findings: Findings, pointer = ""): void {
  if (typeof document === "string") {
    if (document.includes("\0")) findings.problem(pointer, "expected a text without NUL (\\u0000)");
  } else if (typeof document === "object" && document !== null) {
    for (const [name, value] of Object.entries(document)) {
      if (name.includes("\0"))
        findings.problem(pointer + pointerPart(name), "expected a name without NUL (\\u0000)", { quiet: true });
      checkNuls(value, findings, pointer + pointerPart(name));
    }
  }
}
