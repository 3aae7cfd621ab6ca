// Mounts of a container that criu is not to keep but to be given anew: what is the host's. They are known to criu by
// names of our own counting. Text of the image or of the container never becomes a name: criu reads "mnt[KEY]:NAME",
// and a destination with "]:" in it would be read as another one (CVE-2026-119101, CVE-2026-115520).

import { RuntError } from "../errors.js";
import { native } from "../host/native.js";
import { mountAt, type MountEntry } from "../host/mountinfo.js";
import { S_IFLNK, S_IFMT } from "../host/constants.js";
import { foldMountOptions } from "../plan/mount-options.js";
import { NOTIFY_TARGET } from "../plan/notify.js";
import { cleanPath } from "../plan/paths.js";
import { DEFAULT_DEVICE_PATHS } from "../plan/devices.js";
import type { ExternalSource } from "../plan/criu.js";
import type { Mount, Spec } from "../spec/types.gen.js";

export interface ExternalMount {
  /** criu's name for it. */
  name: string;
  /** Where it is in the container, as the kernel says it. */
  point: string;
  source: ExternalSource;
}

const MOST_LINKS = 40;

/**
 * Finds the external mounts of a container. In: its config, the mounts of its first process, and a way to resolve a path
 * in its root.
 */
export function findExternalMounts(
  config: Spec,
  mounts: readonly MountEntry[],
  resolve: (path: string) => string,
): ExternalMount[] {
  const found: ExternalMount[] = [];
  const add = (point: string, source: ExternalSource) => {
    if (found.some((one) => one.point === point) || !mountAt(mounts, point)) return;
    // Between brackets in criu's text.
    if (point.includes("]")) {
      throw new RuntError({
        attempt: "checkpoint",
        path: point,
        cause: 'criu can\'t name a mount point that holds "]"',
      });
    }
    found.push({ name: `m${found.length}`, point, source });
  };
  for (const mount of bindMounts(config)) {
    refuseLinks(mount);
    add(resolve(cleanPath(mount.destination)), { kind: "mount", destination: mount.destination });
  }
  for (const path of config.linux?.maskedPaths ?? []) {
    const point = cleanPath(path);
    // Directories are masked by a tmpfs, which is the container's own.
    if (mountAt(mounts, point)?.root.endsWith("/null")) add(point, { kind: "null" });
  }
  for (const path of [
    ...DEFAULT_DEVICE_PATHS,
    ...(config.linux?.devices ?? []).map((device) => cleanPath(device.path)),
  ]) {
    add(path, { kind: "device", path });
  }
  add(NOTIFY_TARGET, { kind: "notify" });
  return found;
}

/** A symlink that is mounted, or mounted on, has no name that criu would not follow. */
function refuseLinks({ destination, options = [] }: Mount): void {
  const { source, target } = foldMountOptions(options).links;
  if (!source && !target) return;
  throw new RuntError({
    attempt: "checkpoint",
    path: destination,
    cause: `criu can't keep a mount with the option "${source ? "src" : "dest"}-nofollow"`,
  });
}

/** The bind mounts of a config, with their places in it. */
export function bindMounts({ mounts = [] }: Spec): Mount[] {
  return mounts.filter(({ options = [] }) => foldMountOptions(options).bind);
}

/**
 * Where a path of a process's root leads, by text: symlinks are followed as that process would. What a hostile process
 * changes meanwhile gives a path that is no mount point, or another mount of its own.
 */
export function resolveIn(pid: number, path: string): string {
  let resolved: string[] = [];
  const rest = path.split("/").reverse();
  for (let links = 0; rest.length > 0; ) {
    const part = rest.pop()!;
    if (part === "" || part === ".") continue;
    if (part === "..") {
      resolved.pop();
      continue;
    }
    const next = [...resolved, part];
    const host = `/proc/${pid}/root/${next.join("/")}`;
    const status = native().lstat(host);
    if (status === null || (status.mode & S_IFMT) !== S_IFLNK || ++links > MOST_LINKS) {
      resolved = next;
      continue;
    }
    const text = native().readlink(host);
    if (text.startsWith("/")) resolved = [];
    rest.push(...text.split("/").reverse());
  }
  return `/${resolved.join("/")}`;
}
