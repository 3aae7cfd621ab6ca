// process.capabilities: config.md, "Linux Process"; capabilities(7).

import {
  CAP_CHOWN,
  CAP_DAC_OVERRIDE,
  CAP_DAC_READ_SEARCH,
  CAP_FOWNER,
  CAP_SETGID,
  CAP_SETUID,
  CAP_SYS_ADMIN,
  CAP_SYS_NICE,
  CAP_SYS_RESOURCE,
} from "./constants.js";
import type { LinuxCapabilities } from "../spec/types.gen.js";
import type { Planning } from "./planning.js";
import { OWN, place, type StepList } from "./program.js";
import { isEarlySeccomp } from "./seccomp.js";

/** Every capability by its number (linux/capability.h, Linux 5.9). */
const CAPABILITIES: readonly string[] = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_DAC_READ_SEARCH",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETPCAP",
  "CAP_LINUX_IMMUTABLE",
  "CAP_NET_BIND_SERVICE",
  "CAP_NET_BROADCAST",
  "CAP_NET_ADMIN",
  "CAP_NET_RAW",
  "CAP_IPC_LOCK",
  "CAP_IPC_OWNER",
  "CAP_SYS_MODULE",
  "CAP_SYS_RAWIO",
  "CAP_SYS_CHROOT",
  "CAP_SYS_PTRACE",
  "CAP_SYS_PACCT",
  "CAP_SYS_ADMIN",
  "CAP_SYS_BOOT",
  "CAP_SYS_NICE",
  "CAP_SYS_RESOURCE",
  "CAP_SYS_TIME",
  "CAP_SYS_TTY_CONFIG",
  "CAP_MKNOD",
  "CAP_LEASE",
  "CAP_AUDIT_WRITE",
  "CAP_AUDIT_CONTROL",
  "CAP_SETFCAP",
  "CAP_MAC_OVERRIDE",
  "CAP_MAC_ADMIN",
  "CAP_SYSLOG",
  "CAP_WAKE_ALARM",
  "CAP_BLOCK_SUSPEND",
  "CAP_AUDIT_READ",
  "CAP_PERFMON",
  "CAP_BPF",
  "CAP_CHECKPOINT_RESTORE",
];

/** What `features` lists, in the kernel's order. */
export const capabilityNames = (): string[] => [...CAPABILITIES];

/** The number of a capability as its bit; 0n when it has none. */
function capabilityBit(name: string): bigint {
  const number = CAPABILITIES.indexOf(name);
  return number < 0 ? 0n : 1n << BigInt(number);
}

/** What the steps between the entry into a container and its program need, whatever the config says. */
const FOR_ENTRY = CAP_SETUID | CAP_SETGID | CAP_DAC_OVERRIDE | CAP_SYS_RESOURCE | CAP_SYS_NICE;
/** The terminal is opened and given to the user. */
const FOR_TERMINAL = CAP_CHOWN | CAP_FOWNER | CAP_DAC_READ_SEARCH;
/** The five sets as bits. */
export type CapabilitySets = Record<keyof LinuxCapabilities, bigint>;

const AT = place("/process/capabilities");

/**
 * The sets of the config, without what can't be granted: names that nobody knows, capabilities
 * that this kernel or the caller lacks. Those are warned about, as the specification says. A set
 * that is absent is empty; so are all of them when `capabilities` is absent.
 */
export function capabilitySets(planning: Planning): CapabilitySets {
  const available = availableCapabilities(planning);
  const ignored = new Set<string>();
  const read = (names: readonly string[] | undefined) =>
    (names ?? []).reduce((bits, name) => {
      const bit = capabilityBit(name) & available;
      if (bit === 0n) ignored.add(name);
      return bits | bit;
    }, 0n);
  const { bounding, effective, inheritable, permitted, ambient } = planning.config.process.capabilities ?? {};
  const sets: CapabilitySets = {
    bounding: read(bounding),
    effective: read(effective),
    inheritable: read(inheritable),
    permitted: read(permitted),
    ambient: read(ambient),
  };
  // The text is runc's: engines' tests look for it.
  if (ignored.size > 0)
    planning.warn(OWN, `ignoring unknown or unavailable capabilities: [${[...ignored].sort().join(" ")}]`);
  const { effective: asked, ambient: raised } = sets;
  sets.effective &= sets.permitted;
  sets.ambient &= sets.permitted & sets.inheritable;
  warnUngranted(planning, asked & ~sets.effective, "effective without being permitted");
  // Not when nothing is inheritable: `runc spec` has written such configs since CVE-2022-29162, and says nothing of it.
  if (inheritable?.length) {
    warnUngranted(planning, raised & ~sets.ambient, "ambient without being permitted and inheritable");
  }
  return sets;
}

/** capset(2) and PR_CAP_AMBIENT refuse what the sets below don't hold. One warning, not one for each. */
function warnUngranted(planning: Planning, lost: bigint, why: string): void {
  if (lost === 0n) return;
  const names = CAPABILITIES.filter((name) => capabilityBit(name) & lost);
  planning.warn(AT, `${why}, so not granted: ${names.join(", ")}`);
}

/** A new user namespace gives its first process all; else nobody can have more than the caller. */
function availableCapabilities({ host, inUserNamespace }: Planning): bigint {
  const all = (1n << BigInt(host.lastCapability + 1)) - 1n;
  return inUserNamespace ? all : all & (host.capabilities ?? all);
}

/** Drops the bounding set, which needs CAP_SETPCAP: before the change of user. */
export function planBounding(list: StepList, { bounding }: CapabilitySets): void {
  list.add(place("/process/capabilities/bounding"), { op: "drop_bounding", keep: bounding });
}

/**
 * What a process that comes into a container keeps of the host's capabilities, before anything in there can see
 * it: a container that has CAP_SYS_PTRACE over the host may take hold of it, and gets no more than this. Its
 * bounding set is the container's by then, as root gets that back with the next program.
 */
export function planEntryRights(list: StepList, planning: Planning, sets: CapabilitySets): void {
  const { terminal, ioPriority } = planning.config.process;
  // A filter without no_new_privs (seccomp(2)); real-time I/O before Linux 5.14 (ioprio_set(2)).
  const needsAdmin = isEarlySeccomp(planning) || ioPriority?.class === "IOPRIO_CLASS_RT";
  const needed = FOR_ENTRY | (terminal ? FOR_TERMINAL : 0n) | (needsAdmin ? CAP_SYS_ADMIN : 0n);
  const kept = sets.permitted | sets.inheritable | (needed & availableCapabilities(planning));
  list.add(AT, { op: "set_capabilities", effective: kept, permitted: kept, inheritable: 0n, ambient: 0n });
}

/**
 * What the user is given for the way to the working directory: it may be open to root alone
 * (/root with another user), or to the user alone (FUSE, NFS). The change of user took all
 * effective capabilities; the permitted ones are still there.
 */
export function planSearchRights(planning: Planning, { permitted, inheritable }: CapabilitySets): void {
  const search = CAP_DAC_OVERRIDE & availableCapabilities(planning);
  planning.inside.add(AT, {
    op: "set_capabilities",
    effective: search,
    // Inheritable ones can only be set from permitted ones.
    permitted: permitted | inheritable | search,
    inheritable: 0n,
    ambient: 0n,
  });
}

/** The sets that the program starts with. */
export function planCapabilities(
  { inside }: Planning,
  { effective, permitted, inheritable, ambient }: CapabilitySets,
): void {
  inside.add(AT, { op: "set_capabilities", effective, permitted, inheritable, ambient });
}
