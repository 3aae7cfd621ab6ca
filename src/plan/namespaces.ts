// linux.namespaces: which are made, which are joined, and the way into them. config-linux.md,
// "Namespaces"; namespaces(7).

import { RuntError } from "../errors.js";
import type { LinuxNamespaceType, Spec } from "../spec/types.gen.js";
import { CAP_SYS_ADMIN } from "./constants.js";
import { planDroppedGroups } from "./mappings.js";
import type { Planning } from "./planning.js";
import { OWN, type Place, place, type StepList } from "./program.js";
import { NO_SLOT, SYNC_CGROUP, SYNC_MAP_IDS } from "./steps.gen.js";
import { planTimeOffsets } from "./time.js";

/** CLONE_NEW* of every type (linux/sched.h). */
export const NAMESPACE_FLAGS: Readonly<Record<LinuxNamespaceType, number>> = {
  time: 0x80,
  mount: 0x20000,
  cgroup: 0x2000000,
  uts: 0x4000000,
  ipc: 0x8000000,
  user: 0x10000000,
  pid: 0x20000000,
  network: 0x40000000,
};

/** What `features` lists. */
export const namespaceNames = (): string[] => Object.keys(NAMESPACE_FLAGS);

/**
 * The order of joining. The mount namespace comes late: paths of the host mean something else
 * after it. A pid namespace takes effect with the clone only.
 */
const JOIN_ORDER: readonly LinuxNamespaceType[] = ["network", "ipc", "uts", "cgroup", "time", "mount", "pid"];

interface Entry {
  type: LinuxNamespaceType;
  /** Undefined: a new one. */
  path?: string;
  at: Place;
}

/** The container's namespaces. What is not among them is the runtime's own. */
export class Namespaces {
  private readonly entries = new Map<LinuxNamespaceType, Entry>();

  constructor(config: Spec) {
    config.linux?.namespaces?.forEach(({ type, path }, index) => {
      const detail = path ? `${type} from ${path}` : type;
      this.entries.set(type, { type, path: path || undefined, at: place(`/linux/namespaces/${index}`, detail) });
    });
  }

  /** Made or joined. */
  has(type: LinuxNamespaceType): boolean {
    return this.entries.has(type);
  }

  isNew(type: LinuxNamespaceType): boolean {
    return this.has(type) && !this.isJoined(type);
  }

  isJoined(type: LinuxNamespaceType): boolean {
    return this.joinedPath(type) !== undefined;
  }

  /** The path of one that is joined. */
  joinedPath(type: LinuxNamespaceType): string | undefined {
    return this.entries.get(type)?.path;
  }

  /** The place of its entry in config.json. */
  at(type: LinuxNamespaceType): Place {
    return this.entries.get(type)?.at ?? OWN;
  }

  joined(): Required<Entry>[] {
    return [...this.entries.values()].filter((entry): entry is Required<Entry> => entry.path !== undefined);
  }

  /** CLONE_NEW* flags of all of them. */
  flags(): number {
    return [...this.entries.keys()].reduce((flags, type) => flags | NAMESPACE_FLAGS[type], 0);
  }

  /** CLONE_NEW* flags of the new ones, without those left out. */
  newFlags(without: readonly LinuxNamespaceType[]): number {
    return [...this.entries.values()]
      .filter(({ type, path }) => path === undefined && !without.includes(type))
      .reduce((flags, { type }) => flags | NAMESPACE_FLAGS[type], 0);
  }
}

const ALL = place("/linux/namespaces");

/** Without rights over the own user namespace every other namespace needs one of its own around it. */
export function requireUserNamespace({ host, namespaces }: Planning): void {
  if (namespaces.has("user") || host.capabilities === undefined) return;
  if ((host.capabilities & CAP_SYS_ADMIN) !== 0n) return;
  throw new RuntError({
    where: ALL.where,
    cause: "a caller without CAP_SYS_ADMIN can make namespaces only in a user namespace of their own",
    hint: 'add { "type": "user" } with linux.uidMappings and linux.gidMappings; `spec --rootless` writes such a config',
  });
}

/**
 * Namespaces that need nothing of the container's: stage A makes them first of all. A network namespace takes the
 * kernel longer than all that comes after it, and the engine makes the cgroups meanwhile.
 */
const FIRST: readonly LinuxNamespaceType[] = ["network", "ipc", "uts"];

export function planFirstNamespaces(planning: Planning): void {
  const { before, namespaces, inUserNamespace } = planning;
  if (inUserNamespace) return;
  const flags = namespaces.newFlags(typesWithout(FIRST));
  if (flags !== 0) before.add(ALL, { op: "unshare", flags });
  planLoopback(planning, before);
}

const typesWithout = (left: readonly LinuxNamespaceType[]) =>
  (Object.keys(NAMESPACE_FLAGS) as LinuxNamespaceType[]).filter((type) => !left.includes(type));

/** Programs count on 127.0.0.1; one that is joined is somebody else's to set up. */
function planLoopback({ namespaces }: Planning, list: StepList): void {
  if (namespaces.isNew("network")) list.add(namespaces.at("network"), { op: "raise_loopback" });
}

