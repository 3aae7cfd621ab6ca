// The id mappings of a new user namespace, written by the engine from outside it
// (user_namespaces(7)): directly with privilege over the ids or when only the own id is mapped,
// else through newuidmap and newgidmap, which know what /etc/subuid and /etc/subgid allow.

import { RuntError } from "../errors.js";
import { failure } from "../host/failure.js";
import { native } from "../host/native.js";
import { deniesSetgroups, mapText } from "../plan/mappings.js";
import type { Host } from "../plan/types.js";
import type { LinuxIDMapping, Spec } from "../spec/types.gen.js";
import { runHelper } from "./hooks.js";
import type { Reporter } from "./report.js";

/** Where the shadow package installs its set-uid helpers. No PATH is asked: they run with privilege. */
const HELPER_DIRECTORIES = ["/usr/bin", "/usr/sbin", "/bin", "/usr/local/bin"];

type Kind = "uid" | "gid";

/** Writes both maps of the process's user namespace. Throws RuntError with the property's place. */
export function writeIdMaps(pid: number, config: Spec, host: Host, report: Reporter): void {
  const { uidMappings = [], gidMappings = [] } = config.linux ?? {};
  const ownIdAlone = deniesSetgroups(config, host);
  if (host.euid !== 0 && !ownIdAlone) {
    runMapper("uid", pid, uidMappings, report);
    runMapper("gid", pid, gidMappings, report);
    return;
  }
  // Since Linux 3.19 an unprivileged process may map its group only when setgroups(2) is given up.
  if (ownIdAlone) write(pid, "setgroups", "deny", "linux.gidMappings");
  write(pid, "uid_map", mapText(uidMappings), "linux.uidMappings");
  write(pid, "gid_map", mapText(gidMappings), "linux.gidMappings");
}

function write(pid: number, file: string, text: string, where: string): void {
  const path = `/proc/${pid}/${file}`;
  try {
    native().writeFile(path, text);
  } catch (error) {
    throw failure(error, { where, attempt: "write", path });
  }
}

function runMapper(kind: Kind, pid: number, mappings: readonly LinuxIDMapping[], report: Reporter): void {
  const name = `new${kind}map`;
  const where = `linux.${kind}Mappings`;
  const path = HELPER_DIRECTORIES.map((directory) => `${directory}/${name}`).find(
    (file) => native().stat(file) !== null,
  );
  if (!path) {
    throw new RuntError({
      where,
      cause: `more ids than the caller's own are mapped, but there is no ${name} in ${HELPER_DIRECTORIES.join(", ")}`,
      hint: "it comes with the package uidmap or shadow-utils",
    });
  }
  const numbers = mappings.flatMap(({ containerID, hostID, size }) => [containerID, hostID, size].map(String));
  runHelper({ path, args: [name, String(pid), ...numbers], env: [], timeout: 10 }, where, report);
}
