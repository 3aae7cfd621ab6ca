// The programs around criu: criu itself, started so that nothing of the engine reaches it, and the one that
// makes mount points. Pure, as plan.ts is.

import type { Spec } from "../spec/types.gen.js";
import { RuntError } from "../errors.js";
import {
  EXPECT_DIRECTORY,
  EXPECT_NULL_DEVICE,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
} from "./constants.js";
import { DEFAULT_DEVICE_PATHS } from "./devices.js";
import { attachBind, bindTree, type PlannedMount, planSourceMount, readMount } from "./mounts.js";
import { NAMESPACE_FLAGS } from "./namespaces.js";
import { cleanPath, isWithin } from "./paths.js";
import { Planning } from "./planning.js";
import { OWN, type Place, place, StepList } from "./program.js";
import { openRoot, planHostPropagation } from "./rootfs.js";
import { NO_SLOT, SYNC_CGROUP } from "./steps.gen.js";
import { openTree } from "./trees.js";
import type { CgroupPlacement, ContainerRequest, Host, Plan } from "./types.js";

/** How criu is run. */
export interface CriuCommand {
  /** Absolute path of criu. */
  path: string;
  args: readonly string[];
  env: readonly string[];
  /** How many descriptors it gets from 3 on. */
  preserve: number;
}

/** criu in the runtime's own surroundings. */
export function planCriu(command: CriuCommand): Plan {
  const list = new StepList();
  addCriu(list, command);
  return { steps: list.steps, slots: 0, passed: 0, warnings: [] };
}

function addCriu(list: StepList, { path, args, env, preserve }: CriuCommand): void {
  list.add(OWN, { op: "find_program", name: path, path: "" });
  list.add(OWN, { op: "close_descriptors", first: 3 + preserve });
  list.add(OWN, { op: "execute", args: ["criu", ...args], env });
}

/** What criu mounts by a name of ours: see src/container/external-mounts.ts. */
export type ExternalSource =
  /** A bind mount, by its destination in config.json. */
  | { kind: "mount"; destination: string }
  /** What covers masked files. */
  | { kind: "null" }
  /** A device node of the host, bound because the user namespace may not make one. */
  | { kind: "device"; path: string }
  /** The directory of service notification. */
  | { kind: "notify" };

/** A source under the name that criu has for it. */
export interface ShownSource {
  name: string;
  source: ExternalSource;
  /** Of a bind mount and a device: the mount point of the host that it lies on. */
  mountPoint?: string;
}

/** A container that criu is to bring back. */
export interface RestoreRequest extends Pick<ContainerRequest, "id" | "bundle" | "stateDir"> {
  /** Made when the checkpoint has one. */
  notifyDirectory: string;
  /**
   * A directory of the host that users of user namespaces can reach, below which criu is shown the container's root and
   * the sources of its mounts: see rootSeen and sourceSeen. In criu's mount namespace nothing else is there.
   */
  stage: string;
  sources: readonly ShownSource[];
  cgroups: CgroupPlacement;
}

const ROOT_NAME = "root";

/** Where criu sees the container's root. */
export const rootSeen = (stage: string): string => `${stage}/${ROOT_NAME}`;

/** Where criu sees a source of that name. */
export const sourceSeen = (stage: string, name: string): string => `${stage}/${name}`;

/**
 * criu for a restore: in the container's cgroups, where all that it makes is born, and in a mount namespace of its own
 * with the container's root as criu wants it: a mount point that nothing covers. The host sees none of it, and nothing is
 * left when criu is killed.
 */
export function planRestore(config: Spec, host: Host, request: RestoreRequest, command: CriuCommand): Plan {
  const planning = planningOf(config, host, request);
  const { inside } = planning;
  const first = new StepList();
  joinCgroups(first, request.cgroups);
  planOwnMounts(planning);
  // Opened before the stage covers what they may lie on.
  const sources = request.sources.map((shown) => ({ ...openSource(planning, shown), target: `/${shown.name}` }));
  // It follows the host, as the root of a container of runc's may: criu takes from it whom to follow, and makes it private
  // where the images say so.
  const root = openRoot(planning);
  const stage = planning.slot();
  const at = place("/root/path");
  const own = { data: "mode=711", parameters: [], superblock: 0, attributes: 0 };
  inside.add(at, { op: "make_filesystem", slot: stage, type: "tmpfs", source: "restore", ...own });
  inside.add(at, { op: "attach_root", slot: stage, path: request.stage });
  for (const source of sources) attachBind(inside, source.at, source.slot, source.target);
  inside.add(at, { op: "make_directory", path: `/${ROOT_NAME}`, mode: 0o711, uid: 0, gid: 0 });
  inside.add(at, { op: "attach_root", slot: root.slot, path: rootSeen(request.stage) });
  // criu takes the root as it is given it: the flags of its mount are ours to set.
  if (config.root.readonly) inside.add(place("/root/readonly"), { op: "set_root", propagation: 0, readonly: 1 });
  // Inherited by all that criu makes: before 3.18 it does not keep it, and programs with a set-uid bit would count again.
  if (config.process.noNewPrivileges) inside.add(place("/process/noNewPrivileges"), { op: "set_no_new_privs" });
  addCriu(inside, command);
  return finish(planning, first);
}

