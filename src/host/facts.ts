// What the machine is like, read once for a plan.

import { RuntError } from "../errors.js";
import type { CgroupLayout, Host } from "../plan/types.js";
import { SELINUX_MAGIC } from "./constants.js";
import { launchNote } from "./launch.js";
import { native } from "./native.js";

// linux/capability.h of Linux 5.9: CAP_CHECKPOINT_RESTORE.
const LAST_CAPABILITY_OF_5_9 = 40;

/**
 * Reads the machine. In: how its cgroups are found, the dearest part, done only when somebody asks for them
 * (detectCgroups of src/cgroup, which builds on this folder).
 */
export function readHost(detectCgroups: () => CgroupLayout): Host {
  const addon = native();
  const euid = addon.geteuid();
  const rootless = euid !== 0 || !isInitialUserNamespace(addon.readFileIfAny("/proc/self/uid_map"));
  let cgroup: CgroupLayout | undefined;
  return {
    kernel: parseKernelVersion(addon.uname().release),
    euid,
    egid: addon.getegid(),
    rootless,
    get cgroup() {
      cgroup ??= detectCgroups();
      return cgroup;
    },
    get mayMount() {
      return !rootless || addon.mayMount();
    },
    nofile: launchNote().nofile,
    lastCapability: Number(addon.readFileIfAny("/proc/sys/kernel/cap_last_cap") ?? LAST_CAPABILITY_OF_5_9),
    apparmor: addon.readFileIfAny("/sys/module/apparmor/parameters/enabled")?.startsWith("Y") ?? false,
    // Only a user namespace can have given it up.
    setgroupsDenied: rootless && addon.readFileIfAny("/proc/self/setgroups")?.startsWith("deny") === true,
    capabilities: addon.permittedCapabilities(),
    selinux: addon.filesystemType("/sys/fs/selinux") === SELINUX_MAGIC,
  };
}

/** "6.18.44-fc" → 6, 18. Throws RuntError. */
export function parseKernelVersion(release: string): Host["kernel"] {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  if (major === undefined) throw new RuntError(`kernel release "${release}" is no version`);
  return { major: Number(major), minor: Number(minor) };
}

/**
 * Is this the map of the initial user namespace: every id maps to itself? In: the text of
 * /proc/self/uid_map, null for a kernel without user namespaces, which has only the initial one.
 */
export function isInitialUserNamespace(uidMap: string | null): boolean {
  return uidMap === null || uidMap.trim().split(/\s+/).join(" ") === "0 0 4294967295";
}
