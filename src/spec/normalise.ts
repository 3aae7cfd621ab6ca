// What engines write in more than one way is brought into one before a document is checked.

import type { Kind } from "./kinds.js";

type Members = Record<string, unknown>;

const isObject = (value: unknown): value is Members => typeof value === "object" && value !== null;

// Members that map names of the user's own to values: a null there is a value like any other.
const MAPS = new Set(["annotations", "sysctl", "unified", "rdma", "netDevices", "timeOffsets"]);

/** Changes a document in place. */
export function normalise(kind: Kind, document: unknown, text: string): void {
  // The text is asked first: walking the document for nothing would cost every command.
  if (text.includes("null")) dropNulls(document, false);
  if (text.includes("18446744073709551615")) dropUnsetSwappiness(kind, document);
}

/** Go programs write null for lists and objects that they do not have: the same as leaving them out. */
function dropNulls(value: unknown, isMap: boolean): void {
  if (!isObject(value)) return;
  for (const [name, member] of Object.entries(value)) {
    if (member === null) {
      if (!isMap && !Array.isArray(value)) delete value[name];
    } else dropNulls(member, !isMap && MAPS.has(name));
  }
}

/** Engines whose API has -1 for "not set" write it as an unsigned number here. */
function dropUnsetSwappiness(kind: Kind, document: unknown): void {
  const linux = kind === "config" && isObject(document) ? document.linux : undefined;
  const resources = kind === "resources" ? document : isObject(linux) ? linux.resources : undefined;
  const memory = isObject(resources) ? resources.memory : undefined;
  if (isObject(memory) && memory.swappiness === 2 ** 64) delete memory.swappiness;
}
