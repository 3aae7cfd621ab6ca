// linux.sysctl: config-linux.md, "Sysctl". Parameters that are not of a namespace are the
// host's: setting them from a container's config would change every other container.

import { pointerPart } from "../problems.js";
import type { LinuxNamespaceType } from "../types.gen.js";
import { type Check, namespaceOf, needsNamespace } from "./check.js";

// ipc_namespaces(7).
const IPC = new Set([
  "kernel.msgmax",
  "kernel.msgmnb",
  "kernel.msgmni",
  "kernel.sem",
  "kernel.shmall",
  "kernel.shmmax",
  "kernel.shmmni",
  "kernel.shm_rmid_forced",
]);

/**
 * A key with dots between its parts. sysctl(8): when the first separator is a slash, slashes
 * separate and dots belong to names ("net/ipv4/conf/eth0.100/rp_filter").
 */
export function dottedKey(key: string): string {
  const separator = /[./]/.exec(key)?.[0];
  return separator === "/" ? key.replace(/[./]/g, (mark) => (mark === "/" ? "." : "/")) : key;
}

/** The namespace that a parameter belongs to, or undefined: the host's. */
export function sysctlNamespace(key: string): LinuxNamespaceType | undefined {
  const name = dottedKey(key);
  if (IPC.has(name) || name.startsWith("fs.mqueue.")) return "ipc";
  if (name.startsWith("net.")) return "network";
  if (name === "kernel.domainname" || name === "kernel.hostname") return "uts";
  // Limits of a user namespace: those of the host's would hit every process.
  if (name.startsWith("user.")) return "user";
  return undefined;
}

/** config-linux.md, "Sysctl". */
export const sysctl: Check<Record<string, string>> = (parameters, pointer, { findings, config }) => {
  for (const key of Object.keys(parameters)) {
    const at = pointer + pointerPart(key);
    const type = sysctlNamespace(key);
    // "..", "a..b", a slash at an end: parts that are no names in /proc/sys.
    if (key.split(/[./]/).includes("")) {
      findings.problem(at, "expected the name of a kernel parameter", { quiet: true });
    } else if (!type) {
      findings.problem(at, `sysctl "${key}" is not in a separate kernel namespace`, { quiet: true });
    } else if (!namespaceOf(config, type)) {
      const cause = `sysctl "${key}" is not allowed in the host's ${type} namespace`;
      findings.problem(at, cause, { ...needsNamespace(type), quiet: true });
    } else if (dottedKey(key) === "kernel.hostname") {
      const cause = `sysctl "${key}" is not allowed as it conflicts with the OCI "hostname" field`;
      findings.problem(at, cause, { quiet: true });
    } else if (dottedKey(key) === "kernel.domainname" && (config?.domainname ?? parameters[key]) !== parameters[key]) {
      findings.problem(at, `sysctl "${key}" is not allowed to differ from the OCI "domainname" field`);
    }
  }
};
