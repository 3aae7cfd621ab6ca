// The processes of a cgroup and of those below it.

import { EOPNOTSUPP, S_IFDIR, S_IFMT } from "../host/constants.js";
import { native } from "../host/native.js";
import { errnoOf, isGone } from "./failure.js";
import { parseKeyed, parsePids } from "./proc-files.js";

// Files that every v1 directory has, or every one of the controllers that are asked for processes. A directory
// cannot have one of these names, so they need no lstat. All other names are looked at, whatever they look like:
// a container that may write to its cgroup can name a sub-cgroup "memory.stat".
const V1_FILES: Readonly<Record<string, readonly string[]>> = {
  "": ["cgroup.procs", "cgroup.clone_children", "tasks", "notify_on_release"],
  devices: ["devices.allow", "devices.deny", "devices.list"],
  freezer: ["freezer.state", "freezer.self_freezing", "freezer.parent_freezing"],
  pids: ["pids.max", "pids.current", "pids.events", "pids.peak"],
};

/** Directories below, not deeper. `controller`: the v1 hierarchy it is in, "" for cgroup2. */
export function subCgroups(directory: string, controller: string): string[] {
  if (controller === "" && descendants(directory) === 0) return [];
  const files = new Set([...V1_FILES[""]!, ...(V1_FILES[controller] ?? [])]);
  let names: string[];
  try {
    names = native().readdir(directory);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
  return names
    .filter((name) => name !== "." && name !== ".." && !files.has(name))
    .map((name) => `${directory}/${name}`)
    .filter((path) => ((native().lstat(path)?.mode ?? 0) & S_IFMT) === S_IFDIR);
}

/** cgroup2 tells how many cgroups are below (Linux 4.14), which saves looking. -1: it does not tell. */
function descendants(directory: string): number {
  try {
    const stat = native().readFileIfAny(`${directory}/cgroup.stat`);
    return Number(parseKeyed(stat ?? "").nr_descendants ?? -1);
  } catch (error) {
    // It went between open and read: systemd removes a scope as soon as it is empty.
    if (isGone(error)) return 0;
    throw error;
  }
}

/** The pids of a cgroup and of all below it. A directory that is not there has none. */
export function processesBelow(directory: string, controller: string): number[] {
  return [
    ...processesOf(directory),
    ...subCgroups(directory, controller).flatMap((path) => processesBelow(path, controller)),
  ];
}

/** The pids of one cgroup. */
export function processesOf(directory: string): number[] {
  try {
    return parsePids(native().readFileIfAny(`${directory}/cgroup.procs`) ?? "");
  } catch (error) {
    if (errnoOf(error) === EOPNOTSUPP) return processesOfThreads(`${directory}/cgroup.threads`);
    if (isGone(error)) return [];
    throw error;
  }
}

/** A threaded cgroup lists its threads only; each says in /proc whose it is. */
function processesOfThreads(file: string): number[] {
  const owners = parsePids(native().readFileIfAny(file) ?? "").map((thread) => {
    const status = native().readFileIfAny(`/proc/${thread}/status`);
    return Number(/^Tgid:\s+(\d+)$/m.exec(status ?? "")?.[1] ?? thread);
  });
  return [...new Set(owners)];
}

/** "12 (sleep, D)": a process with its name and the letter of its state, for errors. */
export function describeProcess(pid: number): string {
  // proc_pid_stat(5): "PID (NAME) STATE …", where NAME may hold anything.
  const stat = native().readFileIfAny(`/proc/${pid}/stat`) ?? "";
  const end = stat.lastIndexOf(")");
  if (end < 0) return `${pid} (gone)`;
  const state = stat.charAt(end + 2);
  const words: Record<string, string> = { D: "D: uninterruptible sleep", Z: "Z: zombie", T: "T: stopped" };
  return `${pid} (${stat.slice(stat.indexOf("(") + 1, end)}, ${words[state] ?? state})`;
}

/** The first processes of a list in words, for errors. */
export function describeProcesses(pids: readonly number[]): string {
  const shown = pids.slice(0, 8).map(describeProcess).join(", ");
  return pids.length > 8 ? `${shown} and ${pids.length - 8} more` : shown;
}
