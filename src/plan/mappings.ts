// Users of a user namespace: config-linux.md, "User namespace mappings"; user_namespaces(7).

import type { LinuxIDMapping, Spec } from "../spec/types.gen.js";
import { CAP_SETGID, CAP_SETUID } from "./constants.js";
import type { Planning } from "./planning.js";
import { place } from "./program.js";
import type { Host } from "./types.js";

/** The host's id of an id in the container; undefined when it is not mapped. */
export function hostId(mappings: readonly LinuxIDMapping[] | undefined, id: number): number | undefined {
  const range = mappings?.find(({ containerID, size }) => id >= containerID && id < containerID + size);
  return range && range.hostID + (id - range.containerID);
}

/** The text of a map file: "inside outside length" a line. */
export function mapText(mappings: readonly LinuxIDMapping[]): string {
  return mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join("");
}

/** Whether the caller may map any ids that its own user namespace has. Else: the own ids, or newuidmap and newgidmap. */
export function mapsFreely({ euid, capabilities }: Host): boolean {
  if (capabilities === undefined) return euid === 0;
  return (capabilities & CAP_SETUID) !== 0n && (capabilities & CAP_SETGID) !== 0n;
}

/**
 * Whether the maps of a new user namespace can only be written after setgroups(2) was denied in
 * it: since Linux 3.19 that is the price for a user without privileges, who may map the own ids
 * alone. Everything else goes through newuidmap and newgidmap, or is written by root.
 */
export function deniesSetgroups(config: Spec, host: Host): boolean {
  const { uidMappings, gidMappings } = config.linux ?? {};
  return !mapsFreely(host) && isOwnId(uidMappings, host.euid) && isOwnId(gidMappings, host.egid);
}

function isOwnId(mappings: readonly LinuxIDMapping[] | undefined, id: number): boolean {
  return mappings?.length === 1 && mappings[0]!.size === 1 && mappings[0]!.hostID === id;
}

/** `keep_groups` of enter_user. */
export const SET_GROUPS = 0;
export const KEEP_GROUPS = 1;
/** Set, unless the user namespace that was joined denies setgroups(2). */
export const SET_GROUPS_IF_ALLOWED = 2;

/**
 * crun's annotation: any value but "0" keeps the caller's groups, and takes none of the config's. `podman run
 * --group-add keep-groups` sets it, so that a user's container reaches what the user's groups may read: ids that
 * no user namespace maps can't be asked for by number.
 */
export const KEEP_GROUPS_ANNOTATION = "run.oci.keep_original_groups";

export function keepsCallersGroups({ annotations }: Spec): boolean {
  return (annotations?.[KEEP_GROUPS_ANNOTATION] ?? "0") !== "0";
}

/**
 * Whether the container's process keeps the groups that it has. Otherwise they are the ones of
 * the config, and none of the caller's stay. A new user namespace inherits the denial of the one
 * that it is made in.
 */
export function groupsMode({ config, host, namespaces }: Planning): number {
  if (keepsCallersGroups(config)) return KEEP_GROUPS;
  // What is denied in a user namespace is denied in all that are made in it.
  if (!namespaces.isJoined("user") && host.setgroupsDenied) return KEEP_GROUPS;
  if (namespaces.isNew("user")) return deniesSetgroups(config, host) ? KEEP_GROUPS : SET_GROUPS;
  // Only runt-init can see what the other namespace allows.
  return namespaces.isJoined("user") ? SET_GROUPS_IF_ALLOWED : SET_GROUPS;
}

/** Whom the container is set up as: root of its user namespace, or the process's user when root is not mapped. */
export function setupUser({ config, namespaces }: Planning): { uid: number; gid: number } {
  if (!namespaces.isNew("user")) return { uid: 0, gid: 0 };
  const { uidMappings, gidMappings } = config.linux!;
  return {
    uid: hostId(uidMappings, 0) === undefined ? config.process.user.uid : 0,
    gid: hostId(gidMappings, 0) === undefined ? config.process.user.gid : 0,
  };
}

/**
 * Gives up the caller's groups while that is allowed: a user namespace that is joined may deny
 * setgroups(2), and then root's groups of the host would go along.
 */
export function planDroppedGroups({ config, entering, host, namespaces }: Planning): void {
  if (!namespaces.isJoined("user") || host.euid !== 0 || keepsCallersGroups(config)) return;
  entering.add(namespaces.at("user"), {
    op: "enter_user",
    uid: host.euid,
    gid: host.egid,
    groups: [],
    // runt itself may run where it is denied.
    keepGroups: SET_GROUPS_IF_ALLOWED,
  });
}

/**
 * Becomes the user namespace's root, in the child: entering a cgroup of the host, which the
 * clone does, needs the id that the host knows.
 */
export function planSetupUser(planning: Planning): void {
  const { config, start, namespaces } = planning;
  if (!planning.inUserNamespace) return;
  if (namespaces.isJoined("user") && (config.linux?.uidMappings?.length || config.linux?.gidMappings?.length)) {
    planning.warn(
      namespaces.at("user"),
      "linux.uidMappings and linux.gidMappings are not used: a namespace that is joined has its own",
    );
  }
  start.add(namespaces.at("user"), {
    op: "enter_user",
    ...setupUser(planning),
    groups: [],
    keepGroups: groupsMode(planning),
  });
}

/** Says which groups the container's process will not get: it keeps its own, or the kernel forbids it to set them. */
export function groupsOf(planning: Planning): readonly number[] {
  const { config } = planning;
  const groups = config.process.user.additionalGids ?? [];
  if (groupsMode(planning) !== KEEP_GROUPS) return groups;
  if (groups.length > 0) {
    const why = keepsCallersGroups(config)
      ? `the annotation ${KEEP_GROUPS_ANNOTATION} keeps the caller's groups`
      : "this user namespace does not allow setgroups(2)";
    planning.warn(place("/process/user/additionalGids"), `not set: ${why}`);
  }
  return [];
}
