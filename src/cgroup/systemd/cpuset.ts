// "0-3,7" → the bytes of AllowedCPUs and AllowedMemoryNodes, lowest first. Pure.

import { RuntError, wordPointer } from "../../errors.js";

/** Far more than any machine has; a wrong number must not make a huge message. */
const MOST = 65_536;

/** Throws RuntError when it is no list of numbers and ranges. */
export function cpusetBits(list: string, pointer: string): Uint8Array {
  const refuse = (cause: string): never => {
    throw new RuntError({ where: wordPointer(pointer), cause, hint: "it must be a list such as 0-3,7" });
  };
  const bits: number[] = [];
  for (const part of list.split(",").map((one) => one.trim())) {
    // The kernel passes over empty parts, too.
    if (part === "") continue;
    const [, from, to = from] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part) ?? [];
    if (from === undefined) refuse(`${JSON.stringify(part)} is no number and no range`);
    const [first, last] = [Number(from), Number(to)];
    if (first > last) refuse(`invalid range: ${part}`);
    if (last >= MOST) refuse(`${last} is too high`);
    for (let bit = first; bit <= last; bit++) bits.push(bit);
  }
  if (bits.length === 0) refuse(`${JSON.stringify(list)} is empty`);
  const bytes = new Uint8Array(Math.floor(Math.max(...bits) / 8) + 1);
  for (const bit of bits) bytes[bit >> 3]! |= 1 << (bit & 7);
  return bytes;
}
