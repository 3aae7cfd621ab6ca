// /proc/PID/mountinfo (proc_pid_mountinfo(5)).

import { native } from "./native.js";

/** A mount as a process sees it. */
export interface MountEntry {
  id: number;
  /** The mount that it lies on. */
  parent: number;
  /** MAJOR:MINOR of the file system. */
  device: string;
  /** Which directory or file of the file system is mounted. */
  root: string;
  /** Where, seen from the process's root. */
  point: string;
  /** Of this mount: ro, nosuid, … */
  options: readonly string[];
  type: string;
  /** Of the file system: what its type has of options. */
  superOptions: readonly string[];
}

/** The mounts of a process, in the order in which they were made. */
export function mountsOf(pid: number | "self"): MountEntry[] {
  return parseMountinfo(native().readFile(`/proc/${pid}/mountinfo`));
}

/** In: the text of a mountinfo. Lines that are none are passed over. */
export function parseMountinfo(text: string): MountEntry[] {
  const mounts: MountEntry[] = [];
  for (const line of text.split("\n")) {
    // The optional fields before " - " vary in number.
    const [before = "", after = ""] = line.split(" - ");
    const [id, parent, device, root, point, options] = before.split(" ");
    const [type = "", , superOptions = ""] = after.split(" ");
    if (id === undefined || device === undefined || root === undefined || point === undefined) continue;
    mounts.push({
      id: Number(id),
      parent: Number(parent),
      device,
      root: unescaped(root),
      point: unescaped(point),
      options: options?.split(",") ?? [],
      type,
      superOptions: superOptions.split(","),
    });
  }
  return mounts;
}

/** The uppermost mount at a place, if any. */
export function mountAt(mounts: readonly MountEntry[], point: string): MountEntry | undefined {
  return mounts.findLast((mount) => mount.point === point);
}

/** Blank, tab, newline, backslash and # are three octal digits. The text is bytes of UTF-8 otherwise. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
