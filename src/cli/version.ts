// What this runt is. The unit tests compare VERSION with package.json.

import { native } from "../host/native.js";

export const VERSION = "0.1.0";

/** The runtime specification that is followed. */
export const SPEC_VERSION = "1.3.0";

/** The git commit, put in by scripts/build.mjs when it compiles the engine. */
declare const RUNT_COMMIT: string | undefined;

/** The lines of --version. */
export function versionText(program: string): string {
  const commit = typeof RUNT_COMMIT === "string" ? RUNT_COMMIT : "unknown";
  const { bun, node } = process.versions;
  return [
    `${program} version ${VERSION}`,
    `commit: ${commit}`,
    `spec: ${SPEC_VERSION}`,
    `engine: ${bun ? `bun ${bun}` : `node ${node}`}`,
    `libseccomp: ${native().libseccompVersion()}`,
    "",
  ].join("\n");
}
