// Users of a user namespace: config-linux.md, "User namespace mappings"; user_namespaces(7).

import type { LinuxIDMapping, Spec } from "../spec/types.gen.js";
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

/**
 * Whether the maps of a new user namespace can only be written after setgroups(2) was denied in
 * it: since Linux 3.19 that is the price for a user without privileges, who may map the own ids
 * alone. Everything else goes through newuidmap and newgidmap, or is written by root.
 */
export function deniesSetgroups(config: Spec, host: Host): boolean {
  const { uidMappings, gidMappings } = config.linux ?? {};
  return host.rootless && isOwnId(uidMappings, host.euid) && isOwnId(gidMappings, host.egid);
}

function isOwnId(mappings: readonly LinuxIDMapping[] | undefined, id: number): boolean {
  return mappings?.length === 1 && mappings[0]!.size === 1 && mappings[0]!.hostID === id;
}

/**
 * Whether the container's process keeps the groups that it has. Otherwise they are the ones of
 * the config, and none of the caller's stay. A new user namespace inherits the denial of the one
 * that it is made in.
 */
export function keepsGroups({ config, host, namespaces }: Planning): boolean {
  if (namespaces.isNew("user")) return deniesSetgroups(config, host) || host.setgroupsDenied === true;
  // What a user without privileges can join is another user's without privileges.
  if (namespaces.isJoined("user") && host.euid !== 0) return true;
  return host.setgroupsDenied === true;
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
    keepGroups: Number(keepsGroups(planning)),
  });
}

/** Says which groups the container's process will not get, as the kernel forbids it to set them. */
export function groupsOf(planning: Planning): readonly number[] {
  const groups = planning.config.process.user.additionalGids ?? [];
  if (!keepsGroups(planning)) return groups;
  if (groups.length > 0) {
    planning.warn(place("/process/user/additionalGids"), "not set: this user namespace does not allow setgroups(2)");
  }
  return [];
}
