// Idmapped mounts: config.md, "Linux mount options" (idmap, ridmap) and "POSIX-platform Mounts"
// (uidMappings, gidMappings); mount_setattr(2), MOUNT_ATTR_IDMAP.

import { RuntError } from "../errors.js";
import type { LinuxIDMapping } from "../spec/types.gen.js";
import { mapText } from "./mappings.js";
import type { PlannedMount } from "./mounts.js";
import { NAMESPACE_FLAGS } from "./namespaces.js";
import type { Planning } from "./planning.js";
import { OWN, type Place, place, type StepList } from "./program.js";

/**
 * Whether a mount shows its files with other owners. Mappings without "idmap" or "ridmap" are of
 * the mount alone, not of those below it: as in runc.
 */
export function isIdmapped({ mount, options }: Pick<PlannedMount, "mount" | "options">): boolean {
  return options.idmap !== undefined || hasOwnMappings(mount);
}

/** The same before the options are read. */
export function asksIdmap(mount: PlannedMount["mount"]): boolean {
  return hasOwnMappings(mount) || (mount.options?.some((option) => option === "idmap" || option === "ridmap") ?? false);
}

/**
 * Maps the ids of a tree that nobody has seen yet: of an attached one the kernel refuses it.
 * In: the list in which the tree was made.
 */
export function planIdmap(planning: Planning, list: StepList, planned: PlannedMount, slot: number): void {
  if (!isIdmapped(planned)) return;
  const { at, options } = planned;
  // The kernel asks for CAP_SYS_ADMIN over the file system, which a user namespace of ours does not give.
  if (planning.host.euid !== 0) {
    throw new RuntError({
      where: at.where,
      cause: "an idmapped mount needs privileges over its file system, which a user without privileges does not have",
      hint: 'take "idmap" and the mount\'s mappings out, or run as root',
    });
  }
  const userns = mappingNamespace(planning, planned);
  list.add(at, { op: "idmap_tree", slot, userns, recursive: Number(options.idmap?.recursive === true) });
}

function hasOwnMappings({ uidMappings, gidMappings }: PlannedMount["mount"]): boolean {
  return (uidMappings?.length ?? 0) + (gidMappings?.length ?? 0) > 0;
}

/** The slot of a user namespace that holds the mapping: the kernel takes mappings in no other form. */
function mappingNamespace(planning: Planning, { at, mount }: PlannedMount): number {
  if (hasOwnMappings(mount)) return madeNamespace(planning, at, mount.uidMappings!, mount.gidMappings!);
  const { config, namespaces } = planning;
  const path = namespaces.joinedPath("user");
  if (path !== undefined) return openedNamespace(planning, path);
  // The container's own is not there yet when this is done, but its mapping is all that counts.
  const { uidMappings, gidMappings } = config.linux!;
  return madeNamespace(planning, place("/linux/uidMappings"), uidMappings!, gidMappings!);
}

function madeNamespace(
  planning: Planning,
  at: Place,
  uidMappings: readonly LinuxIDMapping[],
  gidMappings: readonly LinuxIDMapping[],
): number {
  const [uidMap, gidMap] = [mapText(uidMappings), mapText(gidMappings)];
  return once(planning, `${uidMap}/${gidMap}`, (slot) => {
    // A copy of runt-init is in the namespace for a moment: namespaces.ts says who could trace it.
    planning.before.add(OWN, { op: "set_dumpable", value: 0 });
    planning.before.add(at, { op: "make_user_namespace", slot, uidMap, gidMap });
  });
}

function openedNamespace(planning: Planning, path: string): number {
  return once(planning, path, (slot) => {
    planning.before.add(planning.namespaces.at("user"), {
      op: "open_namespace",
      slot,
      path,
      type: NAMESPACE_FLAGS.user,
    });
  });
}

/** Mounts with the same mapping share a namespace. */
function once({ idmaps, program }: Planning, key: string, make: (slot: number) => void): number {
  const known = idmaps.get(key);
  if (known !== undefined) return known;
  const slot = program.slot();
  make(slot);
  idmaps.set(key, slot);
  return slot;
}
