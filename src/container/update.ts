// update: new limits for a container that is there. The cgroup is the only place where limits are kept,
// so a later update starts from what the kernel says.

import { changingDriverFromState } from "../cgroup/index.js";
import { RuntError } from "../errors.js";
import type { SchemaRequest } from "./rdt.js";
import type { LinuxResources } from "../spec/types.gen.js";
import type { Reporter } from "./report.js";
import type { StateDocument } from "./state.js";
import { containerStatus } from "./status.js";
import { lockContainer, noSuchContainer, readState, release } from "./store.js";

export interface UpdateRequest {
  root: string;
  id: string;
  resources: LinuxResources;
  /** Of Intel RDT. */
  schemas?: SchemaRequest;
  report: Reporter;
}

/** Changes limits: all of them, or none and RuntError is thrown. */
export async function updateContainer({ root, id, resources, schemas, report }: UpdateRequest): Promise<void> {
  const state = readState(root, id);
  // One update at a time: putting back what another has written meanwhile would undo that one.
  const claim = lockContainer(root, id, true);
  if (claim === null || claim === "busy") throw noSuchContainer();
  try {
    if (containerStatus(claim.directory, state) === "stopped") throw new RuntError("container not running");
    const driver = await changingDriverFromState(state.cgroup, state.init);
    const rdt = await schemaUpdate(schemas, state);
    rdt?.write();
    try {
      driver.update(changeable(resources, report));
    } catch (error) {
      rdt?.restore();
      throw error;
    }
    for (const warning of driver.warnings) report.warn(warning);
  } finally {
    release(claim);
  }
}

async function schemaUpdate(schemas: SchemaRequest | undefined, { resctrl }: StateDocument) {
  if (schemas?.l3Cache === undefined && schemas?.memoryBandwidth === undefined) return undefined;
  const { SchemaUpdate } = await import("./rdt.js");
  return new SchemaUpdate(schemas, resctrl);
}

/**
 * Takes out what an update leaves alone. Engines send all of linux.resources here, device rules too, while
 * others (hooks for GPUs) have added rules of their own since: writing the old ones again would take those away.
 */
function changeable({ devices, memory, ...others }: LinuxResources, report: Reporter): LinuxResources {
  if (devices && devices.length > 0) report.warn("update does not change device rules: devices is passed over");
  if (!memory) return others;
  const { kernel, kernelTCP, ...rest } = memory;
  if (kernel !== undefined || kernelTCP !== undefined) {
    report.warn("Kernel memory settings are ignored and will be removed");
  }
  return { ...others, memory: rest };
}
