// Why a user may not map some ids: read only when it has failed. subuid(5), newuidmap(1).

import { native } from "../host/native.js";
import type { LinuxIDMapping } from "../spec/types.gen.js";

export type IdKind = "uid" | "gid";

/** Ids from first to last, both included. */
export interface IdRange {
  first: number;
  last: number;
}

export function subordinateFile(kind: IdKind): string {
  return `/etc/sub${kind}`;
}

/** The ranges of a user in the text of /etc/subuid or /etc/subgid: lines of "name-or-uid:first:count". */
export function parseSubordinate(text: string, uid: number, name: string | null): IdRange[] {
  return text.split("\n").flatMap((line) => {
    const [owner, first, count] = line.trim().split(":");
    const [start, size] = [Number(first), Number(count)];
    if ((owner !== String(uid) && owner !== name) || !first || !count || !(size > 0) || !(start >= 0)) return [];
    return [{ first: start, last: start + size - 1 }];
  });
}

/** The host's ids of the first mapping that is not wholly in the ranges. Adjacent ranges count as one. */
export function uncovered(mappings: readonly LinuxIDMapping[], ranges: readonly IdRange[]): IdRange | undefined {
  const merged: IdRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.first - b.first)) {
    const before = merged.at(-1);
    if (before && range.first <= before.last + 1) before.last = Math.max(before.last, range.last);
    else merged.push({ ...range });
  }
  return mappings
    .map(({ hostID, size }) => ({ first: hostID, last: hostID + size - 1 }))
    .find(({ first, last }) => !merged.some((range) => range.first <= first && last <= range.last));
}

const word = ({ first, last }: IdRange) => (first === last ? String(first) : `${first}-${last}`);

/** What to try when newuidmap or newgidmap has failed. */
export function mapperHint(kind: IdKind, mappings: readonly LinuxIDMapping[]): string {
  const addon = native();
  const uid = addon.geteuid();
  const own = kind === "uid" ? uid : addon.getegid();
  const name = addon.userName(uid);
  const file = subordinateFile(kind);
  if (/^NoNewPrivs:\s*1$/m.test(addon.readFileIfAny("/proc/self/status") ?? "")) {
    return "this process has no_new_privs set, under which set-uid programs such as this helper have no rights";
  }
  if (name === null) return `user ${uid} has no name in /etc/passwd, which the helper asks for`;
  const ranges = parseSubordinate(addon.readFileIfAny(file) ?? "", uid, name);
  const missing = uncovered(mappings, [{ first: own, last: own }, ...ranges]);
  if (!missing) return "the helper must be set-uid root, or have file capabilities, on a mount without nosuid";
  const has = ranges.length > 0 ? ranges.map(word).join(", ") : "nothing";
  return `${file} gives user ${name} ${has}, and not ${word(missing)}; the system's administrator adds a range: usermod --add-sub${kind}s FIRST-LAST ${name}`;
}

/** What to try when the kernel answers EPERM to a direct write: ids that the caller's own namespace lacks. */
export function mapHint(kind: IdKind, mappings: readonly LinuxIDMapping[]): string | undefined {
  const lines = (native().readFileIfAny(`/proc/self/${kind}_map`) ?? "").trim().split("\n");
  const ranges = lines.map((line) => {
    const [first = 0, , size = 0] = line.trim().split(/\s+/).map(Number);
    return { first, last: first + size - 1 };
  });
  const missing = uncovered(mappings, ranges);
  if (missing) {
    return `the caller's own user namespace has the ids ${ranges.map(word).join(", ")}, and not ${word(missing)}`;
  }
  // user_namespaces(7): file capabilities of root in the outer namespace would come along.
  const root = mappings.some(({ hostID }) => hostID === 0);
  return root ? "mapping the outer namespace's id 0 needs CAP_SETFCAP since Linux 5.12" : undefined;
}
