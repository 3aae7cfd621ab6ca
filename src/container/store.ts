// The directories that containers are kept in: ROOT/ID, one a container, made by mkdir(2), which
// only one of two creators can win. Who makes or deletes a container holds a lock on the
// directory itself; readers need none, as files in it are replaced whole.

import { RuntError } from "../errors.js";
import { EACCES, EPERM, EROFS, O_DIRECTORY, O_NOFOLLOW, S_IFDIR, S_IFMT } from "../host/constants.js";
import { failure, isNativeError } from "../host/failure.js";
import { native } from "../host/native.js";
import { checkId } from "./ids.js";
import { parentPath } from "./paths.js";
import { parseState, type JournalDocument, type StateDocument } from "./state.js";

const STATE = "state.json";
const PREPARED_STATE = ".state.json";
const JOURNAL = "journal.json";
const CGROUP_MARK = "cgroup-taken";
const EXEC = "exec";

/** The socket that a created container waits on for `start`. */
export const START_SOCKET = "start.sock";

/** The socket in the directory that a container which may notify has as /run/notify (notify.ts). */
export const NOTIFY_NAME = "notify.sock";

/** The directory of a container. */
export function stateDirectory(root: string, id: string): string {
  return `${root}/${id}`;
}

/** What a container that may notify has as /run/notify. In: its directory. */
export function notifyDirectory(directory: string): string {
  return `${directory}/notify`;
}

export function noSuchContainer(): RuntError {
  return new RuntError("container does not exist");
}

/** A container's directory with its lock held. Closing the descriptor gives the lock back. */
export interface Claim {
  directory: string;
  fd: number;
}

/**
 * Makes ROOT/ID for a new container and locks it. ROOT is made 0700 on the way (sticky as well
 * below $XDG_RUNTIME_DIR). Throws RuntError when the id is in use.
 */
export function claim(root: string, id: string, ofUser: boolean): Claim {
  checkId(id);
  const directory = stateDirectory(root, id);
  // 0711: callers with other uids may reach the sockets in it, but not list it.
  const isNew = inRoot(root, () => {
    makeRoot(root, ofUser);
    return native().mkdir(directory, 0o711);
  });
  if (!isNew) {
    const hint = inTheWay(root, id);
    throw new RuntError({ cause: "container with given ID already exists", ...(hint ? { hint } : {}) });
  }
  const fd = lockDirectory(directory, true);
  if (fd === null) throw new RuntError("container was deleted while it was being created");
  return { directory, fd };
}

/** What to do about what has the id already; undefined for a container. */
function inTheWay(root: string, id: string): string | undefined {
  const directory = stateDirectory(root, id);
  if (!isDirectory(directory)) return `${directory} is no container: remove it or use another id`;
  try {
    const claim = lockContainer(root, id, false);
    if (claim === null || claim === "busy") return undefined;
    const isWhole = native().lstat(`${directory}/${STATE}`) !== null;
    release(claim);
    return isWhole ? undefined : `a create that did not end left parts of it: delete ${id} removes them`;
  } catch {
    // Another user's.
    return undefined;
  }
}

/** Does something in ROOT. Throws RuntError that says where else the state can be kept, when it may not. */
function inRoot<T>(root: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isNativeError(error) || ![EACCES, EPERM, EROFS].includes(error.errno)) throw error;
    const hint = `containers are kept in ${root}: --root names another directory, and so does XDG_RUNTIME_DIR for users without privileges`;
    throw failure(error, { hint });
  }
}

function makeRoot(root: string, ofUser: boolean): void {
  const missing: string[] = [];
  for (let path = root; path !== "/" && native().stat(path) === null; path = parentPath(path)) missing.push(path);
  for (const path of missing.reverse()) native().mkdir(path, path === root ? 0o700 : 0o755);
  // XDG base directory specification: the sticky bit keeps files from periodic clean-up.
  if (ofUser && missing.length > 0) native().chmod(root, 0o1700);
}

/**
 * Locks the directory of a container. Out: the claim; null when there is no such container;
 * "busy" (only when not told to wait) while another runt makes or deletes it.
 */
export function lockContainer(root: string, id: string, wait: boolean): Claim | "busy" | null {
  checkId(id);
  const directory = stateDirectory(root, id);
  if (!isDirectory(directory)) return null;
  const fd = lockDirectory(directory, wait);
  if (fd !== null) return { directory, fd };
  return native().lstat(directory) === null ? null : "busy";
}

