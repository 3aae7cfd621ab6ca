// What this version can't do is refused, never passed over.

import { RuntError } from "../errors.js";
import type { Planning } from "./planning.js";
import { place } from "./program.js";

/** Throws RuntError for properties that ask for something that runt does not do yet. */
export function refuseUnsupported({ config }: Planning): void {
  const { netDevices, intelRdt } = config.linux ?? {};
  if (netDevices && Object.keys(netDevices).length > 0) {
    throw new RuntError({
      where: place("/linux/netDevices").where,
      cause: "this version of runt does not move network devices",
      hint: "move them in a createRuntime hook, for example with `ip link set DEVICE netns PID`",
    });
  }
  if (intelRdt) {
    throw new RuntError({
      where: place("/linux/intelRdt").where,
      cause: "this version of runt does not set up resctrl groups",
      hint: "take linux.intelRdt out, or write the pid into a resctrl group in a createRuntime hook",
    });
  }
  // process.execCPUAffinity is for processes that exec adds, and says nothing about this one.
}
