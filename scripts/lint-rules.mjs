// The rules that lint.mjs enforces, apart from its working.

/** Imports go down this list only (docs/architecture.md): cli → container → {plan, cgroup, spec, criu} → host. */
export const imports = {
  mayNotImport: {
    host: ["plan", "cgroup", "spec", "criu", "container", "cli"],
    spec: ["plan", "cgroup", "criu", "container", "cli"],
    cgroup: ["plan", "criu", "container", "cli"],
    plan: ["cgroup", "criu", "container", "cli"],
    criu: ["plan", "cgroup", "spec", "container", "cli"],
    container: ["cli"],
  },
};

const hostPath = "a path of the host, named by config.json (trusted), opened before the container's root is attached";

/**
 * System calls that take a path must not be made with a path of the container: every such path goes
 * through the resolver (openat2 with RESOLVE_IN_ROOT) and is acted on by descriptor. A literal path
 * is nobody's input and is allowed.
 */
export const calls = [
  {
    files: /^native\/init\/.*\.(cc|h)$/,
    ban: /(?<![\w.:>])(mount|open|creat|mkdir|mknod|symlink|unlink|rmdir|rename|chown|lchown|chmod|lstat|access|truncate|opendir|realpath)\s*\((?!\s*")/,
    why: "paths in the root filesystem go through the resolver (CVE-2019-18837, CVE-2021-30465, CVE-2024-45310)",
    /** Call → file → why it may make it. */
    allow: {
      mount: {
        "native/init/host_mounts.cc":
          "mount points as the kernel lists them, in our copy of the host's mount namespace",
        "native/init/root.cc": "/ and . of the pivot",
        "native/init/mount_classic.cc": "the way of old kernels: targets are /proc/self/fd/N of resolved descriptors",
      },
      open: {
        "native/init/cgroup.cc": hostPath,
        "native/init/namespaces.cc": hostPath,
        "native/init/mount_clone.cc": hostPath,
        "native/init/mount_filesystem.cc": hostPath,
        "native/init/mount_classic.cc": hostPath,
        "native/init/root.cc": hostPath,
        "native/init/detach.cc":
          "a path of the host, from the journal and without symlinks, in a process that has no container's root",
        "native/init/mount_api.cc": "/.. or the host's path of the root: what is mounted on the root directory itself",
        "native/init/check.cc": "only in the self-check, which runs in no container",
        "native/init/inspect.cc":
          "after the pivot, with the program's own rights: looks at a file that execve has refused",
      },
    },
  },
];
