// Numbers and tables of the kernel's statistics files. Pure.

import type { Integer } from "../resources.js";
import type { BlkioEntry, MemoryEntry, Pressure, PressureLine } from "./shape.js";
import { withoutZeros } from "./shape.js";

export const UNLIMITED = 0xffff_ffff_ffff_ffffn;

/** A decimal number, or "max". Numbers above 2^53 come as bigint. Missing or empty: 0. */
export function parseNumber(text: string | undefined | null): Integer {
  const digits = text?.trim() ?? "";
  if (digits === "max") return UNLIMITED;
  if (!/^-?\d+$/.test(digits)) return 0;
  return digits.length <= 15 ? Number(digits) : BigInt(digits);
}

/** a + b, exact and no wider than 64 bits. */
export function add(a: Integer, b: Integer): Integer {
  return narrow(BigInt(a) + BigInt(b));
}

/** Times a unit: microseconds to nanoseconds and the like. */
export function times(a: Integer, factor: number): Integer {
  return narrow(BigInt(a) * BigInt(factor));
}

function narrow(value: bigint): Integer {
  if (value >= UNLIMITED) return UNLIMITED;
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

/** "0-3,7" → [0, 1, 2, 3, 7]. */
export function parseList(text: string | undefined | null): number[] {
  return (text?.trim() ?? "")
    .split(",")
    .filter(Boolean)
    .flatMap((part) => {
      const [from = 0, to = from] = part.split("-").map(Number);
      return Array.from({ length: Math.max(to - from + 1, 0) }, (_, index) => from + index);
    });
}

/** cpu.pressure and its like; undefined when there is none (no PSI, or switched off). */
export function parsePressure(text: string | null): Pressure | undefined {
  if (text === null) return undefined;
  const pressure: Pressure = {};
  for (const line of text.split("\n")) {
    const [kind, ...fields] = line.split(" ");
    if (kind !== "some" && kind !== "full") continue;
    const values = Object.fromEntries(fields.map((field) => field.split("=")));
    const parsed: PressureLine = {
      avg10: Number(values.avg10 ?? 0),
      avg60: Number(values.avg60 ?? 0),
      avg300: Number(values.avg300 ?? 0),
      total: parseNumber(values.total),
    };
    if (Object.values(parsed).some(Boolean)) pressure[kind] = parsed;
  }
  return pressure;
}

/** v1 blkio files: "8:0 Read 1282048", "8:0 6792", "Total 3477504" (left out). */
export function parseBlkio(text: string): BlkioEntry[] {
  return text.split("\n").flatMap((line) => {
    const fields = line.split(/[ :]/);
    if (fields.length < 3) return [];
    const op = fields.length > 3 ? fields[2]! : "";
    return [blkioEntry(fields[0], fields[1], op, parseNumber(fields.at(-1)))];
  });
}

/** An entry of blkio's tables. */
export function blkioEntry(
  major: string | undefined,
  minor: string | undefined,
  op: string,
  value: Integer,
): BlkioEntry {
  return withoutZeros({ major: parseNumber(major), minor: parseNumber(minor), op, value });
}

/** An entry of memory's tables. */
export function memoryEntry(limit: Integer, usage: Integer, max: Integer, failcnt: Integer): MemoryEntry {
  return { limit, ...withoutZeros({ usage, max }), failcnt };
}

/** "No limit" is 0 here, and 0 is left out. */
export function pidsStats(current: string | null, max: string | null): { current?: Integer; limit?: Integer } {
  const limit = parseNumber(max);
  return withoutZeros({ current: parseNumber(current), limit: limit === UNLIMITED ? 0 : limit });
}

/** All values of a keyed file as numbers. */
export function numbers(values: Record<string, string>): Record<string, Integer> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, parseNumber(value)]));
}

/** "hugepages-2048kB" → "2MB", as the hugetlb files are named; undefined for anything else. */
export function hugepageSize(name: string): string | undefined {
  const match = /^hugepages-(\d+)kB$/.exec(name);
  if (!match) return undefined;
  const size = Number(match[1]);
  if (size >= 1 << 20) return `${size >> 20}GB`;
  if (size >= 1 << 10) return `${size >> 10}MB`;
  return `${size}KB`;
}
