// Makes man/runt.8 and man/runt-COMMAND.8 from the table of commands and flags
// (src/cli/flags.ts, compiled) and the texts beside it: node scripts/generate-man.mjs [DIST [MAN]]
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [dist = "dist", output = "man"] = process.argv.slice(2);
const load = (file) => import(pathToFileURL(resolve(dist, "src/cli", file)));
const { COMMANDS, GLOBAL_FLAGS, flagsOf } = await load("flags.js");
const { COMMAND_TEXTS, PROGRAM } = await load("descriptions.js");
const { flagHelp } = await load("help.js");
const { VERSION } = await load("version.js");

/** Text for troff: backslashes and dashes as themselves, and no line that is taken for a request. */
const plain = (text) =>
  text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^([.'])/gm, "\\&$1");
const bold = (text) => `\\fB${plain(text)}\\fR`;
const italic = (text) => `\\fI${plain(text)}\\fR`;

const section = (title, lines) => (lines.length > 0 ? [`.SH ${title}`, ...lines] : []);
const paragraphs = (texts) => texts.flatMap((text) => [".PP", plain(text)]);

/** "<container-id>" and "[signal]": names of arguments in italics. */
const usage = (text) =>
  text
    .replace(/[\w-]+(?: [\w-]+)*/g, (name) => `\0${name}\0`)
    .split("\0")
    .map((part, index) => (index % 2 ? italic(part) : plain(part)))
    .join("");

function flagItem(flag) {
  const value = flag.kind === "bool" ? "" : ` ${italic(flag.placeholder ?? "VALUE")}`;
  const names = [...(flag.short ? [`${bold(`-${flag.short}`)}${value}`] : []), `${bold(`--${flag.name}`)}${value}`];
  return [".TP", names.join(", "), plain(`${flagHelp(flag)}.`)];
}

const flagItems = (flags) => flags.filter((flag) => !flag.hidden).flatMap(flagItem);
const examples = ({ examples: all = [] }) =>
  all.flatMap(({ line, about }) => [".TP", bold(`runt ${line}`), plain(`${about}.`)]);

const page = (name, lines) =>
  [
    `.\\" Made by scripts/generate-man.mjs from src/cli/flags.ts. Do not edit.`,
    `.TH ${name.toUpperCase().replaceAll("-", "\\-")} 8 "" "runt ${VERSION}"`,
    ...lines,
    "",
  ].join("\n");

const reference = (name) => `${bold(name)}(8)`;

function programPage() {
  return page("runt", [
    ...section("NAME", ["runt \\- Open Container Initiative runtime"]),
    ...section("SYNOPSIS", [
      `${bold("runt")} [${italic("global option")} ...] ${italic("command")} [${italic("option")} ...] [${italic("argument")} ...]`,
    ]),
    ...section("DESCRIPTION", paragraphs(PROGRAM.text)),
    ...section(
      "COMMANDS",
      COMMANDS.flatMap(({ name, summary }) => [".TP", reference(`runt-${name}`), plain(`${summary}.`)]),
    ),
    ...section("GLOBAL OPTIONS", flagItems(GLOBAL_FLAGS)),
    ...section(
      "EXIT STATUS",
      paragraphs([
        "0 when all went well; 1 for any error; 3 for a command that does not exist. run and exec have further ones.",
      ]),
    ),
    ...section("FILES", [
      ".TP",
      bold("/run/runt"),
      plain("The default of --root for root: a directory for each container, with its state."),
      ".TP",
      bold("$XDG_RUNTIME_DIR/runt"),
      plain("The same for users without privileges over the host."),
    ]),
    ...section(
      "NOTES",
      paragraphs([
        "Called by the name runc (a link or a copy), runt answers to it: the default of --root is /run/runc, and the version is that of the runc it stands in for.",
      ]),
    ),
    ...section("EXAMPLES", examples(PROGRAM)),
  ]);
}

function commandPage(command) {
  const about = COMMAND_TEXTS[command.name];
  const synopsis = [`${bold(`runt ${command.name}`)} [${italic("option")} ...]`, usage(command.usage)]
    .filter((part) => part)
    .join(" ");
  return page(`runt-${command.name}`, [
    ...section("NAME", [plain(`runt-${command.name} - ${command.summary}`)]),
    ...section("SYNOPSIS", [synopsis]),
    ...section("DESCRIPTION", paragraphs(about.text)),
    ...section("OPTIONS", flagItems(flagsOf(command))),
    ...section("EXIT STATUS", paragraphs([about.status ?? "0 when all went well, 1 for any error."])),
    ...section("EXAMPLES", examples(about)),
    ...section("SEE ALSO", [["runt", ...(about.see ?? []).map((name) => `runt-${name}`)].map(reference).join(", ")]),
  ]);
}

mkdirSync(output, { recursive: true });
writeFileSync(join(output, "runt.8"), programPage());
for (const command of COMMANDS) writeFileSync(join(output, `runt-${command.name}.8`), commandPage(command));
