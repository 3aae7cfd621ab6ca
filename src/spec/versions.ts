// Versions of the OCI runtime specification.

/** The version that this runtime was written for. */
export const OCI_VERSION = "1.3.0";

/** The oldest version of which it takes bundles. */
export const OCI_VERSION_MIN = "1.0.0";

// What nearly every bundle has: no regular expression needs to be compiled for these.
const RELEASES = ["1.0.0", "1.0.1", "1.0.2", "1.1.0", "1.2.0", "1.2.1", OCI_VERSION];

const SEMVER = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;

/**
 * Why a bundle's ociVersion is not accepted, or undefined when it is. Within a major version
 * the specification is compatible both ways (config.md, "Specification version"), so all of
 * 1.x is taken, pre-releases too.
 */
export function refuseVersion(version: string): string | undefined {
  if (RELEASES.includes(version)) return undefined;
  const range = `this runtime takes ${OCI_VERSION_MIN} to 1.x`;
  const parts = SEMVER.exec(version);
  if (!parts) return `expected a version such as ${OCI_VERSION} (${range})`;
  if (parts[1] !== "1") return `expected a version that is supported (${range})`;
  return undefined;
}
