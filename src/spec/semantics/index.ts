// All semantic checks, by kind of document.

import type { Kind } from "../kinds.js";
import { Findings, type Problem, pointerPart } from "../problems.js";
import type { LinuxResources, Process, Spec, State } from "../types.gen.js";
import type { Context } from "./check.js";
import { checkConfig } from "./config.js";
import { checkProcess } from "./process.js";
import { checkResources } from "./resources.js";
import { checkState } from "./state.js";

/**
 * Runs every check of a kind.
 * @param findings what is known already; gets more
 * @param fits whether the document fits its schema
 */
export function checkSemantics(kind: Kind, document: unknown, findings: Findings, fits: boolean): void {
  if (fits) checkKind(kind, document, { findings, fits });
  else checkMisfit(kind, document, findings);
}

function checkKind(kind: Kind, document: unknown, context: Context): void {
  if (kind === "config") checkConfig(document as Spec, "", { ...context, config: document as Spec });
  else if (kind === "process") checkProcess(document as Process, "", context);
  else if (kind === "resources") checkResources(document as LinuxResources, "", context);
  else if (kind === "state") checkState(document as State, "", context);
}

/** As above for a document that does not fit: only what does not follow from a fault that is known. */
function checkMisfit(kind: Kind, document: unknown, findings: Findings): void {
  const own = new Findings();
  try {
    checkKind(kind, document, { findings: own, fits: false });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  const faults = findings.problems.map((problem) => problem.pointer);
  const isBelow = (pointer: string, parent: string) => pointer === parent || pointer.startsWith(`${parent}/`);
  const isNews = ({ pointer, basis }: Problem) =>
    !faults.some((fault) => isBelow(pointer, fault) || (basis && (isBelow(basis, fault) || isBelow(fault, basis))));
  findings.problems.push(...own.problems.filter(isNews));
  findings.warnings.push(...own.warnings.filter(isNews));
}

// What the runtime passes over, or keeps as JSON.
const NO_C_STRINGS = ["/annotations", "/solaris", "/windows", "/vm", "/zos", "/freebsd"];

/**
 * Reports texts that hold a NUL: paths, arguments and environment reach the kernel as
 * NUL-terminated strings, so whatever follows it would silently be cut off.
 */
export function checkNuls(document: unknown, findings: Findings, pointer = ""): void {
  if (typeof document === "string") {
    if (document.includes("\0")) findings.problem(pointer, "expected a text without NUL (\\u0000)");
  } else if (typeof document === "object" && document !== null) {
    for (const [name, value] of Object.entries(document)) {
      const at = pointer + pointerPart(name);
      if (NO_C_STRINGS.includes(at)) continue;
      if (name.includes("\0")) findings.problem(at, "expected a name without NUL (\\u0000)", { quiet: true });
      checkNuls(value, findings, at);
    }
  }
}
