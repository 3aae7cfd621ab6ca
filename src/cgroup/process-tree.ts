// The processes of a container that has no cgroup, as the process table shows them.

import { native } from "../host/native.js";
import { processStat } from "../host/proc.js";

/** What is asked of the process table: replaced in unit tests. */
export interface ProcessTable {
  pids(): number[];
  parent(pid: number): number | undefined;
  /** The number of its pid namespace; undefined when it is gone or may not be looked at. */
  pidNamespace(pid: number): number | undefined;
}

const machine: ProcessTable = {
  pids: () => native().readdir("/proc").map(Number).filter(Number.isInteger),
  parent: (pid) => processStat(pid)?.parent,
  pidNamespace: (pid) => namespaceOf(pid),
};

function namespaceOf(pid: number | "self"): number | undefined {
  try {
    return native().stat(`/proc/${pid}/ns/pid`)?.ino;
  } catch {
    // Another user's process.
    return undefined;
  }
}

/**
 * The first process and everything that belongs to it: its descendants, and what is in its pid namespace without
 * being one (processes of exec), with their descendants. In a pid namespace that is shared with the host a process
 * whose parent has ended can't be found.
 */
export function processesOf(first: number, table: ProcessTable = machine, own = namespaceOf("self")): number[] {
  const namespace = table.pidNamespace(first);
  const shared = namespace === undefined || namespace === own;
  const parents = new Map<number, number>();
  const found = new Set<number>();
  for (const pid of table.pids()) {
    const parent = table.parent(pid);
    if (parent === undefined) continue;
    parents.set(pid, parent);
    if (pid === first || (!shared && table.pidNamespace(pid) === namespace)) found.add(pid);
  }
  for (const pid of parents.keys()) {
    if (descends(pid, parents, found)) found.add(pid);
  }
  return [...found].sort((a, b) => a - b);
}

function descends(pid: number, parents: ReadonlyMap<number, number>, found: ReadonlySet<number>): boolean {
  // A table that is read while it changes could hold a circle.
  for (let steps = 0, at: number | undefined = pid; at !== undefined && steps <= parents.size; steps++) {
    if (found.has(at)) return true;
    at = parents.get(at);
  }
  return false;
}
