// Lists of small numbers as the kernel writes them: "0-3,7".

import { RuntError } from "../errors.js";
import type { Place } from "./program.js";

/** runt-init's sets hold this many numbers (native/init/limits.cc). */
const MOST = 8192;

/** The numbers of a list, in its order, each once. "" is none. */
export function expandNumberList(list: string, at: Place): number[] {
  const numbers = new Set<number>();
  for (const part of list.split(",")) {
    if (part.trim() === "") continue;
    const range = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part);
    const first = Number(range?.[1]);
    const last = Number(range?.[2] ?? range?.[1]);
    if (!range || last < first)
      throw new RuntError({ where: at.where, cause: `expected a list such as 0-3,7, found ${JSON.stringify(list)}` });
    if (last >= MOST) throw new RuntError({ where: at.where, cause: `expected numbers below ${MOST}, found ${last}` });
    for (let number = first; number <= last; number++) numbers.add(number);
  }
  return [...numbers];
}
