// Sizes in bytes as runc's users write them: "512m", "1.5g", "64KiB", "1048576".

const UNIT = /^(\d{1,19}(?:\.\d{1,9})?) ?([kmgtp]?)(i?b)?$/i;
const POWERS: Readonly<Record<string, bigint>> = { "": 0n, k: 1n, m: 2n, g: 3n, t: 4n, p: 5n };
const BILLION = 1_000_000_000n;

/** Bytes; units are powers of 1024. Null when it is no size, or one beyond 2^63 - 1. */
export function parseSize(text: string): bigint | null {
  const [, number = "", letter = "", suffix = ""] = UNIT.exec(text) ?? [];
  if (number === "" || (letter === "" && suffix.length > 1)) return null;
  const [whole = "", fraction = ""] = number.split(".");
  // In billionths, so that 1.5g is exact.
  const scaled = BigInt(whole) * BILLION + BigInt(fraction.padEnd(9, "0"));
  const bytes = (scaled * 1024n ** POWERS[letter.toLowerCase()]!) / BILLION;
  return bytes < 2n ** 63n ? bytes : null;
}
