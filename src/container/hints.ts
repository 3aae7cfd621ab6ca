// What to try when a step fails: one line for each pair of step and errno whose cause is known.
// A step without an entry is reported without a hint; a wrong hint is worse than none.

import {
  E2BIG,
  EACCES,
  EBUSY,
  EDQUOT,
  EINVAL,
  EMFILE,
  ENODEV,
  ENOENT,
  ENOMEM,
  ENOSPC,
  ENOSYS,
  ENOTBLK,
  ENOTDIR,
  EPERM,
  EROFS,
  EUSERS,
} from "../host/constants.js";
import type { Step } from "../plan/steps.gen.js";
import { closedHint, coveredHint, fileLimitHint, idHint, restrictedHint, userNamespaceHint } from "./machine-hints.js";

/** A text, or who looks at the machine for one. In: what runt-init says it attempted. */
type Hint = string | ((text: string) => string | undefined);
type Hints = Partial<Record<Step["op"], Readonly<Record<number, Hint>>>>;

const NAMESPACE_LIMIT = "a limit in /proc/sys/user/max_*_namespaces is reached";
const SELINUX_LABEL = "the policy that is loaded has no such label; it is user:role:type:level";

const READ_ONLY_PLACE =
  "what lies there is read-only: make it in the image, or in the source of the mount that is there";

const HINTS: Hints = {
  clone: {
    [ENOSPC]: NAMESPACE_LIMIT,
    [EUSERS]: NAMESPACE_LIMIT,
    [EPERM]: userNamespaceHint,
    [EINVAL]: "this kernel lacks one of the namespaces asked for",
  },
  make_node: {
    // By its path alone: only there the host's node is looked for.
    [ENOENT]:
      "in a user namespace, which can make no nodes, a device is the host's at the same path: make it there, or bind another one with an entry in mounts",
  },
  unshare: {
    [ENOSPC]: NAMESPACE_LIMIT,
    [EUSERS]: NAMESPACE_LIMIT,
    [EPERM]: userNamespaceHint,
    [EINVAL]: "this kernel lacks one of the namespaces asked for",
  },
  open_namespace: {
    [ENOENT]: "the process or bind mount that kept this namespace is gone",
    [EINVAL]: "the file is a namespace of another type",
    [EACCES]:
      "the process is another user's, or has more rights: its namespaces are for who has CAP_SYS_PTRACE over it",
  },
  join_namespace: { [EPERM]: "joining needs CAP_SYS_ADMIN in the user namespace that owns it" },
  join_cgroup: {
    [EBUSY]: "the cgroup has controllers enabled for its children, so it may hold no process",
    [ENOSPC]: "cpuset.cpus or cpuset.mems of the cgroup is empty",
  },
  clone_tree: {
    [ENOENT]: "the source must exist on the host before the container is created",
    [EACCES]: closedHint,
    [EINVAL]: (text) =>
      text.includes("locks") ? 'with "rbind" in place of "bind" the mounts below it come along' : undefined,
  },
  set_tree: {
    [EPERM]: (text) =>
      text.includes("locked")
        ? "a user namespace may not loosen what the host's mount has: leave the option that asks for it out of the list"
        : undefined,
  },
  make_filesystem: {
    [ENODEV]: "this kernel does not know the file system type",
    [EPERM]: coveredHint,
    [EINVAL]: idHint,
    [ENOTBLK]: "the source must be a block device; losetup makes one of an image file",
  },
  set_host_propagation: { [EACCES]: restrictedHint, [EPERM]: restrictedHint },
  write_self: {
    [EACCES]: (text) =>
      text.includes("oom_score_adj")
        ? "only CAP_SYS_RESOURCE may lower it below what the caller has: see /proc/self/oom_score_adj"
        : undefined,
    [EINVAL]: (text) => (text.includes("attr/") ? SELINUX_LABEL : undefined),
  },
  idmap_tree: { [ENOSYS]: "take the mappings out, or change the owners of the files" },
  make_user_namespace: {
    [ENOSPC]: NAMESPACE_LIMIT,
    [EPERM]: "mapping ids for a mount needs privilege over these ids",
    [EINVAL]: "the kernel does not take these mappings: see user_namespaces(7)",
  },
  attach_root: { [ENOENT]: "root.path must be an existing directory", [EACCES]: closedHint },
  attach_tree: {
    [EROFS]: READ_ONLY_PLACE,
    [EACCES]:
      "in a user namespace the container's root is another user on the host: the root filesystem's directories must let it through, and belong to it where something is to be made",
    [EBUSY]: "something else is mounted there",
  },
  pivot_root: { [EINVAL]: "the host's root is a ramdisk: use --no-pivot" },
  // Only arm64 says so: arch/arm64/kernel/sys.c.
  set_personality: { [EINVAL]: "LINUX32 needs a processor that runs 32-bit programs, as not all of arm64 do" },
  make_directory: {
    [ENOTDIR]: "it, or a part of the path, is a file in the image",
    [EROFS]: READ_ONLY_PLACE,
  },
  set_rlimit: { [EPERM]: fileLimitHint },
  set_scheduler: { [EPERM]: "the policy needs CAP_SYS_NICE, or real-time time for the cgroup (cpu.rt_runtime_us)" },
  set_io_priority: { [EPERM]: "the real-time class needs CAP_SYS_ADMIN or CAP_SYS_NICE" },
  write_sysctl: {
    [ENOENT]: "this kernel, or the container's namespaces, have no such sysctl",
    [EACCES]: "this sysctl is read-only in the container's namespaces",
  },
  set_seccomp: {
    [EACCES]: "loading a filter needs noNewPrivileges or CAP_SYS_ADMIN",
    [EINVAL]: "the kernel does not know one of the filter's flags or actions",
  },
  set_exec_label: {
    [ENOENT]:
      "no such profile is loaded: see /sys/kernel/security/apparmor/profiles, and load it with apparmor_parser -r FILE",
    [EACCES]: "the caller's own confinement does not allow the change of profile or label",
    [EPERM]: "the caller's own confinement, or its no_new_privs, does not allow the change of profile or label",
    [EINVAL]: (text) => (text.includes("selinux") ? SELINUX_LABEL : undefined),
  },
  enter_user: {
    [EINVAL]: "the id is not mapped in the container's user namespace: see linux.uidMappings and linux.gidMappings",
  },
  execute: {
    [E2BIG]:
      "process.args and process.env are too long together (see RLIMIT_STACK), or one text is longer than 128 KiB",
    [ENOMEM]:
      "a limit of process.rlimits (RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK) or of linux.resources.memory is too low",
  },
  join_keyring: {
    [EDQUOT]:
      "the container has the caller's: the user's keys are at a limit of kernel.keys (maxkeys, maxbytes; root_maxkeys, root_maxbytes), see /proc/key-users",
  },
  set_memory_policy: { [ENOSYS]: "this kernel has no NUMA support" },
};

/** EMFILE, in every step. */
const NO_FILES =
  "the caller's hard limit of open files is too low (ulimit -Hn, LimitNOFILE=): each mount needs a descriptor";

/** What to try, or undefined. In: the step that failed, the errno, what runt-init says it attempted. */
export function hintFor(op: Step["op"], errno: number, text: string): string | undefined {
  const hint = errno === EMFILE ? NO_FILES : HINTS[op]?.[errno];
  return typeof hint === "function" ? hint(text) : hint;
}
