// The process table, as /proc shows it.

import { native } from "./native.js";

export interface ProcessStat {
  pid: number;
  /** The letter of proc(5): R, S, D, Z (zombie), T (stopped), X (dead) … */
  state: string;
  parent: number;
  /** Clock ticks since boot. Together with the pid it tells a process from a later one of that pid. */
  startTime: number;
}

// Fields of /proc/PID/stat, counted from the state on (proc(5) numbers it 3).
const STATE = 0;
const PARENT = 1;
const START_TIME = 19;

/** What a process is; null when it is gone. */
export function processStat(pid: number): ProcessStat | null {
  const text = native().readFileIfAny(`/proc/${pid}/stat`);
  return text ? parseStat(text) : null;
}

/** The text of a stat file; null when it is none. The name in brackets may hold spaces, brackets and line ends. */
export function parseStat(text: string): ProcessStat | null {
  const pid = Number.parseInt(text, 10);
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const startTime = Number(fields[START_TIME]);
  if (!text.includes(")") || !Number.isSafeInteger(startTime) || !Number.isSafeInteger(pid)) return null;
  return { pid, state: fields[STATE]!, parent: Number(fields[PARENT]), startTime };
}
