// The containers that a regular expression names, for `kill --regex` and `delete --regex`.

import { RuntError } from "../errors.js";
import { listIds } from "./store.js";

// POSIX's classes, as far as an id can have them.
const CLASSES: Readonly<Record<string, string>> = {
  alnum: "A-Za-z0-9",
  alpha: "A-Za-z",
  digit: "0-9",
  lower: "a-z",
  punct: "_+.-",
  upper: "A-Z",
};

/**
 * The ids of a root that hold a match (not: that are one), sorted. In: an extended regular expression as in
 * crun, that is POSIX's. Throws RuntError when it is none.
 */
export function matchingIds(root: string, pattern: string): string[] {
  const expression = compile(pattern);
  return (listIds(root) ?? []).filter((id) => expression.test(id));
}

/** JavaScript's own inventions are refused, so that what works here works elsewhere. */
function compile(pattern: string): RegExp {
  const refuse = (cause: string) =>
    new RuntError({ cause: `invalid regular expression ${JSON.stringify(pattern)}: ${cause}` });
  if (/\(\?/.test(pattern)) throw refuse('"(?" is no extended regular expression');
  const classes = pattern.replace(/\[:([a-z]+):\]/g, (text, name: string) => CLASSES[name] ?? text);
  if (/\[:[a-z]+:\]/.test(classes)) throw refuse("a character class that no container id has");
  try {
    return new RegExp(classes);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw refuse(message.replace(/^Invalid regular expression:?\s*(\/.*\/\w*:\s*)?/, ""));
  }
}
