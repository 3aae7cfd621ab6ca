// How cgroups are laid out on this machine. Runs with nearly every command, so it asks for as
// little as it can: one read of /proc/self/cgroup and one statfs(2) a hierarchy. A machine may have
// thousands of mounts, so /proc/self/mountinfo is only read when a hierarchy is not in its usual place.

import type { CgroupLayout } from "../plan/types.js";
import { native } from "../host/native.js";
import { RuntError } from "../errors.js";
import { parseCgroupMounts, parseProcessCgroups, type CgroupMount, type ProcessCgroup } from "./proc-files.js";

const ROOT = "/sys/fs/cgroup";
// linux/magic.h
const CGROUP_SUPER_MAGIC = 0x27e0eb;
const CGROUP2_SUPER_MAGIC = 0x63677270;

/** What detection asks of the machine: replaced in unit tests. */
export interface DetectionSource {
  /** Text of /proc/self/cgroup. */
  ownCgroups(): string;
  /** Text of /proc/self/mountinfo. */
  mountInfo(): string;
  /** f_type of statfs(2), null when the path is not there. */
  filesystemType(path: string): number | null;
}

const machine: DetectionSource = {
  ownCgroups: () => native().readFileIfAny("/proc/self/cgroup") ?? "",
  mountInfo: () => native().readFile("/proc/self/mountinfo"),
  filesystemType: (path) => native().filesystemType(path),
};

/** Finds the mounted hierarchies. Throws RuntError when there is no cgroup file system at all. */
export function detectCgroups(source: DetectionSource = machine): CgroupLayout {
  const own = parseProcessCgroups(source.ownCgroups());
  const ownPaths = Object.fromEntries(
    own.flatMap(({ controllers, path }) => controllers.map((controller) => [controller, path])),
  );

  if (source.filesystemType(ROOT) === CGROUP2_SUPER_MAGIC) {
    return { version: 2, unified: ROOT, hierarchies: {}, own: { "": ownPaths[""] ?? "/" } };
  }
  const places = new Places(source, own);
  const unified = own.some(({ list }) => list === "") ? places.unified() : undefined;
  const hierarchies: Record<string, string> = {};
  for (const { list, controllers } of own) {
    if (list === "") continue;
    const mountPoint = places.hierarchy(list, controllers);
    // A hierarchy that exists but is mounted nowhere here (a container's reduced view) cannot be used.
    if (mountPoint === undefined) continue;
    for (const controller of controllers) hierarchies[controller] = mountPoint;
  }
  if (Object.keys(hierarchies).length > 0) return { version: 1, unified, hierarchies, own: ownPaths };
  if (unified !== undefined) return { version: 2, unified, hierarchies: {}, own: { "": ownPaths[""] ?? "/" } };
  if (own.length === 0) {
    throw new RuntError({
      attempt: "read",
      path: "/proc/self/cgroup",
      cause: "there is nothing to be read",
      hint: "runt needs a procfs at /proc, and a kernel with cgroups",
    });
  }
  throw new RuntError({
    attempt: "look for cgroups",
    path: ROOT,
    cause: "no cgroup file system is mounted",
    hint: `mount one, e.g. mount -t cgroup2 none ${ROOT}`,
  });
}

/** Where hierarchies are mounted: the usual places first, the mount table when they do not tell. */
class Places {
  private mounts: CgroupMount[] | undefined;

  constructor(
    private readonly source: DetectionSource,
    private readonly own: ProcessCgroup[],
  ) {}

  unified(): string | undefined {
    const usual = `${ROOT}/unified`;
    if (this.source.filesystemType(usual) === CGROUP2_SUPER_MAGIC) return usual;
    // The line "0::" is there on every kernel with cgroup2, mounted or not. With all v1 hierarchies in
    // their usual places this is an ordinary legacy machine, not worth reading the mount table for.
    if (this.own.some(({ list }) => list !== "" && this.usual(list) !== undefined)) return undefined;
    return this.table().find(({ version }) => version === 2)?.mountPoint;
  }

  hierarchy(list: string, controllers: string[]): string | undefined {
    return (
      this.usual(list) ??
      this.table().find(
        (mount) => mount.version === 1 && controllers.every((controller) => mount.controllers.includes(controller)),
      )?.mountPoint
    );
  }

  private usual(list: string): string | undefined {
    // Controllers that are mounted together have a directory named after all of them and links named
    // after each; RHEL 7 and Debian order the long name differently from the kernel.
    const names = list.startsWith("name=") ? [list.slice(5)] : [list, ...list.split(",").slice(0, 1)];
    return [...new Set(names)]
      .map((name) => `${ROOT}/${name}`)
      .find((path) => this.source.filesystemType(path) === CGROUP_SUPER_MAGIC);
  }

  private table(): CgroupMount[] {
    this.mounts ??= parseCgroupMounts(this.source.mountInfo());
    return this.mounts;
  }
}
