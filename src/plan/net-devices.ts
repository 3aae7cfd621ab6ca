// linux.netDevices: config-linux.md, "Network Devices". The engine moves them while the child waits: only
// it has privileges over the host's network namespace, and the container's has to be there.

import { RuntError } from "../errors.js";
import type { Planning } from "./planning.js";
import { place } from "./program.js";
import { NO_SLOT, SYNC_NETWORK } from "./steps.gen.js";

const ALL = place("/linux/netDevices");

/** The point at which the engine moves devices in. */
export function planNetDevices({ config, host, start }: Planning): void {
  if (Object.keys(config.linux?.netDevices ?? {}).length === 0) return;
  if (host.euid !== 0) {
    throw new RuntError({
      where: ALL.where,
      cause: "only root can move network devices out of the host's network namespace",
      hint: "take linux.netDevices out, or run as root",
    });
  }
  start.add(ALL, { op: "sync", point: SYNC_NETWORK, slot: NO_SLOT });
}
