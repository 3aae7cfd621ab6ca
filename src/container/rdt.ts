// Intel RDT in `update`: schemas of a container that has a resctrl group.

import { RuntError } from "../errors.js";
import { native } from "../host/native.js";

const INFO = "/sys/fs/resctrl/info";

export interface SchemaRequest {
  l3Cache: string | undefined;
  memoryBandwidth: string | undefined;
}

/** Throws RuntError when a schema is asked for: the machine has none, or the container is in no group. */
export function refuseSchemas({ l3Cache, memoryBandwidth }: SchemaRequest): void {
  if (l3Cache === undefined && memoryBandwidth === undefined) return;
  // With code and data prioritisation (the mount option cdp) L3 has two folders.
  if (l3Cache !== undefined && !has("L3") && !has("L3CODE")) {
    throw new RuntError("Intel RDT/CAT: l3 cache schema is not enabled");
  }
  if (memoryBandwidth !== undefined && !has("MB")) {
    throw new RuntError("Intel RDT/MBA: memory bandwidth schema is not enabled");
  }
  throw new RuntError("updating a non-existent Intel RDT configuration is not supported");
}

function has(resource: string): boolean {
  return native().stat(`${INFO}/${resource}`) !== null;
}
