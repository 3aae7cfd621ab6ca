// What a semantic check is: a small function that looks at one rule which a JSON Schema
// cannot say. Each names the section of the specification (or the kernel's rule) it stands on.

import type { Findings } from "../problems.js";

/** Looks at a document that fits its schema and reports what is wrong. */
export type Check<T> = (document: T, findings: Findings) => void;

/** Reports entries whose key was there before. */
export function findDuplicates<T>(
  entries: readonly T[] | undefined,
  keyOf: (entry: T) => string | undefined,
  report: (index: number, key: string, first: number) => void,
): void {
  const seen = new Map<string, number>();
  entries?.forEach((entry, index) => {
    const key = keyOf(entry);
    if (key === undefined) return;
    const first = seen.get(key);
    if (first === undefined) seen.set(key, index);
    else report(index, key, first);
  });
}

/** A list of CPUs or memory nodes as the kernel reads it: 0-3,7. Strides (0-15:2/4), N and all too. */
export function isNumberList(text: string): boolean {
  const part = /^(?:\d+(?:-(?:\d+|N)(?::\d+\/\d+)?)?|N|all)?$/;
  return text.split(",").every((entry) => part.test(entry.trim()));
}

export const NUMBER_LIST = "a list of numbers and ranges such as 0-3,7";
