// What a semantic check is: a small function that looks at one member of a document, for rules
// that a JSON Schema cannot say. Each names the section of the specification, or the kernel's
// rule, that it stands on.
//
// Checks are listed by the member that they look at, so that a config only pays for what it has:
// the first call of every function costs a short-lived process 10 to 20 µs.

import type { Findings } from "../problems.js";
import type { LinuxNamespace, LinuxNamespaceType, Spec } from "../types.gen.js";

/** What checks know beside the value. */
export interface Context {
  findings: Findings;
  /** The whole config, when the document is one. */
  config?: Spec;
  /** Whether the document fits its schema. When it does not, a check may trip over a wrong type. */
  fits: boolean;
}

/** Looks at a value and reports what is wrong. at: its JSON pointer. */
export type Check<V> = (value: V, at: string, context: Context) => void;

/** Checks by the name of the member that they look at. */
export type Checks<T> = { readonly [K in keyof T]?: Check<NonNullable<T[K]>> };

/** Runs the checks of the members that an object has. */
export function checkMembers<T extends object>(object: T, checks: Checks<T>, at: string, context: Context): void {
  for (const name in object) {
    if (!Object.hasOwn(checks, name)) continue;
    const check = checks[name] as Check<unknown>;
    if (context.fits) check(object[name], `${at}/${name}`, context);
    else tryCheck(check, object[name], `${at}/${name}`, context);
  }
}

/** Whoever trips over a wrong type has nothing to add to what the schema's check has said. */
function tryCheck(check: Check<unknown>, value: unknown, at: string, context: Context): void {
  try {
    check(value, at, context);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

/** The entry of linux.namespaces of a type, when the config has one. */
export function namespaceOf(config: Spec | undefined, type: LinuxNamespaceType): LinuxNamespace | undefined {
  // A loop: Array's find is JavaScript inside the engine, and 90 µs the first time.
  for (const namespace of config?.linux?.namespaces ?? []) if (namespace.type === type) return namespace;
  return undefined;
}

/** The words for something that needs a namespace that the config does not have. */
export function needsNamespace(type: LinuxNamespaceType): { hint: string; basis: string } {
  return { hint: `add { "type": "${type}" } to linux.namespaces`, basis: "/linux/namespaces" };
}

/** Reports entries whose key was there before. */
export function findDuplicates<T>(
  entries: readonly T[],
  keyOf: (entry: T) => string | undefined,
  report: (index: number, key: string, first: number) => void,
): void {
  // The lists are short: an array is faster than the first Map of a process.
  const seen: (string | undefined)[] = [];
  for (let index = 0; index < entries.length; index++) {
    const key = keyOf(entries[index]!);
    const first = key === undefined ? -1 : seen.indexOf(key);
    if (key !== undefined && first >= 0) report(index, key, first);
    seen.push(key);
  }
}

/** Reports paths that do not start at the root. */
export function checkAbsolute(paths: readonly string[], at: string, { findings }: Context): void {
  for (let index = 0; index < paths.length; index++) {
    if (!paths[index]!.startsWith("/")) findings.problem(`${at}/${index}`, "expected an absolute path");
  }
}

/** Whether a text has more than so many bytes in UTF-8. TextEncoder is slow to start. */
export function isLonger(text: string, bytes: number): boolean {
  // One UTF-16 unit is three bytes at most.
  if (text.length * 3 <= bytes) return false;
  let length = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return length > bytes;
}

/** A list of CPUs or memory nodes as the kernel reads it: 0-3,7. Strides (0-15:2/4), N and all too. */
export function isNumberList(text: string): boolean {
  const part = /^(?:\d+(?:-(?:\d+|N)(?::\d+\/\d+)?)?|N|all)?$/;
  return text.split(",").every((entry) => part.test(entry.trim()));
}

export const NUMBER_LIST = "a list of numbers and ranges such as 0-3,7";
