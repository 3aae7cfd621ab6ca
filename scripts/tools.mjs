// What the scripts of this folder share. Only Node's own modules: it runs before `npm ci`.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { endianness } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Absolute path of the repository, without a slash at the end. */
export const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

/** True when PATH has an executable of this name. */
export function hasCommand(name) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => folder && existsSync(join(folder, name)));
}

/** Runs a command with our stdio; ends the script with its status when it fails. */
export function run(command, args, options = {}) {
  const { status, signal, error } = spawnSync(command, args, { stdio: "inherit", cwd: root, ...options });
  if (error) fail(`${command}: ${error.message}`);
  if (signal) fail(`${command} was ended by ${signal}`);
  if (status !== 0) fail(`${[command, ...args].join(" ")}: exit status ${status}`, status ?? 1);
}

/** One line on stderr, then the end. */
export function fail(message, status = 1) {
  console.error(`${message}`);
  process.exit(status);
}

/** Ends on a machine that runt is not made for, before the compiler says so in its own words. */
export function checkMachine() {
  if (["x64", "arm64"].includes(process.arch) && endianness() === "LE") return;
  fail(`runt is built for x86-64 and little-endian arm64 only; this machine is ${process.arch} (${endianness()})`);
}

/** QuickJS's sources, in the npm package qjsc (docs/dependencies.md). */
export const quickjsFolder = join(root, "node_modules/qjsc/deps/quickjs_2021_03_27");

/** Writes a program beside the old one and then in its place, so that a runt that runs keeps its own. */
export function placeFile(target, bytes, mode) {
  rmSync(`${target}.new`, { force: true });
  writeFileSync(`${target}.new`, bytes);
  chmodSync(`${target}.new`, mode);
  renameSync(`${target}.new`, target);
}

/** Every file below a folder (or the file itself), without those of the names in `skip`. */
export function filesBelow(path, skip = ["node_modules", ".git"]) {
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status) return [];
  if (!status.isDirectory()) return [path];
  return readdirSync(path)
    .filter((name) => !skip.includes(name))
    .flatMap((name) => filesBelow(join(path, name), skip));
}

/** Time of the last change of the newest file below the paths, in ms; 0 when there is none. */
export function newest(paths) {
  return Math.max(0, ...paths.flatMap((path) => filesBelow(path)).map((file) => statSync(file).mtimeMs));
}

/** Time of the last change of the oldest of the files, in ms; 0 when one is missing. */
export function oldest(files) {
  return Math.min(...files.map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0));
}

/**
 * The prefix whose include/node has Node-API's headers, so that node-gyp downloads none. Node-API
 * is the same for every Node since 12, so Debian's libnode-dev serves any of them.
 */
export function headersPrefix() {
  const prefixes = [dirname(dirname(process.execPath)), process.env.npm_config_nodedir, "/usr", "/usr/local"];
  return prefixes.find((prefix) => prefix && existsSync(`${prefix}/include/node/node_api.h`));
}
