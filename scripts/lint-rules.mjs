// The rules that lint.mjs enforces, apart from its working.

/** Imports go down this list only (docs/architecture.md): cli → container → {plan, cgroup, spec} → host. */
export const imports = {
  mayNotImport: {
    host: ["plan", "cgroup", "spec", "container", "cli"],
    spec: ["plan", "cgroup", "container", "cli"],
    cgroup: ["plan", "container", "cli"],
    plan: ["host", "cgroup", "container", "cli"],
    container: ["cli"],
  },
  /** Files that run only where a command has nothing to lose; each with its reason beside it. */
  mayImportNode: [],
};

/**
 * System calls that take a path must not be made with a path of the container: every such path goes
 * through the resolver (openat2 with RESOLVE_IN_ROOT), and is acted on by descriptor.
 */
export const calls = [
  {
    files: /^native\/init\/.*\.(cc|h)$/,
    ban: /(?<![\w.:>])(?:::)?(mount|open|openat|creat|mkdir|mknod|symlink|link|unlink|rmdir|rename|chown|lchown|chmod|stat|lstat|access|truncate|opendir|realpath)\s*\(/,
    why: "paths in the root filesystem go through the resolver (CVE-2018-15664, CVE-2019-18837, CVE-2021-30465, CVE-2024-45310)",
    /** Call → files that may make it. The reasons are in the files. */
    allow: {},
  },
];
