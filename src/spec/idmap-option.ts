// "idmap=uids=0-1-10#10-11-10;gids=@0-100-10": mappings in the option of a mount, as crun has them and Podman
// passes them on. They become the mount's own uidMappings and gidMappings.

import type { LinuxIDMapping } from "./types.gen.js";

/** The start of an option that holds mappings; the rest is the option's name without them. */
export const WITH_MAPPINGS = /^(r?idmap)=/;

interface Mappings {
  uidMappings: LinuxIDMapping[];
  gidMappings: LinuxIDMapping[];
}

/**
 * The mappings of such an option. In: those of the container's user namespace, for ranges that begin with "@":
 * their host ids are the container's. Null: it is none that can be read.
 */
export function mappingsOfOption(option: string, container: Partial<Mappings>): Mappings | null {
  const found: Partial<Mappings> = {};
  for (const part of option.replace(WITH_MAPPINGS, "").split(";")) {
    const [, kind, ranges] = /^([ug]id)s=(.*)$/.exec(part) ?? [];
    const name = kind === "uid" ? "uidMappings" : "gidMappings";
    if (ranges === undefined || found[name]) return null;
    const mappings = ranges.split("#").map((range) => parseRange(range, container[name] ?? []));
    if (mappings.includes(null)) return null;
    found[name] = mappings as LinuxIDMapping[];
  }
  const { uidMappings, gidMappings } = found;
  return uidMappings && gidMappings ? { uidMappings, gidMappings } : null;
}

/** "0-1-10", file system id, host id, size; "@0-1-10" with an id of the container in the middle. */
function parseRange(text: string, container: readonly LinuxIDMapping[]): LinuxIDMapping | null {
  const [, relative, ...numbers] = /^(@?)(\d{1,10})-(\d{1,10})-(\d{1,10})$/.exec(text) ?? [];
  if (relative === undefined) return null;
  const [containerID, id, size] = numbers.map(Number) as [number, number, number];
  if (!relative) return { containerID, hostID: id, size };
  const around = container.find((range) => id >= range.containerID && id + size <= range.containerID + range.size);
  return around ? { containerID, hostID: around.hostID + (id - around.containerID), size } : null;
}
