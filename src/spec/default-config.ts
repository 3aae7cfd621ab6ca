// The config.json that `spec` writes: a shell in a container with namespaces of its own. People
// start from it with an editor or jq, so what is in it is a contract (cli.md, "spec").

import type { LinuxNamespaceType, Mount, Spec } from "./types.gen.js";
import { OCI_VERSION } from "./versions.js";

export interface DefaultConfigOptions {
  hostname?: string;
  /** For a user without privileges: a user namespace, and nothing that needs the host's root. */
  rootless?: boolean;
  /** The user that rootless maps to root in the container. */
  euid?: number;
  egid?: number;
  /** Whether the host has cgroup v2 alone: then the container gets a cgroup namespace too. */
  cgroup2only?: boolean;
}

const CAPABILITIES = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];

// Files of /proc and /sys that say or change too much about the host.
const MASKED = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/sys/firmware",
  "/proc/scsi",
];
const READONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

function mounts(rootless: boolean): Mount[] {
  const devpts = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"];
  // Group tty; a user namespace of one id has no such group.
  if (!rootless) devpts.push("gid=5");
  const sys: Mount = rootless
    ? // Only the owner of the network namespace may mount sysfs, and that is the host's here.
      { destination: "/sys", type: "none", source: "/sys", options: ["rbind", "nosuid", "noexec", "nodev", "ro"] }
    : { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] };
  return [
    { destination: "/proc", type: "proc", source: "proc" },
    {
      destination: "/dev",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
    },
    { destination: "/dev/pts", type: "devpts", source: "devpts", options: devpts },
    {
      destination: "/dev/shm",
      type: "tmpfs",
      source: "shm",
      options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
    },
    { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
    sys,
    {
      destination: "/sys/fs/cgroup",
      type: "cgroup",
      source: "cgroup",
      options: ["nosuid", "noexec", "nodev", "relatime", "ro"],
    },
  ];
}

/** The default configuration, with its members in the order in which they are written. */
export function defaultConfig({
  hostname = "runt",
  rootless = false,
  euid = 0,
  egid = 0,
  cgroup2only = false,
}: DefaultConfigOptions = {}): Spec {
  const types: LinuxNamespaceType[] = rootless
    ? ["pid", "ipc", "uts", "mount"]
    : ["pid", "network", "ipc", "uts", "mount"];
  if (cgroup2only) types.push("cgroup");
  if (rootless) types.push("user");
  return {
    ociVersion: OCI_VERSION,
    process: {
      terminal: true,
      user: { uid: 0, gid: 0 },
      args: ["sh"],
      env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
      cwd: "/",
      capabilities: { bounding: [...CAPABILITIES], effective: [...CAPABILITIES], permitted: [...CAPABILITIES] },
      rlimits: [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 }],
      noNewPrivileges: true,
    },
    root: { path: "rootfs", readonly: true },
    hostname,
    mounts: mounts(rootless),
    linux: {
      ...(rootless
        ? {
            uidMappings: [{ containerID: 0, hostID: euid, size: 1 }],
            gidMappings: [{ containerID: 0, hostID: egid, size: 1 }],
          }
        : { resources: { devices: [{ allow: false, access: "rwm" }] } }),
      namespaces: types.map((type) => ({ type })),
      maskedPaths: [...MASKED],
      readonlyPaths: [...READONLY],
    },
  };
}

/** Its text as `spec` writes it: indented with tabs, no line break at the end. */
export function defaultConfigText(options?: DefaultConfigOptions): string {
  return JSON.stringify(defaultConfig(options), null, "\t");
}
