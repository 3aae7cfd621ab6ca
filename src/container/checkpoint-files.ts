// What runt writes beside the images of criu: runt-checkpoint.json, the last file of a checkpoint that is whole, and
// descriptors.json, by which runc and crun know what standard input and output were.

import { RuntError } from "../errors.js";
import { native } from "../host/native.js";
import type { ExternalSource } from "../plan/criu.js";
import type { ExternalMount } from "./external-mounts.js";

const FORMAT = 1;
const FILE = "runt-checkpoint.json";
const DESCRIPTORS = "descriptors.json";

/** runt-checkpoint.json */
export interface CheckpointDocument {
  format: typeof FORMAT;
  /** Of the criu that wrote the images. */
  criu: string;
  /** criu's name of an external mount → what it is in the config. Null: names are destinations, as with runc. */
  mounts: Record<string, ExternalSource> | null;
  /** criu's name of each standard stream that a restored container is given anew; null: criu keeps it. */
  streams: (string | null)[];
  /** Types of namespaces that belong to others: restore joins those that its config names. Null: not known. */
  joined: string[] | null;
  /** The container has a terminal. Null: not known. */
  terminal: boolean | null;
}

/** Writes both files. In: the links of the first process's descriptors 0, 1 and 2. */
export function writeCheckpoint(
  directory: string,
  document: Omit<CheckpointDocument, "format" | "mounts"> & { mounts: readonly ExternalMount[] },
  links: readonly string[],
): void {
  const mounts = Object.fromEntries(document.mounts.map(({ name, source }) => [name, source]));
  native().replaceFile(`${directory}/${DESCRIPTORS}`, JSON.stringify(links), 0o600);
  const whole: CheckpointDocument = { format: FORMAT, ...document, mounts };
  native().replaceFile(`${directory}/${FILE}`, `${JSON.stringify(whole)}\n`, 0o600);
}

/** Takes the mark of a whole checkpoint from a directory that is to be written anew. */
export function unmarkCheckpoint(directory: string): void {
  native().unlink(`${directory}/${FILE}`);
}

/**
 * Reads what belongs to a checkpoint. The images may come from anywhere: nothing in the file names a path of the host,
 * and what is not as expected is refused. Throws RuntError when the checkpoint is not whole.
 */
export function readCheckpoint(directory: string): CheckpointDocument {
  const path = `${directory}/${FILE}`;
  const text = native().readFileIfAny(path);
  if (text === null) return readForeign(directory);
  const document = parse(text);
  if (isCheckpoint(document)) return document;
  throw new RuntError({
    where: "--image-path",
    attempt: "read",
    path,
    cause: "the file is damaged, or of another version of runt",
  });
}

/** A checkpoint of runc or crun has descriptors.json alone; its external mounts are named by their destinations. */
function readForeign(directory: string): CheckpointDocument {
  const links = parse(native().readFileIfAny(`${directory}/${DESCRIPTORS}`) ?? "");
  if (!Array.isArray(links) || !links.every((link) => typeof link === "string")) {
    throw new RuntError({
      where: "--image-path",
      path: directory,
      cause: `no whole checkpoint is there: neither ${FILE} nor ${DESCRIPTORS}`,
      hint: "checkpoint writes them last",
    });
  }
  const streams = links.slice(0, 3).map((link) => (PIPE.test(link) ? link : null));
  return { format: FORMAT, criu: "", mounts: null, streams, joined: null, terminal: null };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const NAME = /^m\d{1,6}$/;
const PIPE = /^pipe:\[\d+\]$/;
const STREAM = /^(?:pipe:\[\d+\]|socket:\[\d+\]|file\[[0-9a-f]+:[0-9a-f]+\])$/;

function isCheckpoint(value: unknown): value is CheckpointDocument {
  if (!isObject(value) || value.format !== FORMAT) return false;
  const { mounts, streams, joined, terminal, criu } = value;
  return (
    typeof criu === "string" &&
    typeof terminal === "boolean" &&
    isObject(mounts) &&
    Object.entries(mounts).every(([name, source]) => NAME.test(name) && isSource(source)) &&
    Array.isArray(streams) &&
    streams.length === 3 &&
    streams.every((key) => key === null || (typeof key === "string" && STREAM.test(key))) &&
    Array.isArray(joined) &&
    joined.every((type) => typeof type === "string")
  );
}

function isSource(value: unknown): value is ExternalSource {
  if (!isObject(value)) return false;
  if (value.kind === "mount") return typeof value.destination === "string";
  if (value.kind === "device") return typeof value.path === "string";
  return value.kind === "null" || value.kind === "notify";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
