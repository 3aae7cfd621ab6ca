// Signals by name and number. The numbers are those of x86 and Arm (asm-generic/signal.h).

import { RuntError } from "../errors.js";

// biome-ignore format: a table, ten numbers a line
const NAMES = [
  "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL",
  "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP",
  "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
  "PWR", "SYS",
];
const ALIASES: Record<string, number> = { IOT: 6, CLD: 17, POLL: 29, UNUSED: 31 };

// The first two real-time signals (32, 33) are the C library's own.
const RTMIN = 34;
const RTMAX = 64;

export const SIGKILL = 9;
export const SIGTERM = 15;

/**
 * The number of a signal that a user named: "TERM", "SIGTERM", "term", "15", "RTMIN+3", "RTMAX-1".
 * 0 is allowed: it asks whether the process is there. Throws RuntError.
 */
export function parseSignal(text: string): number {
  // Without regular expressions for what is usual: each costs a command 30 µs to compile.
  const value = Number(text);
  const number = String(value) === text && value >= 0 ? value : numberOfName(withoutPrefix(text.toUpperCase()));
  if (number === undefined || number > RTMAX || !Number.isInteger(number))
    throw new RuntError(`unknown signal "${text}"`);
  return number;
}

const withoutPrefix = (name: string): string => (name.startsWith("SIG") ? name.slice("SIG".length) : name);

function numberOfName(name: string): number | undefined {
  const index = NAMES.indexOf(name, 1);
  if (index > 0) return index;
  const [, base, distance] = /^(RTMIN(?=$|\+)|RTMAX(?=$|-))(?:[+-](0|[1-9]\d?))?$/.exec(name) ?? [];
  if (base === undefined) return Object.hasOwn(ALIASES, name) ? ALIASES[name] : undefined;
  const number = base === "RTMIN" ? RTMIN + Number(distance ?? 0) : RTMAX - Number(distance ?? 0);
  return number >= RTMIN && number <= RTMAX ? number : undefined;
}

/** The names that a signal can be given by: "HUP", "INT" … */
export function signalNames(): string[] {
  return NAMES.filter((name) => name !== "");
}

/** "SIGTERM"; "SIGRTMIN+3" for real-time signals; the bare number where there is no name. */
export function signalName(number: number): string {
  if (number === RTMIN) return "SIGRTMIN";
  if (number > RTMIN && number <= RTMAX) return `SIGRTMIN+${number - RTMIN}`;
  const name = NAMES[number];
  return name ? `SIG${name}` : String(number);
}