/** Opens and locks; null when another holds the lock or the directory was replaced meanwhile. */
function lockDirectory(directory: string, wait: boolean): number | null {
  let fd: number;
  try {
    fd = native().open(directory, O_DIRECTORY | O_NOFOLLOW, 0);
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return null;
    throw error;
  }
  const held = native().fstat(fd);
  if (held.uid !== native().geteuid()) {
    native().close(fd);
    throw notOurs(directory, held.uid);
  }
  if (native().lock(fd, wait)) {
    const named = native().lstat(directory);
    if (named !== null && named.ino === held.ino && named.dev === held.dev) return fd;
  }
  native().close(fd);
  return null;
}

/**
 * What lies in a container's directory names processes to be signalled, namespaces to be joined, trees to be removed and
 * hooks to be run. With another user's word for it, in a --root that others can write to, root would do that for him.
 */
function notOurs(directory: string, uid: number): RuntError {
  return new RuntError({
    path: directory,
    cause: `the container is user ${uid}'s`,
    hint: "only that user can act on it; state and list show it to others",
  });
}

export function release({ fd }: Claim): void {
  native().close(fd);
}

/** Writes down what is about to be taken from the machine. */
export function writeJournal(directory: string, journal: JournalDocument): void {
  native().replaceFile(`${directory}/${JOURNAL}`, JSON.stringify(journal), 0o600);
}

/**
 * Notes that the cgroups of the journal are this container's. Before, they may be another's: create
 * refuses one that holds processes, and a creator that dies before it could refuse must not make
 * a later delete kill them.
 */
export function markCgroup(directory: string): void {
  native().createFile(`${directory}/${CGROUP_MARK}`, "", 0o600);
}

export function isCgroupMarked(directory: string): boolean {
  return native().lstat(`${directory}/${CGROUP_MARK}`) !== null;
}

/** Writes the state under another name: commitState is then a rename(2). */
export function prepareState(directory: string, state: StateDocument): void {
  native().createFile(`${directory}/${PREPARED_STATE}`, JSON.stringify(state), 0o600);
}

/** Makes a container exist: from here on it is created or running. */
export function commitState(directory: string): void {
  native().rename(`${directory}/${PREPARED_STATE}`, `${directory}/${STATE}`);
}

/** Writes what `exec` will need (exec-state.ts). */
export function writeExecState(directory: string, bytes: Uint8Array): void {
  native().createFile(`${directory}/${EXEC}`, bytes, 0o600);
}

/** What writeExecState wrote; throws RuntError when it is not there. */
export function readExecState(directory: string): Uint8Array {
  const path = `${directory}/${EXEC}`;
  const bytes = native().readBytesIfAny(path);
  if (bytes !== null) return bytes;
  throw new RuntError({
    attempt: "read",
    path,
    cause: "no such file or directory",
    hint: "the container was made by a runt that had no exec: create it anew",
  });
}

/** A container as its directory shows it. */
export type Kept =
  | { kind: "committed"; state: StateDocument }
  /** Being made, or left half-made by a runt that died. */
  | { kind: "half-made"; journal: JournalDocument | null };

/**
 * Reads a container. Throws RuntError when there is none or its files are damaged.
 */
export function readContainer(root: string, id: string): Kept {
  checkId(id);
  const directory = stateDirectory(root, id);
  const text = native().readFileIfAny(`${directory}/${STATE}`);
  if (text !== null) return { kind: "committed", state: parseState(text, `${directory}/${STATE}`, id) };
  const journal = readJournal(directory, id);
  if (journal === null && !isDirectory(directory)) throw noSuchContainer();
  return { kind: "half-made", journal };
}

/** The journal, or null when there is none (the creator died before it, or a delete half-way). */
export function readJournal(directory: string, id: string): JournalDocument | null {
  const path = `${directory}/${JOURNAL}`;
  const text = native().readFileIfAny(path);
  return text === null ? null : parseState(text, path, id, true);
}

/** A container that is wholly there and of our own user, to be acted on. Throws as readContainer, and when it is not. */
export function readState(root: string, id: string): StateDocument {
  const kept = readContainer(root, id);
  const directory = stateDirectory(root, id);
  const status = native().lstat(directory);
  if (status !== null && status.uid !== native().geteuid()) throw notOurs(directory, status.uid);
  if (kept.kind === "committed") return kept.state;
  throw noSuchContainer();
}

/** Compiled seccomp filters. "~" is in no valid id, so no container can take the name. */
export const CACHE_DIRECTORY = "seccomp~cache";

/** The ids under a root, sorted. Null when there is no root. Other files than directories are passed over. */
export function listIds(root: string): string[] | null {
  if (native().stat(root) === null) return null;
  return inRoot(root, () => native().readdir(root))
    .filter((name) => name !== CACHE_DIRECTORY && isDirectory(stateDirectory(root, name)))
    .sort();
}

function isDirectory(path: string): boolean {
  const status = native().lstat(path);
  return status !== null && (status.mode & S_IFMT) === S_IFDIR;
}
