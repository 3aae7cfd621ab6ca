// Handing a container's cgroup to the user who runs in it, so that it may make sub-cgroups of its own
// (config-linux.md, Cgroup ownership). cgroup v2 only: delegation is not secure in v1.

import { ENOENT } from "../host/constants.js";
import { native } from "../host/native.js";
import type { Spec } from "../spec/types.gen.js";
import { errnoOf, failure } from "./failure.js";
import { parseWords } from "./proc-files.js";

// What the spec says to use where /sys/kernel/cgroup/delegate is missing (Linux before 4.15).
const FILES = ["cgroup.procs", "cgroup.subtree_control", "cgroup.threads"];
const UNCHANGED = 0xffffffff;

/**
 * The host uid that shall own the container's cgroup, or undefined when nobody shall: only with a new cgroup
 * namespace and a writable cgroup mount at /sys/fs/cgroup is there anything to gain. Pure.
 */
export function delegationOwner(config: Spec): number | undefined {
  const namespaces = config.linux?.namespaces ?? [];
  const isNew = (type: string) => namespaces.some((one) => one.type === type && !one.path);
  if (!isNew("cgroup")) return undefined;
  const mount = config.mounts?.find(
    ({ source, destination }) => source === "cgroup" && destination.replace(/\/+$/, "") === "/sys/fs/cgroup",
  );
  if (!mount || mount.options?.includes("ro")) return undefined;

  const uid = config.process?.user?.uid ?? 0;
  // The mappings of a namespace that is joined are not in the config.
  if (namespaces.some(({ type, path }) => type === "user" && path)) return undefined;
  if (!isNew("user")) return uid === 0 ? undefined : uid;
  const mapping = config.linux?.uidMappings?.find(
    ({ containerID, size }) => uid >= containerID && uid < containerID + size,
  );
  return mapping && mapping.hostID + uid - mapping.containerID;
}

/** What goes along with the directory. In: /sys/kernel/cgroup/delegate, null where there is none. Pure. */
export const delegatedFiles = (listed: string | null): string[] => (listed === null ? FILES : parseWords(listed));

/** Gives the directory and the files that the kernel names for it to a user. Throws RuntError. */
export function delegateCgroup(directory: string, uid: number): void {
  const files = delegatedFiles(native().readFileIfAny("/sys/kernel/cgroup/delegate"));
  for (const path of [directory, ...files.map((file) => `${directory}/${file}`)]) {
    try {
      native().chown(path, uid, UNCHANGED);
    } catch (error) {
      // Not every listed file is in every cgroup (memory.* without its controller).
      if (errnoOf(error) === ENOENT) continue;
      throw failure(error, { attempt: `give to user ${uid}`, path });
    }
  }
}
