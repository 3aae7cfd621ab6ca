// Command lines in the conventions of Go's flag package, which callers of runtimes rely on:
// one dash or two for any name, "--x v" and "--x=v", booleans without a value or as
// "--x=false", everything after "--" taken as it is. Which word is a flag, a value or a
// positional is decided here; minimist then gathers the values (repeated flags to lists).

import minimist from "minimist";
import type { Flag } from "./flags.js";
import { parseBoolean, parseDuration, parseInteger } from "./numbers.js";

/** A command line that can't be understood. The message is that of Go's flag package. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export interface ParseStyle {
  /** The first positional ends the flags: global options, and commands with an inner command line. */
  stopsAtPositional?: boolean;
}

/** The values of a command's flags, by long name. Asking for a name that the table has not is a bug. */
export class Options {
  constructor(
    private readonly flags: readonly Flag[],
    private readonly values: Readonly<Record<string, readonly string[]>>,
  ) {}

  /** Was it on the command line? */
  given(name: string): boolean {
    return this.raw(name).length > 0;
  }

  bool(name: string): boolean {
    const text = this.raw(name).at(-1);
    return text !== undefined && parseBoolean(text) === true;
  }

  /** The last value given, else the default, else undefined. An empty text is undefined too, as in Go. */
  text(name: string): string | undefined {
    const text = this.raw(name).at(-1) ?? this.flag(name).default;
    return text === undefined || text === "" ? undefined : String(text);
  }

  list(name: string): readonly string[] {
    return this.raw(name);
  }

  /** An integer flag's value; 0 when neither given nor defaulted. */
  integer(name: string): number {
    const text = this.raw(name).at(-1);
    return text === undefined ? Number(this.flag(name).default ?? 0) : (parseInteger(text) as number);
  }

  /** A duration in milliseconds. */
  duration(name: string): number {
    return parseDuration(this.raw(name).at(-1) ?? String(this.flag(name).default)) as number;
  }

  private flag(name: string): Flag {
    const flag = this.flags.find((candidate) => candidate.name === name);
    if (!flag) throw new Error(`no flag of that name in the table: ${name}`);
    return flag;
  }

  private raw(name: string): readonly string[] {
    return this.values[this.flag(name).name] ?? [];
  }
}

export interface ParsedLine {
  options: Options;
  positionals: readonly string[];
}

/**
 * Parses the words of one command (or of the global options).
 * In: the words, the flags that may come. Throws UsageError.
 */
export function parseLine(words: readonly string[], flags: readonly Flag[], style: ParseStyle = {}): ParsedLine {
  const { assigned, positionals } = splitWords(words, flags, style);
  // "--name=value" only: minimist must not read "--no-pivot" as "pivot: false", nor values as numbers.
  const gathered = minimist(assigned, { string: flags.map((flag) => flag.name) });
  const values: Record<string, readonly string[]> = {};
  for (const flag of flags) {
    const found: string | string[] | undefined = gathered[flag.name];
    if (found === undefined) continue;
    values[flag.name] = Array.isArray(found) ? found : [found];
    for (const text of values[flag.name]!) checkValue(flag, text);
  }
  return { options: new Options(flags, values), positionals };
}

/** Tells flags with their values (as "--name=value") from positionals. */
function splitWords(words: readonly string[], flags: readonly Flag[], style: ParseStyle) {
  const assigned: string[] = [];
  const positionals: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "--") {
      positionals.push(...words.slice(i + 1));
      break;
    }
    if (word.length < 2 || !word.startsWith("-")) {
      if (style.stopsAtPositional) {
        positionals.push(...words.slice(i));
        break;
      }
      positionals.push(word);
      continue;
    }
    const name = word.slice(word.startsWith("--") ? 2 : 1);
    if (name === "" || name.startsWith("-") || name.startsWith("=")) {
      throw new UsageError(`bad flag syntax: ${word}`);
    }
    const equals = name.indexOf("=");
    const key = equals < 0 ? name : name.slice(0, equals);
    const flag = flags.find((candidate) => candidate.name === key || candidate.short === key);
    if (!flag) throw new UsageError(`flag provided but not defined: -${key}`);
    if (equals >= 0) {
      assigned.push(`--${flag.name}=${name.slice(equals + 1)}`);
    } else if (flag.kind === "bool") {
      assigned.push(`--${flag.name}=true`);
    } else if (i + 1 < words.length) {
      assigned.push(`--${flag.name}=${words[++i]}`);
    } else {
      throw new UsageError(`flag needs an argument: -${key}`);
    }
  }
  return { assigned, positionals };
}

/** Refuses a value that is not of the flag's kind. */
function checkValue(flag: Flag, text: string): void {
  const shown = JSON.stringify(text);
  switch (flag.kind) {
    case "bool":
      if (parseBoolean(text) === null)
        throw new UsageError(`invalid boolean value ${shown} for -${flag.name}: parse error`);
      return;
    case "integer":
      if (parseInteger(text, flag.min) !== null) return;
      if (parseInteger(text) === null)
        throw new UsageError(`invalid value ${shown} for flag -${flag.name}: parse error`);
      throw new UsageError(`invalid value ${shown} for flag -${flag.name}: must be at least ${flag.min}`);
    case "duration":
      if (parseDuration(text) === null)
        throw new UsageError(`invalid value ${shown} for flag -${flag.name}: parse error`);
      return;
    case "text":
    case "list":
      return;
  }
}
