// What bin/runt, or the launcher of runt on Node, noted first of all: how the caller called. The format is said
// in native/launcher/note.h.

import { native } from "./native.js";

/** How runt was called. Without a note (`node dist/src/cli/main.js`) only `program` is known. */
export interface LaunchNote {
  /** The name that runt was called by. */
  program: string;
  /** The caller's RLIMIT_NOFILE; Node has raised its own. */
  nofile?: { soft: bigint; hard: bigint };
  /** Descriptors from 3 to 255 that the caller passed on; undefined when nobody looked. */
  openFds?: readonly number[];
}

const FIRST_NOTED = 3;
const LAST_NOTED = 255;
const FORM = /^nofile=(0x[0-9a-f]+):(0x[0-9a-f]+) fds=([0-9a-f]+)$/;
const NAME = " argv0=";

/** In: the text of RUNT_LAUNCH. Out: the note; null when it is not one. */
export function parseLaunch(text: string): LaunchNote | null {
  const end = text.indexOf(NAME);
  const match = end < 0 ? null : FORM.exec(text.slice(0, end));
  if (!match) return null;
  const [, soft, hard, descriptors] = match as unknown as string[];
  return {
    program: programIn(text),
    nofile: { soft: BigInt(soft!), hard: BigInt(hard!) },
    openFds: bits(descriptors!, FIRST_NOTED),
  };
}

/** The note about this process. */
export function launchNote(): LaunchNote {
  const text = process.env.RUNT_LAUNCH;
  return (text && parseLaunch(text)) || { program: "runt" };
}

/** `program` of the note, which is all of it that most commands ask for: a regular expression would cost them 0.1 ms. */
export function calledAs(): string {
  return programIn(process.env.RUNT_LAUNCH ?? "");
}

function programIn(text: string): string {
  const end = text.indexOf(NAME);
  return (end >= 0 && text.slice(end + NAME.length)) || "runt";
}

/** What the caller told the loader about runt, or the launcher the engine, is for nobody else. */
const OWN = /^(?:$|LD_|GLIBC_TUNABLES=|RUNT_LAUNCH=)/;

/**
 * The environment that runt was called with, "NAME=value" each, without what makes a program load other code. bin/runt
 * goes on with a few of the variables, but the kernel shows them all; on Node these few are all that the launcher has let
 * through.
 */
export function callerEnvironment(): string[] {
  const text = native().readFileIfAny("/proc/self/environ") ?? "";
  return text.split("\0").filter((entry) => !OWN.test(entry));
}

/**
 * Whether the caller passed this descriptor on. One that nobody looked at counts as open: then
 * spawnInit fails to pass it on (EBADF), so that a wrong guess is an error and no surprise.
 */
export function wasOpen(fd: number): boolean {
  const { openFds } = launchNote();
  return fd > LAST_NOTED || !openFds || openFds.includes(fd);
}

/** The numbers of the bits that are set in hexadecimal digits, counted from `first`. */
function bits(digits: string, first: number): number[] {
  const set: number[] = [];
  for (let at = digits.length - 1, base = first; at >= 0; at--, base += 4) {
    const value = Number.parseInt(digits[at]!, 16);
    for (let bit = 0; bit < 4; bit++) if (value & (1 << bit)) set.push(base + bit);
  }
  return set;
}
