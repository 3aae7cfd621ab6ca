// Parsers for the kernel's texts about cgroups. Pure: text in, data out.

/** A line of /proc/PID/cgroup. */
export interface ProcessCgroup {
  /** ["cpu", "cpuacct"], ["name=systemd"], or [""] for cgroup2. */
  controllers: string[];
  /** As mounted together, in the kernel's order: "cpu,cpuacct". */
  list: string;
  /** Path from the root of the reader's cgroup namespace. */
  path: string;
}

/** Reads /proc/PID/cgroup (cgroups(7)): "ID:CONTROLLERS:PATH" a line; PATH may hold colons. */
export function parseProcessCgroups(text: string): ProcessCgroup[] {
  const all: ProcessCgroup[] = [];
  for (const line of text.split("\n")) {
    const first = line.indexOf(":");
    const second = line.indexOf(":", first + 1);
    if (first < 0 || second < 0) continue;
    const list = line.slice(first + 1, second);
    all.push({ list, controllers: list.split(","), path: line.slice(second + 1) });
  }
  return all;
}

/** A mount of a cgroup file system. */
export interface CgroupMount {
  version: 1 | 2;
  mountPoint: string;
  /** v1: what the mount's own options name: controllers, "name=systemd". */
  controllers: string[];
}

/** Finds the cgroup mounts in /proc/self/mountinfo (proc_pid_mountinfo(5)), in the order of the file. */
export function parseCgroupMounts(text: string): CgroupMount[] {
  const mounts: CgroupMount[] = [];
  for (const line of text.split("\n")) {
    // The optional fields before " - " vary in number, so the line is read from both sides of it.
    const separator = line.indexOf(" - ");
    if (separator < 0) continue;
    const mountPoint = line.slice(0, separator).split(" ")[4];
    const [type, , superOptions = ""] = line.slice(separator + 3).split(" ");
    if (mountPoint === undefined) continue;
    if (type === "cgroup2") {
      mounts.push({ version: 2, mountPoint: unescapeMountPoint(mountPoint), controllers: [] });
    } else if (type === "cgroup") {
      mounts.push({
        version: 1,
        mountPoint: unescapeMountPoint(mountPoint),
        controllers: superOptions.split(","),
      });
    }
  }
  return mounts;
}

/** The kernel writes blank, tab, newline and backslash as three octal digits. */
export function unescapeMountPoint(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** "key value" lines: cgroup.events, cpu.stat, memory.stat. */
export function parseKeyed(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const blank = line.indexOf(" ");
    if (blank > 0) values[line.slice(0, blank)] = line.slice(blank + 1).trim();
  }
  return values;
}

/** The pids of a cgroup.procs. */
export function parsePids(text: string): number[] {
  return text.split("\n").filter(Boolean).map(Number);
}

/** Names in a file such as cgroup.controllers. */
export function parseWords(text: string): string[] {
  return text.split(/\s+/).filter(Boolean);
}
