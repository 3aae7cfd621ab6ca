// --help in the layout of runc's: scripts look at "NAME:" and the line after it.

import { COMMAND_TEXTS, PROGRAM, type Description } from "./descriptions.js";
import { COMMANDS, GLOBAL_FLAGS, flagsOf, type Command, type Flag } from "./flags.js";

/** Width that running text is wrapped to. */
const WIDTH = 80;

/** The help of the program: its name as called, and the lines of --version. */
export function programHelp(program: string, version: string): string {
  const commands = [
    ...COMMANDS.map(({ name, summary }) => [name, summary] as const),
    ["help, h", "show the commands, or help for one of them"] as const,
  ];
  return sections([
    ["NAME", [`   ${program} - Open Container Initiative runtime`]],
    ["USAGE", [`   ${program} [global options] command [command options] [arguments...]`]],
    ["DESCRIPTION", [wrap(PROGRAM.text)]],
    ["EXAMPLES", examples(program, PROGRAM)],
    ["VERSION", [`   ${version.trimEnd().replace(`${program} version `, "")}`]],
    ["COMMANDS", columns(commands)],
    ["GLOBAL OPTIONS", flagLines(GLOBAL_FLAGS)],
  ]);
}

/** The help of one command. */
export function commandHelp(program: string, command: Command): string {
  const about = COMMAND_TEXTS[command.name];
  const usage = [program, command.name, "[command options]", command.usage].filter((part) => part).join(" ");
  return sections([
    ["NAME", [`   ${program} ${command.name} - ${command.summary}`]],
    ["USAGE", [`   ${usage}`]],
    ["DESCRIPTION", about ? [wrap(about.text)] : []],
    ["EXAMPLES", about ? examples(program, about) : []],
    ["OPTIONS", flagLines(flagsOf(command))],
    ["EXIT STATUS", about?.status ? [wrap([about.status])] : []],
  ]);
}

/** How a flag is written with its value: "--bundle DIR, -b DIR". */
export function flagUsage(flag: Flag): string {
  const value = flag.kind === "bool" ? "" : ` ${flag.placeholder ?? "VALUE"}`;
  return flag.short ? `--${flag.name}${value}, -${flag.short}${value}` : `--${flag.name}${value}`;
}

/** What a flag is for, with its default. */
export function flagHelp(flag: Flag): string {
  if (flag.default === undefined) return flag.help;
  return `${flag.help} (default: ${typeof flag.default === "number" ? flag.default : `"${flag.default}"`})`;
}

function flagLines(flags: readonly Flag[]): string[] {
  return columns(flags.filter((flag) => !flag.hidden).map((flag) => [flagUsage(flag), flagHelp(flag)] as const));
}

function sections(all: readonly (readonly [title: string, lines: readonly string[]])[]): string {
  return `${all
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `${title}:\n${lines.join("\n")}`)
    .join("\n\n")}\n`;
}

function columns(rows: readonly (readonly [left: string, right: string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `   ${left.padEnd(width)}  ${right}`);
}

function examples(program: string, { examples }: Description): string[] {
  return (examples ?? []).map(({ line, about }) => `   # ${program} ${line}\n      ${about}`);
}

/** Paragraphs broken into lines of at most WIDTH columns, indented as the rest. */
function wrap(paragraphs: readonly string[]): string {
  const wrapped = paragraphs.map((paragraph) => {
    const lines = ["  "];
    for (const word of paragraph.split(" ")) {
      if (lines.at(-1)!.length + 1 + word.length > WIDTH) lines.push("  ");
      lines[lines.length - 1] += ` ${word}`;
    }
    return lines.join("\n");
  });
  return wrapped.join("\n\n");
}