function joinCgroups(list: StepList, { join, into, wait }: CgroupPlacement): void {
  const at = place("/linux/cgroupsPath");
  if (wait) list.add(at, { op: "sync", point: SYNC_CGROUP, slot: NO_SLOT });
  else for (const path of [...join, ...(into === undefined ? [] : [into])]) list.add(at, { op: "join_cgroup", path });
}

/**
 * Makes the mount points that the root filesystem lacks, as creating the container would. criu mounts by path, and
 * makes none. The mounts themselves go away with this program. Those on a tmpfs of the config come with its contents.
 */
export function planMountPoints(config: Spec, host: Host, request: RestoreRequest): Plan {
  const planning = planningOf(config, host, request);
  planOwnMounts(planning);
  // On its own place: this program sees the host as it is.
  const { at, path, slot } = openRoot(planning);
  planning.inside.add(at, { op: "attach_root", slot, path });
  const temporary = temporaryDirectories(config);
  config.mounts?.forEach((mount, index) => {
    const planned = readMount(mount, index);
    const { at, destination: target } = planned;
    const { bind, remount } = planned.options;
    if (mount.type === "cgroup" || (remount && !bind)) return;
    if (temporary.some((directory) => target !== directory && isWithin(target, directory))) return;
    // A bind mount is made, so that mount points in it are found, too.
    if (bind) {
      const slot = openTree(planning, at, { ...bindTree(planning, planned), follows: false });
      attachBind(planning.inside, at, slot, target, planned.options.links);
    } else planning.inside.add(at, { op: "make_directory", path: target, mode: 0o755, uid: 0, gid: 0 });
  });
  return finish(planning);
}

/**
 * Opens a source with the flags and mappings of the config. criu copies it, so that the mount has these from the first
 * moment; by itself criu forgets those of the second of two mounts of one file system.
 */
function openSource(planning: Planning, { source, mountPoint }: ShownSource): { at: Place; slot: number } {
  const { config, request } = planning;
  if (source.kind === "mount") {
    // The whole mount of the host: criu takes its propagation from there, and the kernel allows that only when it shows
    // all that is mounted from it (MOVE_MOUNT_SET_GROUP).
    const planned = findBind(config, source.destination);
    return { at: planned.at, slot: planSourceMount(planning, planned, mountPoint!) };
  }
  if (source.kind === "device") {
    const at = place("/linux/devices", source.path);
    const slot = openTree(planning, at, { path: mountPoint!, recursive: false, follows: true });
    // As make_node binds the host's nodes.
    const set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
    planning.sources.add(at, { op: "set_tree", slot, set, clear: 0, propagation: 0, recursive: 0 });
    return { at, slot };
  }
  const [at, path, expect] =
    source.kind === "null"
      ? [place("/linux/maskedPaths"), "/dev/null", EXPECT_NULL_DEVICE]
      : [OWN, request.notifyDirectory!, EXPECT_DIRECTORY];
  return { at, slot: openTree(planning, at, { path, recursive: false, expect, follows: false }) };
}

/** What may be mounted is said by config.json alone, never by the checkpoint. */
export function findBind(config: Spec, destination: string): PlannedMount {
  const wanted = cleanPath(destination);
  const found = (config.mounts ?? [])
    .map(readMount)
    .findLast((planned) => planned.options.bind && planned.destination === wanted);
  if (found) return found;
  throw new RuntError({
    where: "mounts",
    cause: `the container that was checkpointed had a bind mount at ${wanted}, and config.json has none there`,
  });
}

/** The host's device for a path of the container's: the same one, when the config has it. */
export function findDevice(config: Spec, text: string): string {
  const path = cleanPath(text);
  const known = [...DEFAULT_DEVICE_PATHS, ...(config.linux?.devices ?? []).map((device) => cleanPath(device.path))];
  if (known.includes(path)) return path;
  throw new RuntError({
    where: "linux.devices",
    cause: `the container that was checkpointed had the host's device ${path}, and config.json has none there`,
  });
}

/** Where the contents are in the checkpoint. */
function temporaryDirectories({ mounts = [] }: Spec): string[] {
  return mounts.filter(({ type }) => type === "tmpfs").map(({ destination }) => cleanPath(destination));
}

function planningOf(config: Spec, host: Host, request: RestoreRequest): Planning {
  const { id, bundle, stateDir, notifyDirectory, cgroups } = request;
  return new Planning(config, host, {
    ...{ id, bundle, stateDir, notifyDirectory, cgroups },
    ...{ waitForStart: false, preserve: 0, listenFds: 0, noPivot: false, noNewKeyring: false },
  });
}

function planOwnMounts({ start }: Planning): void {
  start.add(OWN, { op: "unshare", flags: NAMESPACE_FLAGS.mount });
  planHostPropagation(start);
}

/** No process is cloned: what stage A would open is opened by the same process. */
function finish({ before, start, inside, program }: Planning, first = new StepList()): Plan {
  return {
    steps: [first, start, before, inside].flatMap(({ steps }) => steps),
    slots: program.slots,
    passed: program.passed,
    warnings: program.warnings,
  };
}
