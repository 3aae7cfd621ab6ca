// linux.sysctl: config-linux.md, "Sysctl". Which keys are allowed is checked when the config is
// loaded (src/spec/semantics/sysctl.ts).

import { pointerPart } from "./paths.js";
import type { Planning } from "./planning.js";
import { place } from "./program.js";

/**
 * The path of a parameter below /proc/sys. sysctl(8): the separator is the first dot or slash;
 * the other of the two then belongs to names ("net/ipv4/conf/eth0.100/rp_filter").
 */
export function sysctlPath(key: string): string {
  const separator = /[./]/.exec(key)?.[0];
  return separator === "." ? key.replace(/[./]/g, (mark) => (mark === "." ? "/" : ".")) : key;
}

/** Hostname, domain name and kernel parameters of the container's namespaces. */
export function planNamesAndSysctl({ config, inside }: Planning): void {
  if (config.hostname) inside.add(place("/hostname"), { op: "set_hostname", name: config.hostname });
  if (config.domainname) inside.add(place("/domainname"), { op: "set_domainname", name: config.domainname });
  for (const [key, value] of Object.entries(config.linux?.sysctl ?? {})) {
    inside.add(place(`/linux/sysctl${pointerPart(key)}`), { op: "write_sysctl", path: sysctlPath(key), value });
  }
}
