// What engines write in more than one way is brought into one before a document is checked.

import { mappingsOfOption, WITH_MAPPINGS } from "./idmap-option.js";
import type { Kind } from "./kinds.js";
import type { Mount, Spec } from "./types.gen.js";

type Members = Record<string, unknown>;

const isObject = (value: unknown): value is Members => typeof value === "object" && value !== null;

// Members that map names of the user's own to values: a null there is a value like any other.
const MAPS = new Set(["annotations", "sysctl", "unified", "rdma", "netDevices", "timeOffsets"]);

/** Changes a document in place. */
export function normalise(kind: Kind, document: unknown, text: string): void {
  // The text is asked first: walking the document for nothing would cost every command.
  if (text.includes("null")) dropNulls(document, false);
  if (text.includes("18446744073709551615")) dropUnsetSwappiness(kind, document);
  if (kind === "config" && text.includes("idmap=")) takeMappings(document);
}

/** The document is not checked yet: whatever is not as it should be is left for the check to find. */
function takeMappings(document: unknown): void {
  const { mounts, linux } = (isObject(document) ? document : {}) as Partial<Spec>;
  if (!Array.isArray(mounts)) return;
  for (const mount of mounts as (Mount | null)[]) {
    if (!mount || !Array.isArray(mount.options) || mount.uidMappings || mount.gidMappings) continue;
    const index = mount.options.findIndex((option) => typeof option === "string" && WITH_MAPPINGS.test(option));
    const option = mount.options[index];
    const mappings = option === undefined ? null : mappingsOfOption(option, containerMappings(linux));
    if (mappings === null) continue;
    Object.assign(mount, mappings);
    mount.options[index] = WITH_MAPPINGS.exec(option!)![1]!;
  }
}

function containerMappings(linux: Partial<NonNullable<Spec["linux"]>> | undefined) {
  const list = (value: unknown) => (Array.isArray(value) ? value.filter(isObject) : []) as never[];
  return { uidMappings: list(linux?.uidMappings), gidMappings: list(linux?.gidMappings) };
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
