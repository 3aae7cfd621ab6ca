// Which runtime the caller thinks it has called. Installed under the name runc, runt answers to it: scripts and
// engines look at the name in outputs, and at the version's number.

/** Whose command line, outputs and behaviour runt has when it is called runc: the version that those are of. */
const RUNC_VERSION = "1.5.0";

/** runc or runt: the name in default paths and outputs. */
export function identity(program: string): "runc" | "runt" {
  return program === "runc" ? "runc" : "runt";
}

/** The version that is shown. As runc: the version it stands in for, with its own as build metadata (semver.org). */
export function shownVersion(program: string, version: string): string {
  return identity(program) === "runc" ? `${RUNC_VERSION}+runt.${version}` : version;
}
