// Parsers for the kernel's texts about cgroups. Pure: text in, data out.

import { parseMountinfo } from "../host/mountinfo.js";

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

/** Finds the cgroup mounts in the text of /proc/self/mountinfo, in the order of the file. */
export function parseCgroupMounts(text: string): CgroupMount[] {
  return parseMountinfo(text).flatMap(({ type, point: mountPoint, superOptions }): CgroupMount[] => {
    if (type === "cgroup2") return [{ version: 2, mountPoint, controllers: [] }];
    return type === "cgroup" ? [{ version: 1, mountPoint, controllers: [...superOptions] }] : [];
  });
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
