// The one strict parser of numbers on the command line. Nothing is guessed: no blanks, no
// leading "+", no hexadecimal, no fraction, nothing after the digits. A lenient parser once
// made uid 0 of "-u 1" elsewhere (CVE-2026-30892).

/**
 * A decimal integer from `min` to `max` (both inclusive, and both exact in a double).
 * In: the text as typed. Out: the number, or null when it is anything else.
 */
export function parseInteger(
  text: string,
  min = Number.MIN_SAFE_INTEGER,
  max = Number.MAX_SAFE_INTEGER,
): number | null {
  if (!/^-?\d{1,16}$/.test(text)) return null;
  const value = Number(text);
  // "-0" is a way to write 0, but the number must not be the double -0.
  return value >= min && value <= max ? value + 0 : null;
}

/** Milliseconds of each unit of a Go duration. "µs" is written with either of Unicode's two mu. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "\u00b5s": 1e-3,
  "\u03bcs": 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * A duration as Go writes it: "5s", "1h30m", "1.5s", "-2ms", "0".
 * Out: milliseconds (fractions are kept), or null when it is no such text.
 */
export function parseDuration(text: string): number | null {
  const negative = text.startsWith("-");
  const unsigned = text.replace(/^[+-]/, "");
  if (unsigned === "0") return 0;
  const part = /(\d+\.?\d*|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/y;
  let total = 0;
  do {
    const found = part.exec(unsigned);
    if (!found) return null;
    total += Number(found[1]) * UNITS[found[2] as string]!;
  } while (part.lastIndex < unsigned.length);
  return negative ? -total : total;
}

/** A boolean in the spellings of Go's strconv.ParseBool; null for any other text. */
export function parseBoolean(text: string): boolean | null {
  if (["1", "t", "T", "true", "TRUE", "True"].includes(text)) return true;
  if (["0", "f", "F", "false", "FALSE", "False"].includes(text)) return false;
  return null;
}
