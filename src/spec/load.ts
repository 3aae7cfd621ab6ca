// Reading the documents that commands are given.

import { RuntError } from "../errors.js";
import { failure, isNativeError } from "../host/failure.js";
import { native } from "../host/native.js";
import type { Documents, Kind } from "./kinds.js";
import { parseDocument } from "./parse.js";
import type { LinuxResources, Process, Spec, State } from "./types.gen.js";

/** A config.json that was read and found good. */
export interface LoadedConfig {
  config: Spec;
  /** The file as it was, for whoever stores it: the config may hold bigints, which JSON.stringify refuses. */
  text: string;
  /** What the user should know although it is no error. */
  warnings: string[];
}

/** Reads a file as UTF-8; throws NativeError. */
export type ReadFile = (path: string) => string;

const readNative: ReadFile = (path) => native().readFile(path);
const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);

/**
 * Reads and checks a bundle's config.json.
 * @param path of the file
 * @throws RuntError with every problem of the file, each with its place
 */
export async function loadConfig(path: string, read: ReadFile = readNative): Promise<LoadedConfig> {
  const text = readDocument(path, read, `JSON specification file ${nameOf(path)} not found`);
  return parseConfig(text, nameOf(path));
}

/** Checks the text of a config.json. The file's name is for messages. */
export async function parseConfig(text: string, file = "config.json"): Promise<LoadedConfig> {
  const { document, warnings } = await parseDocument("config", text, file);
  return { config: document, text, warnings };
}

/** A document of another kind, read and found good. */
export interface Loaded<T> {
  document: T;
  warnings: string[];
}

/** Reads and checks the file of `exec --process`. */
export const loadProcess = (path: string, read?: ReadFile): Promise<Loaded<Process>> => load("process", path, read);

/** Reads and checks the file of `update --resources`. */
export const loadResources = (path: string, read?: ReadFile): Promise<Loaded<LinuxResources>> =>
  load("resources", path, read);

/** Reads and checks a state document. */
export const loadState = (path: string, read?: ReadFile): Promise<Loaded<State>> => load("state", path, read);

function load<K extends Kind>(kind: K, path: string, read: ReadFile = readNative): Promise<Loaded<Documents[K]>> {
  return parseDocument(kind, readDocument(path, read), path);
}

/** The text of a file. missing: what to say when it is not there. */
function readDocument(path: string, read: ReadFile, missing?: string): string {
  try {
    return read(path);
  } catch (error) {
    if (missing && isNativeError(error) && error.code === "ENOENT") {
      const directory = path.slice(0, path.lastIndexOf("/")) || "/";
      const hint = `looked for in ${directory}: --bundle names the bundle's directory, and \`spec\` writes such a file`;
      throw new RuntError({ cause: missing, hint, errno: error.errno });
    }
    throw failure(error, { path });
  }
}
