// The entry of the engine: from argv to a command's exit status. Nothing runs when a module
// is imported but the one call at the end of this file.

import { baseName } from "../plan/paths.js";
import { RuntError } from "../errors.js";
import { failure } from "../host/failure.js";
import { calledAs } from "../host/launch.js";
import { native } from "../host/native.js";
import type { Context } from "./context.js";
import { GLOBAL_FLAGS, findCommand, flagsOf, type Command } from "./flags.js";
import { resolveGlobals, resolveLogFormat, resolveLogLevel } from "./globals.js";
import { logDebug, logError, openLog } from "./log.js";
import { UsageError, parseLine, type Options } from "./parse.js";

/** Exit status for a command that does not exist, as runc has it. */
const NO_SUCH_COMMAND = 3;

/** Exit status for every failure of exec itself: others are the process's own. */
const EXEC_FAILED = 255;

/** Runs one command line. In: the name runt was called by, the words after it. Out: the exit status. */
async function main(program: string, words: readonly string[]): Promise<number> {
  let options: Options;
  let rest: readonly string[];
  try {
    ({ options, positionals: rest } = parseLine(words, GLOBAL_FLAGS, { stopsAtPositional: true }));
  } catch (error) {
    return await refuseUsage(program, undefined, error);
  }
  if (options.bool("help")) return await showHelp(program, undefined);
  if (options.bool("version")) return await showVersion(program);
  const [name, ...args] = rest;
  if (name === undefined) return await showHelp(program, undefined);

  const format = resolveLogFormat(options);
  await openLog({ target: options.text("log"), format, level: resolveLogLevel(options), program });
  if (name === "help" || name === "h") {
    const topic = args.find((word) => !word.startsWith("-"));
    return await showHelp(program, topic);
  }
  const command = findCommand(name);
  if (!command) {
    logError(`No help topic for '${name}'`);
    const asksHelp = args.some((word) => ["-h", "--h", "-help", "--help"].includes(word));
    return asksHelp ? 1 : NO_SUCH_COMMAND;
  }
  return await runCommand(program, command, args, options);
}

async function runCommand(
  program: string,
  command: Command,
  args: readonly string[],
  global: Options,
): Promise<number> {
  let context: Context;
  try {
    const parsed = parseLine(args, flagsOf(command), command);
    if (parsed.options.bool("help")) return await showHelp(program, command.name);
    context = { program, global: resolveGlobals(program, global), ...parsed };
  } catch (error) {
    return await refuseUsage(program, command, error);
  }
  const problem = countProblem(command, context.positionals.length);
  if (problem !== null) {
    await printHelp(program, command, "Incorrect Usage.\n\n");
    logError(`${calledAs()}: "${command.name}" requires ${problem} argument(s)`);
    return 1;
  }
  logDebug(`${command.name}: root ${context.global.root}`);
  const module = await command.load();
  try {
    return await module.run(context);
  } catch (error) {
    const text = describe(error);
    if (command.name === "exec") throw new RuntError({ cause: `exec failed: ${text}`, status: EXEC_FAILED });
    if (command.name !== "run" && command.name !== "create") throw error;
    throw new RuntError({ cause: `${program} ${command.name} failed: ${text}`, status: statusOf(error) });
  }
}

/** What is wrong with the number of positionals, in runc's words; null when it is right. */
function countProblem({ min, max }: Command, count: number): string | null {
  if (min === max) return count === min ? null : `exactly ${min}`;
  if (count < min) return `a minimum of ${min}`;
  return count > max ? `a maximum of ${max}` : null;
}

async function refuseUsage(program: string, command: Command | undefined, error: unknown): Promise<number> {
  if (!(error instanceof UsageError)) throw error;
  await printHelp(program, command, `Incorrect Usage: ${error.message}\n\n`);
  logError(error.message);
  return 1;
}

async function showHelp(program: string, topic: string | undefined): Promise<number> {
  const command = topic === undefined ? undefined : findCommand(topic);
  if (topic !== undefined && !command) {
    logError(`No help topic for '${topic}'`);
    return NO_SUCH_COMMAND;
  }
  await printHelp(program, command, "");
  return 0;
}

async function printHelp(program: string, command: Command | undefined, before: string): Promise<void> {
  const { commandHelp, programHelp } = await import("./help.js");
  const { versionText } = await import("./version.js");
  const text = command ? commandHelp(program, command) : programHelp(program, versionText(program));
  native().writeFd(1, before + text);
}

async function showVersion(program: string): Promise<number> {
  const { versionText } = await import("./version.js");
  native().writeFd(1, versionText(program));
  return 0;
}

/** An error in words. One that is no RuntError and comes from no system call is a bug, and says so. */
function describe(error: unknown): string {
  const worded = failure(error);
  if (worded instanceof RuntError) return worded.message;
  // QuickJS throws null when there is no memory for an error either.
  if (worded === null || (worded instanceof Error && worded.message === "out of memory")) return "not enough memory";
  if (!(worded instanceof Error)) return `bug in runt: ${String(worded)}`;
  // V8's stack begins with the message, that of QuickJS is without.
  const { name, message, stack = "" } = worded;
  return `bug in runt: ${stack.includes(message) ? "" : `${name}: ${message}\n`}${stack}`;
}

function statusOf(error: unknown): number {
  return error instanceof RuntError ? error.status : 1;
}

const program = baseName(calledAs());
main(program, process.argv.slice(2)).then(
  (status) => native().exit(status),
  (error: unknown) => {
    logError(describe(error));
    native().exit(statusOf(error));
  },
);