/** Stage A's way out: joins, the new user namespace, the time namespace, the clone. */
export function planEntering(planning: Planning): void {
  const { entering, namespaces } = planning;
  const slots = openJoined(planning);
  planDroppedGroups(planning);
  // What is in a namespace that is joined must not be able to trace this process or to open its
  // descriptors of the host (CVE-2016-9962).
  const hidden = slots.size > 0 || hidesFromOwners(planning);
  if (hidden) entering.add(OWN, { op: "set_dumpable", value: 0 });
  joinAll(planning, slots);
  entering.steps.push(...planning.joined.steps);
  if (namespaces.isNew("user")) makeUserNamespace(planning, hidden);
  // After the user namespace, which owns it then; before the clone, as it holds for children only.
  if (namespaces.isNew("time")) {
    entering.add(namespaces.at("time"), { op: "unshare", flags: NAMESPACE_FLAGS.time });
    planTimeOffsets(planning);
  }
  cloneFirstProcess(planning);
  if (joinsCgroupLate(planning)) joinOne(planning, slots, "cgroup", 0);
}

/**
 * Every process with the uid of a user namespace's maker has all capabilities over who is in it
 * (user_namespaces(7)): with root's, also the root of a container that shares the host's pid namespace
 * and has no capabilities at all. It could trace this process and reach the host's files by /proc/PID/root.
 */
function hidesFromOwners({ host, namespaces }: Planning): boolean {
  return namespaces.isNew("user") && host.euid === 0;
}

/**
 * Whether the cgroup namespace is joined by the child. Below the root of the one that is joined the
 * container's own cgroup does not exist: cloning into it would fail with ENOENT where cgroup2 is
 * mounted with nsdelegate.
 */
function joinsCgroupLate({ namespaces, request }: Planning): boolean {
  return namespaces.isJoined("cgroup") && request.cgroups.into !== undefined;
}

/** All are opened before the first is joined: their paths are of the runtime's mount namespace. */
function openJoined({ entering, namespaces, program }: Planning): Map<LinuxNamespaceType, number> {
  const slots = new Map<LinuxNamespaceType, number>();
  for (const { type, path, at } of namespaces.joined()) {
    const slot = program.slot();
    slots.set(type, slot);
    entering.add(at, { op: "open_namespace", slot, path, type: NAMESPACE_FLAGS[type] });
  }
  return slots;
}

/**
 * A namespace may be owned by the user namespace that is joined too, or by one above it that
 * only the host's privileges open. So each is tried before and again after it.
 */
function joinAll(planning: Planning, slots: ReadonlyMap<LinuxNamespaceType, number>): void {
  const order = joinsCgroupLate(planning) ? JOIN_ORDER.filter((type) => type !== "cgroup") : JOIN_ORDER;
  if (slots.has("user")) {
    for (const type of order) joinOne(planning, slots, type, 1);
    joinOne(planning, slots, "user", 0);
  }
  for (const type of order) joinOne(planning, slots, type, 0);
}

function joinOne(
  { entering, namespaces }: Planning,
  slots: ReadonlyMap<LinuxNamespaceType, number>,
  type: LinuxNamespaceType,
  tolerate: number,
): void {
  const slot = slots.get(type);
  if (slot === undefined) return;
  entering.add(namespaces.at(type), { op: "join_namespace", slot, type: NAMESPACE_FLAGS[type], tolerate });
}

function makeUserNamespace({ entering, host, namespaces }: Planning, hidden: boolean): void {
  entering.add(namespaces.at("user"), { op: "unshare", flags: NAMESPACE_FLAGS.user });
  // The map files of a process that is not dumpable belong to root: an engine that is not root
  // could not write them.
  const shows = hidden && host.euid !== 0;
  if (shows) entering.add(OWN, { op: "set_dumpable", value: 1 });
  entering.add(place("/linux/uidMappings"), { op: "sync", point: SYNC_MAP_IDS, slot: NO_SLOT });
  if (shows) entering.add(OWN, { op: "set_dumpable", value: 0 });
}

/**
 * Namespaces that neither stage A nor the clone makes. In a user namespace the child makes them, as root of
 * it: what the kernel puts into them at birth (the root of mqueue) gets that owner. The child
 * must also make a cgroup namespace when it is cloned into a cgroup2 directory: the root is the
 * cgroup of who makes the namespace, and the parent is not in the container's.
 */
function childsOwn({ inUserNamespace, request, namespaces }: Planning): LinuxNamespaceType[] {
  if (inUserNamespace) return ["mount", "cgroup", "uts", "ipc", "network"];
  return namespaces.isNew("cgroup") && request.cgroups.into !== undefined ? ["cgroup"] : [];
}

function cloneFirstProcess(planning: Planning): void {
  const { entering, namespaces, request } = planning;
  const cgroup = request.cgroups.into === undefined ? NO_SLOT : planning.slot();
  if (request.cgroups.wait) planning.before.add(CGROUP, { op: "sync", point: SYNC_CGROUP, slot: NO_SLOT });
  if (request.cgroups.into !== undefined) {
    planning.before.add(CGROUP, { op: "open_directory", slot: cgroup, path: request.cgroups.into, readable: 1 });
  }
  // v1: the child is born where its parent is.
  for (const path of request.cgroups.join) planning.before.add(CGROUP, { op: "join_cgroup", path });
  const flags = namespaces.newFlags(["user", "time", ...FIRST, ...childsOwn(planning)]);
  entering.add(ALL, { op: "clone", flags, cgroup });
}

const CGROUP = place("/linux/cgroupsPath");

/** Stage B's beginning: the namespaces that the child makes itself. */
export function planOwnNamespaces(planning: Planning): void {
  const { start, namespaces } = planning;
  const flags = namespaces.newFlags(typesWithout(childsOwn(planning)));
  if (flags !== 0) start.add(ALL, { op: "unshare", flags });
  if (planning.inUserNamespace) planLoopback(planning, start);
}
