// What the probe (probe.c) says about the process that a container runs.

export interface Report {
  fds: { fd: number; nonblock: boolean; append: boolean; target: string }[];
  /** Dispositions that are not the default, by signal number. */
  signals: Record<string, string>;
  /** /proc/self/status. */
  status: Record<string, string>;
  rlimits: Record<string, [string, string]>;
  namespaces: Record<string, string>;
  keyring: string;
  monotonic: number;
  boottime: number;
  args: string[];
  env: string[];
  mounts: string[];
  cgroup: string[];
  uid_map: string[];
  gid_map: string[];
  setgroups: string;
  oom_score_adj: string;
  hostname: string;
  domainname: string;
  cwd: string;
  pid: number;
  ppid: number;
  sid: number;
  pgid: number;
  uid: number;
  gid: number;
  umask: number;
  dumpable: number;
  securebits: number;
  pdeathsig: number;
  personality: number;
  scheduler: number;
  nice: number;
  ioprio: number;
  subreaper: number;
  tty: boolean;
}

export interface MountLine {
  destination: string;
  root: string;
  options: string[];
  propagation: string[];
  type: string;
  source: string;
  superOptions: string[];
}

export function parseReport(text: string): Report {
  return JSON.parse(text) as Report;
}

/** A line of /proc/self/mountinfo (proc(5)). */
export function parseMount(line: string): MountLine {
  const fields = line.split(" ");
  const dash = fields.indexOf("-");
  return {
    root: fields[3]!,
    destination: fields[4]!,
    options: fields[5]!.split(","),
    propagation: fields.slice(6, dash),
    type: fields[dash + 1]!,
    source: fields[dash + 2]!,
    superOptions: (fields[dash + 3] ?? "").split(","),
  };
}

/** The topmost mount at a destination, as the container sees it. */
export function mountAt(report: Report, destination: string): MountLine | undefined {
  return report.mounts.map(parseMount).findLast((mount) => mount.destination === destination);
}

// biome-ignore format: by number, as in linux/capability.h
const capabilityNames = [
  "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
  "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
  "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
  "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
  "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
  "CHECKPOINT_RESTORE",
];

/** The names in one of the five capability sets: "Eff", "Prm", "Inh", "Bnd", "Amb". */
export function capabilitySet(report: Report, set: string): string[] {
  const bits = BigInt(`0x${report.status[`Cap${set}`]}`);
  return capabilityNames.filter((_, bit) => (bits >> BigInt(bit)) & 1n).map((name) => `CAP_${name}`);
}
