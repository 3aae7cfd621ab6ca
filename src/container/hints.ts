// What to try when a step fails: one line for each pair of step and errno whose cause is known.
// A step without an entry is reported without a hint; a wrong hint is worse than none.

import { EACCES, EBUSY, EINVAL, ENODEV, ENOENT, ENOSPC, ENOSYS, EPERM, EROFS, EUSERS } from "../host/constants.js";
import type { Step } from "../plan/steps.gen.js";

type Hints = Partial<Record<Step["op"], Readonly<Record<number, string>>>>;

const NAMESPACE_LIMIT = "a limit in /proc/sys/user/max_*_namespaces is reached";
const NAMESPACE_RIGHT =
  "creating namespaces needs CAP_SYS_ADMIN or a user namespace in linux.namespaces; some kernels also forbid the latter by sysctl";

const HINTS: Hints = {
  clone: {
    [ENOSPC]: NAMESPACE_LIMIT,
    [EUSERS]: NAMESPACE_LIMIT,
    [EPERM]: NAMESPACE_RIGHT,
    [EINVAL]: "this kernel lacks one of the namespaces asked for",
  },
  unshare: {
    [ENOSPC]: NAMESPACE_LIMIT,
    [EUSERS]: NAMESPACE_LIMIT,
    [EPERM]: NAMESPACE_RIGHT,
    [EINVAL]: "this kernel lacks one of the namespaces asked for",
  },
  open_namespace: {
    [ENOENT]: "the process or bind mount that kept this namespace is gone",
    [EINVAL]: "the file is a namespace of another type",
  },
  join_namespace: { [EPERM]: "joining needs CAP_SYS_ADMIN in the user namespace that owns it" },
  join_cgroup: {
    [EBUSY]: "the cgroup has controllers enabled for its children, so it may hold no process",
    [ENOSPC]: "cpuset.cpus or cpuset.mems of the cgroup is empty",
  },
  clone_tree: { [ENOENT]: "the source must exist on the host before the container is created" },
  make_filesystem: {
    [ENODEV]: "this kernel does not know the file system type",
    [EPERM]:
      "in a user namespace the kernel allows proc and sysfs only when the caller's own are not partly covered, and few other types",
    [EINVAL]: "the file system does not know one of the options",
  },
  idmap_tree: { [ENOSYS]: "take the mappings out, or change the owners of the files" },
  make_user_namespace: {
    [ENOSPC]: NAMESPACE_LIMIT,
    [EPERM]: "mapping ids for a mount needs privilege over these ids",
    [EINVAL]: "the kernel does not take these mappings: see user_namespaces(7)",
  },
  attach_root: { [ENOENT]: "root.path must be an existing directory" },
  attach_tree: {
    [EROFS]: "the mount point is missing and the file system below is read-only: make it in the image",
    [EBUSY]: "something else is mounted there",
  },
  pivot_root: { [EINVAL]: "the host's root is a ramdisk: use --no-pivot" },
  set_rlimit: { [EPERM]: "raising a hard limit needs CAP_SYS_RESOURCE" },
  set_scheduler: { [EPERM]: "the policy needs CAP_SYS_NICE, or real-time time for the cgroup (cpu.rt_runtime_us)" },
  write_sysctl: {
    [ENOENT]: "this kernel, or the container's namespaces, have no such sysctl",
    [EACCES]: "this sysctl is read-only in the container's namespaces",
  },
  set_seccomp: {
    [EACCES]: "loading a filter needs noNewPrivileges or CAP_SYS_ADMIN",
    [EINVAL]: "the kernel does not know one of the filter's flags or actions",
  },
  set_exec_label: { [ENOENT]: "the profile is not loaded, or the security module is not enabled" },
  enter_user: {
    [EINVAL]: "the id is not mapped in the container's user namespace: see linux.uidMappings and linux.gidMappings",
  },
  set_memory_policy: { [ENOSYS]: "this kernel has no NUMA support" },
};

/** What to try, or undefined. In: the step that failed and the errno. */
export function hintFor(op: Step["op"], errno: number): string | undefined {
  return HINTS[op]?.[errno];
}
