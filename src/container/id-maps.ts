// The id mappings of a new user namespace, written by the engine from outside it
// (user_namespaces(7)): directly with privilege over the ids or when only the own id is mapped,
// else through newuidmap and newgidmap, which know what /etc/subuid and /etc/subgid allow.

import { RuntError } from "../errors.js";
import { EPERM } from "../host/constants.js";
import { failure, isNativeError } from "../host/failure.js";
import { native } from "../host/native.js";
import { deniesSetgroups, mapsFreely, mapText } from "../plan/mappings.js";
import type { Host } from "../plan/types.js";
import type { LinuxIDMapping, Spec } from "../spec/types.gen.js";
import { runHelper } from "./hooks.js";
import type { Reporter } from "./report.js";
import { type IdKind, mapperHint, mapHint, subordinateFile } from "./subordinate-ids.js";

/**
 * Where the set-uid helpers are: the shadow package's places, then NixOS's and Guix's. No PATH is
 * asked: they run with privilege.
 */
const HELPER_DIRECTORIES = [
  "/usr/bin",
  "/usr/sbin",
  "/bin",
  "/usr/local/bin",
  "/run/wrappers/bin",
  "/run/privileged/bin",
];

/** Writes both maps of the process's user namespace. Throws RuntError with the property's place. */
export function writeIdMaps(pid: number, config: Spec, host: Host, report: Reporter): void {
  const { uidMappings = [], gidMappings = [] } = config.linux ?? {};
  const ownIdAlone = deniesSetgroups(config, host);
  if (!ownIdAlone && !mapsFreely(host)) {
    runMapper("uid", pid, uidMappings, report);
    runMapper("gid", pid, gidMappings, report);
    return;
  }
  // Since Linux 3.19 an unprivileged process may map its group only when setgroups(2) is given up.
  if (ownIdAlone) write(pid, "setgroups", "deny", "linux.gidMappings");
  writeMap("uid", pid, uidMappings);
  writeMap("gid", pid, gidMappings);
}

function writeMap(kind: IdKind, pid: number, mappings: readonly LinuxIDMapping[]): void {
  write(pid, `${kind}_map`, mapText(mappings), `linux.${kind}Mappings`, () => mapHint(kind, mappings));
}

function write(pid: number, file: string, text: string, where: string, explain?: () => string | undefined): void {
  const path = `/proc/${pid}/${file}`;
  try {
    native().writeFile(path, text);
  } catch (error) {
    const hint = isNativeError(error) && error.errno === EPERM ? explain?.() : undefined;
    throw failure(error, { where, attempt: `write ${JSON.stringify(text.trim())} to`, path, hint });
  }
}

function runMapper(kind: IdKind, pid: number, mappings: readonly LinuxIDMapping[], report: Reporter): void {
  const name = `new${kind}map`;
  const where = `linux.${kind}Mappings`;
  const path = HELPER_DIRECTORIES.map((directory) => `${directory}/${name}`).find(
    (file) => native().stat(file) !== null,
  );
  if (!path) {
    throw new RuntError({
      where,
      cause: `more ids than the caller's own are mapped, but there is no ${name} in ${HELPER_DIRECTORIES.join(", ")}`,
      hint: `it comes with the package uidmap or shadow-utils, and maps the ids that ${subordinateFile(kind)} gives to a user`,
    });
  }
  const numbers = mappings.flatMap(({ containerID, hostID, size }) => [containerID, hostID, size].map(String));
  try {
    runHelper({ path, args: [name, String(pid), ...numbers], env: [], timeout: 10 }, `/linux/${kind}Mappings`, report);
  } catch (error) {
    if (!(error instanceof RuntError)) throw error;
    const { cause, errno } = error.parts;
    // The words are of a hook that failed.
    const rest = /^hook \S+: (.*)$/s.exec(cause)?.[1];
    throw new RuntError({
      where,
      attempt: "run",
      path: [path, "PID", ...numbers].join(" "),
      cause: rest ?? cause,
      hint: mapperHint(kind, mappings),
      errno,
    });
  }
}
