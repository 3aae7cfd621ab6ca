// The one table of commands and flags. Parsing (parse.ts), --help (help.ts), the man pages
// (scripts/generate-man.mjs) and the shell completions are all made from it. Long lists of flags
// are in flags/; longer texts are in descriptions.ts, which only help loads.

import type { Context } from "./context.js";
import { CHECKPOINT, RESTORE } from "./flags/checkpoint.js";
import { BUNDLE, CREATE, REGEX, SHAPE } from "./flags/create.js";
import { EXEC } from "./flags/exec.js";
import { UPDATE } from "./flags/update.js";

/**
 * What a flag takes. bool: `--x`, `--x=false`. text: any string. list: any string, repeatable.
 * integer: a decimal number. duration: Go's "1m30s".
 */
export type FlagKind = "bool" | "text" | "list" | "integer" | "duration";

export interface Flag {
  name: string;
  /** One letter, for `-b`. */
  short?: string;
  kind: FlagKind;
  /** What stands for the value in help: `--bundle DIR`. Missing for bool. */
  placeholder?: string;
  /** The value when the flag is not given. Missing: none (bool: false). */
  default?: string | number;
  /** integer: the smallest value that is taken. */
  min?: number;
  /** text: the values that there are. The command says in its own words that another one is none. */
  choices?: readonly string[];
  /** What shells complete the value with. */
  complete?: "file" | "directory";
  help: string;
  /** Works, but is not shown in help. */
  hidden?: boolean;
}

/** What a positional is, for completion. */
export type Argument = "container" | "signal" | "command" | "shell";

export interface Command {
  name: string;
  /** One line for the list of commands. */
  summary: string;
  /** The positionals as usage shows them. */
  usage: string;
  flags: readonly Flag[];
  /** How many positionals there may be. */
  min: number;
  max: number;
  /** What its positionals are completed with, where that is not one container. */
  completes?: readonly Argument[];
  /** What follows the first positional belongs to somebody else (kill, ps, exec). */
  stopsAtPositional?: boolean;
  load(): Promise<{ run(context: Context): number | Promise<number> }>;
}

const HELP: Flag = { name: "help", short: "h", kind: "bool", help: "show help" };

const FORMAT: Flag = {
  name: "format",
  short: "f",
  kind: "text",
  placeholder: "FORMAT",
  default: "table",
  choices: ["table", "json"],
  help: "table or json",
};

export const GLOBAL_FLAGS: readonly Flag[] = [
  { name: "debug", kind: "bool", help: "log what is done, step by step, as --log-level debug" },
  {
    name: "log",
    kind: "text",
    placeholder: "TARGET",
    complete: "file",
    help: "where the log goes besides errors on stderr: a file to append to (PATH or file:PATH), journald:[IDENT] or syslog:[IDENT]",
  },
  {
    name: "log-format",
    kind: "text",
    placeholder: "FORMAT",
    default: "text",
    choices: ["text", "json"],
    help: "format of the log: text or json",
  },
  {
    name: "log-level",
    kind: "text",
    placeholder: "LEVEL",
    default: "warning",
    choices: ["error", "warning", "debug"],
    help: "log no less than that: error, warning or debug",
  },
  {
    name: "root",
    kind: "text",
    placeholder: "DIR",
    complete: "directory",
    help: "directory of the containers' state, best on a tmpfs",
  },
  {
    name: "systemd-cgroup",
    kind: "bool",
    help: "cgroupsPath has the form slice:prefix:name and systemd makes the cgroup",
  },
  {
    name: "cgroup-manager",
    kind: "text",
    placeholder: "MANAGER",
    help: "who makes cgroups: cgroupfs (the default), systemd (as --systemd-cgroup) or disabled (none are made)",
  },
  {
    name: "rootless",
    kind: "text",
    placeholder: "WHEN",
    default: "auto",
    choices: ["true", "false", "auto"],
    help: "go on without cgroups that may not be changed: true, false or auto",
  },
  HELP,
  { name: "version", short: "v", kind: "bool", help: "print the version" },
];

