// What checkpoint and restore have in common: the directories, and what criu is told in both.

import { CONFIG_ANNOTATION } from "../criu/annotations.js";
import { CGROUP_MODES, type CriuOptions } from "../criu/messages.js";
import { RuntError } from "../errors.js";
import { O_DIRECTORY } from "../host/constants.js";
import { failure } from "../host/failure.js";
import { native } from "../host/native.js";
import { NAMESPACE_FLAGS } from "../plan/namespaces.js";
import { parentPath } from "./paths.js";

/** Options of both commands. Paths are absolute. */
export interface CriuSettings {
  imagePath: string;
  workPath: string | undefined;
  tcpEstablished: boolean;
  extUnixSk: boolean;
  shellJob: boolean;
  fileLocks: boolean;
  autoDedup: boolean;
  lazyPages: boolean;
  manageCgroupsMode: keyof typeof CGROUP_MODES;
}

/** criu's debug level: what --debug's readers and bug reports want, and the lines of errors. */
const LOG_LEVEL = 4;

/** Which file criu reads for itself without the annotation: runc's own. */
const CONFIG_FILE = "/etc/criu/runc.conf";

/** criu's name for a namespace that was joined, in both directions: runc's, so that its checkpoints restore. */
export const namespaceKey = (type: string): string => (type === "network" ? "extRootNetNS" : "extRootPidNS");

/** Directories that are open for criu. */
export interface CriuDirectories {
  images: number;
  /** -1: that of the images. */
  work: number;
  /** Absolute path of criu's log. */
  log: string;
}

/** Opens the directories of a request. In: the name of the log; whether a missing image directory is made. Throws RuntError. */
export function openDirectories(
  { imagePath, workPath }: Pick<CriuSettings, "imagePath" | "workPath">,
  logName: string,
  make: boolean,
): CriuDirectories {
  const images = openDirectory("--image-path", imagePath, make);
  try {
    const work = workPath === undefined ? -1 : openDirectory("--work-path", workPath, true);
    return { images, work, log: `${workPath ?? imagePath}/${logName}` };
  } catch (error) {
    native().close(images);
    throw error;
  }
}

/**
 * The same directories as seen from the mount namespace of a process: criu mounts in its working directory, and may
 * only do so in mounts of its own namespace.
 */
export function directoriesSeenBy(pid: number, { images, work, log }: CriuDirectories): CriuDirectories {
  // The kernel's own text has no symlinks, which would lead out of the process's root.
  const reopen = (fd: number) =>
    fd < 0 ? -1 : native().open(`/proc/${pid}/root${native().readlink(`/proc/self/fd/${fd}`)}`, O_DIRECTORY, 0);
  const seen = reopen(images);
  try {
    return { images: seen, work: reopen(work), log };
  } catch (error) {
    native().close(seen);
    throw error;
  }
}

/**
 * Lets root of a user namespace through to the images while they are restored: criu reads most of them from within.
 * In: the directory, the group that this root is on the host. Out: puts it back.
 */
export function openToGroup(images: number, gid: number): () => void {
  const path = `/proc/self/fd/${images}`;
  const { mode, uid, gid: group } = native().fstat(images);
  const permissions = mode & 0o7777;
  if (permissions & 0o001) return () => {};
  native().chown(path, uid, gid);
  native().chmod(path, permissions | 0o010);
  return () => {
    native().chown(path, uid, group);
    native().chmod(path, permissions);
  };
}

export function closeDirectories({ images, work }: CriuDirectories): void {
  native().close(images);
  native().close(work);
}

/** Memory of processes is in them: nobody else may read it. */
function openDirectory(where: string, path: string, make: boolean): number {
  try {
    if (make) makeDirectories(path);
    return native().open(path, O_DIRECTORY, 0);
  } catch (error) {
    throw failure(error, { where });
  }
}

function makeDirectories(path: string): void {
  if (native().stat(path) !== null) return;
  if (path !== "/") makeDirectories(parentPath(path));
  native().mkdir(path, 0o700);
}

/** The part of criu's options that is the same in both directions. */
export function commonOptions(
  settings: CriuSettings,
  { images, work }: CriuDirectories,
  logName: string,
  annotations: Readonly<Record<string, string>> | undefined,
): CriuOptions {
  const configFile = annotations?.[CONFIG_ANNOTATION] ?? CONFIG_FILE;
  return {
    imagesDirFd: images,
    ...(work >= 0 ? { workDirFd: work } : {}),
    logLevel: LOG_LEVEL,
    logFile: logName,
    notifyScripts: true,
    manageCgroups: true,
    manageCgroupsMode: CGROUP_MODES[settings.manageCgroupsMode],
    tcpEstablished: settings.tcpEstablished,
    extUnixSk: settings.extUnixSk,
    shellJob: settings.shellJob,
    fileLocks: settings.fileLocks,
    autoDedup: settings.autoDedup,
    lazyPages: settings.lazyPages,
    orphanPtsMaster: true,
    // Who sets up a container's network does so for the new one: its devices are gone with the old.
    emptyNs: NAMESPACE_FLAGS.network,
    // An empty annotation: no file at all.
    ...(configFile ? { configFile } : {}),
  };
}

/** --page-server, as runc words it. */
export function parsePageServer(text: string): { address: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+)):([^:]+)$/.exec(text) ?? [];
  const address = bracketed ?? plain;
  if (address === undefined || port === undefined) {
    throw new RuntError("Use --page-server ADDRESS:PORT to specify page server");
  }
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) throw new RuntError("Invalid port number");
  return { address, port: Number(port) };
}

/** criu gives a restored container mounts in a namespace of its own, and takes a checkpoint of such ones alone. */
export function inheritedMounts(): RuntError {
  return new RuntError({
    where: "linux.namespaces",
    cause: "criu can't keep a container that is in the runtime's mount namespace",
    hint: 'checkpoints are for containers with { "type": "mount" } in linux.namespaces',
  });
}
