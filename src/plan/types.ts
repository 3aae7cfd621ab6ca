// What a plan is made from and what it is. Everything here is data: no file is opened.

import type { Step } from "./steps.gen.js";

/** How /sys/fs/cgroup is laid out: v2 alone, or v1 hierarchies (with or without a v2 beside them). */
export interface CgroupLayout {
  version: 1 | 2;
  /** v2: where cgroup2 is mounted. v1: the mount point of the hybrid's unified hierarchy, if any. */
  unified?: string;
  /** v1: controllers (and named hierarchies as "name=systemd") → mount point; co-mounted ones share it. */
  hierarchies: Record<string, string>;
  /** The caller's own cgroup: v1 by controller, v2 under "". */
  own: Record<string, string>;
}

/** What the machine is like, read once before planning (src/host/facts.ts). */
export interface Host {
  kernel: { major: number; minor: number };
  euid: number;
  egid: number;
  /** Not uid 0 of the initial user namespace: no real privilege over the host. */
  rootless: boolean;
  cgroup: CgroupLayout;
  /** RLIMIT_NOFILE as the caller of runt had it (Node raises its own), when it was noted. */
  nofile?: { soft: bigint; hard: bigint };
  /** /proc/sys/kernel/cap_last_cap. */
  lastCapability: number;
  apparmor: boolean;
  selinux: boolean;
  /** setgroups(2) is denied in the caller's own user namespace (/proc/self/setgroups). */
  setgroupsDenied?: boolean;
  /** The mount namespace is the caller's to change: not after `unshare --user` alone. Unless said, that of euid 0 is. */
  mayMount?: boolean;
  /** The caller's permitted capabilities as a bit set; all of the kernel's when not known. */
  capabilities?: bigint;
}

/** One of the caller's standard streams that may change hands: a pipe or a file. */
export interface Stream {
  fd: number;
  /** The uid of its owner. */
  owner: number;
}

/** What a command adds to the config: one container's request to be planned. */
export interface ContainerRequest {
  id: string;
  /** Absolute. */
  bundle: string;
  /**
   * Of a container in the runtime's mount namespace: its root's directory without symlinks, as the journal has it.
   * Without it root.path.
   */
  readonly rootPoint?: string | undefined;
  /** Absolute directory of the container's state, for an ephemeral overlay's upper layer. */
  stateDir: string;
  /** create: wait for `start` on the listening socket that the engine passes in slot 0. run: go on at once. */
  waitForStart: boolean;
  /** How many descriptors (LISTEN_FDS and --preserve-fds together) stay open from 3 on. */
  preserve: number;
  /** LISTEN_FDS to be told to the container (0: none). */
  listenFds: number;
  /** LISTEN_FDNAMES, along with it. */
  listenFdNames?: string;
  /** Absolute directory of the host that becomes /run/notify, for a caller with $NOTIFY_SOCKET. */
  notifyDirectory?: string;
  noPivot: boolean;
  noNewKeyring: boolean;
  /** What the container's process gets as standard input, output and error. */
  streams?: readonly Stream[];
  /** Where the first process goes: directories of v1 hierarchies, or one v2 directory. */
  cgroups: CgroupPlacement;
  /** The caller's environment, "NAME=value" each. Asked for when a hook has none of its own. */
  readonly environment?: readonly string[] | undefined;
  /** The compiled filter, when config.json has linux.seccomp. Asked for when it is planned. */
  readonly seccomp?: { filter: Uint8Array; flags: number } | undefined;
}

export interface CgroupPlacement {
  /** Directories of v1 hierarchies: joined before the clone. */
  join: readonly string[];
  /** The directory of cgroup2 (v2, or the hybrid's beside v1) to clone into; the child then makes its own cgroup namespace. */
  into?: string | undefined;
  /** The directories are made while runt-init waits at its first step (systemd). */
  wait?: boolean;
  /** Making the directories may leave some of them out (rootless). */
  tentative?: boolean;
}

/** A step with the place in config.json that asked for it. */
export interface PlannedStep {
  step: Step;
  /** JSON pointer ("" when it is the runtime's own doing). */
  pointer: string;
  /** The place as errors show it: "mounts[4] (/proc → proc)". */
  where: string;
}

export interface Plan {
  steps: PlannedStep[];
  /** How many slots the program has in all; the first `passed` of them come from the engine. */
  slots: number;
  passed: number;
  /** What the user should know although it is no error (unknown capabilities …). */
  warnings: string[];
}
