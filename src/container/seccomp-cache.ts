// Compiled seccomp filters, kept under the root: libseccomp takes milliseconds for the profile
// that engines send with every container, reading the filter back takes microseconds.
//
// An entry holds the whole text that it was compiled from, and counts only when that text is
// the one asked for. So the file's name may come from a cheap hash: a collision is a miss.

import type { SeccompFilter, SeccompProfile } from "../host/addon.js";
import { S_IFDIR, S_IFMT } from "../host/constants.js";
import { native } from "../host/native.js";
import type { Reporter } from "./report.js";
import { CACHE_DIRECTORY } from "./store.js";

/** More profiles than these are not kept: the oldest entry makes room. */
export const MOST_ENTRIES = 32;

const FORMAT = 1;

/** struct sock_filter is 8 bytes; the kernel takes at most BPF_MAXINSNS of them. */
const INSTRUCTION = 8;
const MOST_INSTRUCTIONS = 4096;

/** Everything that the filter depends on, as one text. */
export function cacheKey(profile: SeccompProfile, libseccomp: string, kernel: string): string {
  const plain = JSON.stringify(profile, (_name, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
  return `${libseccomp}\n${kernel}\n${plain}`;
}

/** FNV-1a, twice 32 bits: a file name, not a proof. */
export function hashText(text: string): string {
  let first = 0x811c9dc5;
  let second = 0xc9dc5811;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    first = Math.imul(first ^ code, 0x01000193);
    second = Math.imul(second ^ code, 0x01000193) + i;
  }
  return [first, second].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
}

/** An entry: a line of JSON with the sizes, the key, the instructions. */
export function encodeEntry(key: string, { filter, unknown }: SeccompFilter): Uint8Array {
  const encoder = new TextEncoder();
  const keyBytes = encoder.encode(key);
  const head = encoder.encode(
    `${JSON.stringify({ format: FORMAT, key: keyBytes.length, filter: filter.length, unknown })}\n`,
  );
  const entry = new Uint8Array(head.length + keyBytes.length + filter.length);
  entry.set(head);
  entry.set(keyBytes, head.length);
  entry.set(filter, head.length + keyBytes.length);
  return entry;
}

/** The filter of an entry; null when the entry is damaged or was made from another text. */
export function decodeEntry(entry: Uint8Array, key: string): SeccompFilter | null {
  const end = entry.indexOf(0x0a);
  if (end < 0) return null;
  let head: { format?: unknown; key?: unknown; filter?: unknown; unknown?: unknown };
  try {
    head = JSON.parse(new TextDecoder().decode(entry.subarray(0, end)));
  } catch {
    return null;
  }
  const keyBytes = new TextEncoder().encode(key);
  const start = end + 1 + keyBytes.length;
  const size = entry.length - start;
  if (head?.format !== FORMAT || head.key !== keyBytes.length || head.filter !== size) return null;
  if (size <= 0 || size % INSTRUCTION !== 0 || size > MOST_INSTRUCTIONS * INSTRUCTION) return null;
  if (!Array.isArray(head.unknown) || head.unknown.some((name) => typeof name !== "string")) return null;
  for (let i = 0; i < keyBytes.length; i++) if (entry[end + 1 + i] !== keyBytes[i]) return null;
  return { filter: entry.slice(start), unknown: head.unknown as string[] };
}

/**
 * The filter of a profile, from the cache under `root` when it is there. The cache never makes
 * a command fail: what is wrong with it is a debug line, and the filter is compiled.
 */
export function cachedFilter(root: string, profile: SeccompProfile, report: Reporter): SeccompFilter {
  const key = cacheKey(profile, native().libseccompVersion(), native().uname().release);
  const directory = `${root}/${CACHE_DIRECTORY}`;
  const path = `${directory}/${hashText(key)}`;
  const usable = isOurs(directory);
  if (usable) {
    const entry = native().readBytesIfAny(path);
    const found = entry && decodeEntry(entry, key);
    if (found) return found;
  }
  const compiled = native().compileSeccomp(profile);
  try {
    if (usable || prepare(directory)) {
      makeRoom(directory);
      native().replaceFile(path, encodeEntry(key, compiled), 0o600);
    }
  } catch (error) {
    report.debug(`seccomp cache ${directory}: ${(error as Error).message}`);
  }
  return compiled;
}

function prepare(directory: string): boolean {
  native().mkdir(directory, 0o700);
  return isOurs(directory);
}

/** Nobody else may put a filter there: a directory of our own that others can't write to. */
function isOurs(directory: string): boolean {
  const status = native().lstat(directory);
  return (
    status !== null &&
    (status.mode & S_IFMT) === S_IFDIR &&
    (status.mode & 0o077) === 0 &&
    status.uid === native().geteuid()
  );
}

function makeRoom(directory: string): void {
  const entries = native().readdir(directory);
  if (entries.length < MOST_ENTRIES) return;
  const aged = entries
    .map((name) => ({ name, time: native().lstat(`${directory}/${name}`)?.mtime ?? 0 }))
    .sort((a, b) => a.time - b.time);
  for (const { name } of aged.slice(0, entries.length - MOST_ENTRIES + 1)) native().unlink(`${directory}/${name}`);
}