export const COMMANDS: readonly Command[] = [
  {
    name: "checkpoint",
    summary: "write a running container to files, from which restore brings it back",
    usage: "<container-id>",
    flags: CHECKPOINT,
    min: 1,
    max: 1,
    load: () => import("./commands/checkpoint.js"),
  },
  {
    name: "completion",
    summary: "print a script that completes command lines in bash, zsh or fish",
    usage: "<shell>",
    flags: [],
    min: 1,
    max: 1,
    completes: ["shell"],
    load: () => import("./commands/completion.js"),
  },
  {
    name: "create",
    summary: "create a container",
    usage: "<container-id>",
    flags: CREATE,
    min: 1,
    max: 1,
    completes: [],
    load: () => import("./commands/create.js"),
  },
  {
    name: "delete",
    summary: "delete a container and all that it holds",
    usage: "<container-id>",
    flags: [{ name: "force", short: "f", kind: "bool", help: "kill the container first when it still runs" }, REGEX],
    min: 1,
    max: 1,
    load: () => import("./commands/delete.js"),
  },
  {
    name: "diff",
    summary: "list what a container changed in its overlay root",
    usage: "<container-id>",
    flags: [],
    min: 1,
    max: 1,
    load: () => import("./commands/diff.js"),
  },
  {
    name: "events",
    summary: "show statistics and out-of-memory events of a container, as JSON lines",
    usage: "<container-id>",
    flags: [
      {
        name: "interval",
        kind: "duration",
        placeholder: "DURATION",
        default: "5s",
        help: "time between two lines of statistics, for example 500ms or 1m30s",
      },
      { name: "stats", kind: "bool", help: "show one line of statistics and end" },
    ],
    min: 1,
    max: 1,
    load: () => import("./commands/events.js"),
  },
  {
    name: "exec",
    summary: "run a further process in a container",
    usage: "<container-id> <command> [command options]",
    flags: EXEC,
    min: 1,
    max: Number.POSITIVE_INFINITY,
    stopsAtPositional: true,
    load: () => import("./commands/exec.js"),
  },
  {
    name: "features",
    summary: "show what this runtime and this kernel can do, as JSON",
    usage: "",
    flags: [],
    min: 0,
    max: 0,
    load: () => import("./commands/features.js"),
  },
  {
    name: "kill",
    summary: "send a signal (SIGTERM when not given) to a container's first process",
    usage: "<container-id> [signal]",
    flags: [
      {
        name: "all",
        short: "a",
        kind: "bool",
        help: "send it to every process of the container; no error when there is none",
      },
      REGEX,
    ],
    min: 1,
    max: 2,
    stopsAtPositional: true,
    completes: ["container", "signal"],
    load: () => import("./commands/kill.js"),
  },
  {
    name: "list",
    summary: "list the containers under the root",
    usage: "",
    flags: [FORMAT, { name: "quiet", short: "q", kind: "bool", help: "show ids only" }],
    min: 0,
    max: 0,
    load: () => import("./commands/list.js"),
  },
  {
    name: "pause",
    summary: "freeze every process of a container",
    usage: "<container-id>",
    flags: [],
    min: 1,
    max: 1,
    load: () => import("./commands/pause.js"),
  },
  {
    name: "plan",
    summary: "print the steps that a bundle is compiled into, without running them",
    usage: "[container-id]",
    flags: [BUNDLE, ...SHAPE],
    min: 0,
    max: 1,
    completes: [],
    load: () => import("./commands/plan.js"),
  },
  {
    name: "ps",
    summary: "show the processes of a container",
    usage: "<container-id> [ps options]",
    flags: [FORMAT],
    min: 1,
    max: Number.POSITIVE_INFINITY,
    stopsAtPositional: true,
    load: () => import("./commands/ps.js"),
  },
  {
    name: "restore",
    summary: "bring a container back from what checkpoint wrote",
    usage: "<container-id>",
    flags: RESTORE,
    min: 1,
    max: 1,
    completes: [],
    load: () => import("./commands/restore.js"),
  },
  {
    name: "resume",
    summary: "thaw a paused container",
    usage: "<container-id>",
    flags: [],
    min: 1,
    max: 1,
    load: () => import("./commands/resume.js"),
  },
  {
    name: "run",
    summary: "create and start a container",
    usage: "<container-id>",
    flags: [
      ...CREATE,
      { name: "detach", short: "d", kind: "bool", help: "return once the container's program runs" },
      { name: "keep", kind: "bool", help: "do not delete the container when it has ended" },
      {
        name: "no-subreaper",
        kind: "bool",
        help: "do not adopt the processes that the container's first process leaves behind",
      },
    ],
    min: 1,
    max: 1,
    completes: [],
    load: () => import("./commands/run.js"),
  },
  {
    name: "spec",
    summary: "write a config.json to start from",
    usage: "",
    flags: [BUNDLE, { name: "rootless", kind: "bool", help: "a config for a user without privileges" }],
    min: 0,
    max: 0,
    load: () => import("./commands/spec.js"),
  },
  {
    name: "start",
    summary: "run the program of a created container",
    usage: "<container-id>",
    flags: [],
    min: 1,
    max: 1,
    load: () => import("./commands/start.js"),
  },
  {
    name: "state",
    summary: "print the state of a container, as JSON",
    usage: "<container-id>",
    flags: [],
    min: 1,
    max: 1,
    load: () => import("./commands/state.js"),
  },
  {
    name: "update",
    summary: "change the limits of a container",
    usage: "<container-id>",
    flags: UPDATE,
    min: 1,
    max: 1,
    load: () => import("./commands/update.js"),
  },
];

/** The command of that name, if any. */
export function findCommand(name: string): Command | undefined {
  return COMMANDS.find((command) => command.name === name);
}

/** Every command takes --help; the table does not repeat it. */
export function flagsOf(command: Command): readonly Flag[] {
  return [...command.flags, HELP];
}
