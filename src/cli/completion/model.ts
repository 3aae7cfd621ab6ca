// What the three shells are told, made from the table of commands and flags.

import { COMMANDS, flagsOf, GLOBAL_FLAGS, type Argument, type Command, type Flag } from "../flags.js";
import { signalNames } from "../../host/signals.js";

export interface CompletedFlag {
  /** "--bundle", "-b". */
  names: readonly string[];
  help: string;
  takesValue: boolean;
  /** May come more than once. */
  repeats: boolean;
  /** What its value is completed with; undefined: nothing. */
  value: "file" | "directory" | undefined;
  choices: readonly string[];
}

export interface CompletedCommand {
  name: string;
  summary: string;
  flags: readonly CompletedFlag[];
  /** What the first, second … positional is. */
  positionals: readonly Argument[];
  /** No flags of ours behind the first positional. */
  stopsAtPositional: boolean;
}

/** `help` is no command of the table, but people type it. */
const HELP: CompletedCommand = {
  name: "help",
  summary: "show the commands, or help for one of them",
  flags: [],
  positionals: ["command"],
  stopsAtPositional: false,
};

export const SIGNALS: readonly string[] = signalNames();

export function completedGlobals(): CompletedFlag[] {
  return GLOBAL_FLAGS.filter(({ hidden }) => !hidden).map(completedFlag);
}

export function completedCommands(): CompletedCommand[] {
  return [...COMMANDS.map(completedCommand), HELP];
}

function completedCommand(command: Command): CompletedCommand {
  const { name, summary, usage } = command;
  return {
    name,
    summary,
    flags: flagsOf(command)
      .filter(({ hidden }) => !hidden)
      .map(completedFlag),
    positionals: command.completes ?? (usage.startsWith("<container-id>") ? ["container"] : []),
    stopsAtPositional: command.stopsAtPositional ?? false,
  };
}

function completedFlag({ name, short, kind, help, complete, choices = [] }: Flag): CompletedFlag {
  return {
    names: [`--${name}`, ...(short ? [`-${short}`] : [])],
    help,
    takesValue: kind !== "bool",
    repeats: kind === "list",
    value: complete,
    choices,
  };
}

/** A word in single quotes for sh, bash and zsh. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Every pair of a command ("" for the global ones) and a flag. */
export function eachFlag(): { command: string; flag: CompletedFlag }[] {
  return [
    ...completedGlobals().map((flag) => ({ command: "", flag })),
    ...completedCommands().flatMap(({ name, flags }) => flags.map((flag) => ({ command: name, flag }))),
  ];
}
