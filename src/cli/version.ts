// What this runt is. The unit tests compare VERSION with package.json.

import { shownVersion } from "./identity.js";
import { native } from "../host/native.js";
import { OCI_VERSION } from "../spec/versions.js";

export const VERSION = "0.1.0";

/** The git commit, put in by scripts/build.mjs when it compiles the engine. */
declare const RUNT_COMMIT: string | undefined;

export const COMMIT = typeof RUNT_COMMIT === "string" ? RUNT_COMMIT : "unknown";

/** The lines of --version. */
export function versionText(program: string): string {
  const { quickjs, node } = process.versions;
  return [
    `${program} version ${shownVersion(program, VERSION)}`,
    `commit: ${COMMIT}`,
    `spec: ${OCI_VERSION}`,
    `engine: ${quickjs ? `quickjs ${quickjs}` : `node ${node}`}`,
    `libseccomp: ${native().libseccompVersion()}`,
    "",
  ].join("\n");
}
