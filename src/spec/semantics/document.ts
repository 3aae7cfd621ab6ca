// The document as a whole: version, root, annotations.

import { type Findings, pointerPart } from "../problems.js";
import type { Spec } from "../types.gen.js";
import { refuseVersion } from "../versions.js";
import type { Check } from "./check.js";

/** config.md, "Specification version": SemVer, compatible within a major version. */
function version(config: Spec, findings: Findings): void {
  const refusal = refuseVersion(config.ociVersion);
  if (refusal) findings.problem("/ociVersion", refusal);
}

/** config.md, "Process": needed when start is called, and nothing else can be done with a container. */
function processPresent(config: Spec, findings: Findings): void {
  if (!config.process) findings.problem("/process", "process property must not be empty", { quiet: true });
}

/** config.md, "Root": a directory must exist at path. */
function rootPath(config: Spec, findings: Findings): void {
  if (config.root?.path === "") findings.problem("/root/path", "expected the path of a directory");
}

/** config.md, "Annotations": keys must not be empty. */
function annotationKeys(config: Spec, findings: Findings): void {
  if (config.annotations && Object.hasOwn(config.annotations, "")) {
    findings.problem(`/annotations${pointerPart("")}`, "annotation keys must not be empty", { quiet: true });
  }
}

export const documentChecks: readonly Check<Spec>[] = [version, processPresent, rootPath, annotationKeys];
