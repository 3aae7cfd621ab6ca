// What criu is told for a restore: names from the checkpoint → what config.json and the host have for them.

import { parseProcessCgroups } from "../cgroup/proc-files.js";
import type { CriuOptions } from "../criu/messages.js";
import { RuntError } from "../errors.js";
import { O_PATH } from "../host/constants.js";
import { failure } from "../host/failure.js";
import { mountsOf } from "../host/mountinfo.js";
import { native } from "../host/native.js";
import { type ExternalSource, findBind, findDevice, rootSeen, type ShownSource, sourceSeen } from "../plan/criu.js";
import { cleanPath, hostPath, isWithin } from "../plan/paths.js";
import type { LinuxNamespaceType, Spec } from "../spec/types.gen.js";
import type { CheckpointDocument } from "./checkpoint-files.js";
import { commonOptions, type CriuDirectories, type CriuSettings, namespaceKey } from "./criu-settings.js";
import { bindMounts } from "./external-mounts.js";

/** Descriptors that criu has from FIRST on, and the types of namespace that they are. */
export interface InheritedDescriptors {
  fds: number[];
  keys: LinuxNamespaceType[];
}

export interface RestoreParts {
  config: Spec;
  bundle: string;
  sources: readonly FoundSource[];
  stage: string;
  criuPid: number;
  settings: CriuSettings;
  directories: CriuDirectories;
  document: CheckpointDocument;
  logName: string;
  lsmProfile: string | undefined;
  lsmMountContext: string | undefined;
  inherited: InheritedDescriptors;
}

/** criu's socket is 3. */
const FIRST = 4;

/** Namespaces that criu joins by path: its names for them. */
const JOINED: Readonly<Partial<Record<LinuxNamespaceType, string>>> = {
  ipc: "ipc",
  uts: "uts",
  time: "time",
  user: "user",
};

/** In: what there is; criu runs already, in the container's cgroups. Throws RuntError. */
export function restoreOptions(parts: RestoreParts): CriuOptions {
  const { config, settings, directories, document, inherited, lsmProfile, lsmMountContext } = parts;
  checkJoined(config, document);
  return {
    ...commonOptions(settings, directories, parts.logName, config.annotations),
    rstSibling: true,
    evasiveDevices: true,
    root: rootSeen(parts.stage),
    extMnt: externalMounts(parts),
    inheritFd: [
      ...streams(document),
      ...inherited.keys.map((type, index) => ({ key: namespaceKey(type), fd: FIRST + index })),
    ],
    joinNs: (config.linux?.namespaces ?? []).flatMap(({ type, path }) => {
      const ns = path ? JOINED[type] : undefined;
      return ns === undefined ? [] : [{ ns, nsFile: path! }];
    }),
    cgRoot: parseProcessCgroups(native().readFile(`/proc/${parts.criuPid}/cgroup`)).flatMap(({ controllers, path }) =>
      controllers.map((ctrl) => ({ ctrl: ctrl.replace(/^name=/, ""), path })),
    ),
    ...(lsmProfile === undefined ? {} : { lsmProfile }),
    ...(lsmMountContext === undefined ? {} : { lsmMountContext }),
  };
}

/**
 * The first of two streams that are the same is enough: criu looks for the name. Of a file's name it takes the first
 * letter off, as of a path. (Under the whole name it opens the file anew, and wants it to have the size that it had.)
 */
function streams({ streams: keys }: CheckpointDocument): { key: string; fd: number }[] {
  return keys.flatMap((key, fd) => {
    if (key === null || keys.indexOf(key) !== fd) return [];
    return [{ key: key.startsWith("file[") ? key.slice(1) : key, fd }];
  });
}

/** criu would make a namespace that it is not given, and fail without one that it should be given. */
function checkJoined(config: Spec, { joined }: CheckpointDocument): void {
  if (joined === null) return;
  for (const type of ["network", "pid"] as const) {
    const path = config.linux?.namespaces?.find((entry) => entry.type === type)?.path;
    if (joined.includes(type) === Boolean(path)) continue;
    throw new RuntError({
      where: "linux.namespaces",
      cause: path
        ? `the ${type} namespace is ${path} here, but the container that was checkpointed had one of its own`
        : `the container that was checkpointed had joined a ${type} namespace, but here is no path of one`,
    });
  }
}

/** A source of the host, and where criu finds it. */
export interface FoundSource extends ShownSource {
  path: string;
}

/**
 * Finds the sources of a checkpoint's external mounts. In: the directory below which criu will see them. Throws RuntError
 * for what config.json does not mount.
 */
export function findSources(
  { mounts }: CheckpointDocument,
  config: Spec,
  bundle: string,
  stage: string,
): FoundSource[] {
  const host = mountsOf("self");
  return Object.entries(mounts ?? {}).map(([name, source]) => {
    if (source.kind === "null" || source.kind === "notify") return { name, source, path: sourceSeen(stage, name) };
    const path = hostSource(source, config, bundle);
    const mountPoint = host.reduce(
      (best, { point: at }) => (at.length > best.length && isWithin(path, at) ? at : best),
      "/",
    );
    const below = mountPoint === "/" ? path : path.slice(mountPoint.length);
    return { name, source, mountPoint, path: `${sourceSeen(stage, name)}${below}` };
  });
}

function hostSource(source: ExternalSource & { kind: "mount" | "device" }, config: Spec, bundle: string): string {
  if (source.kind === "device") return realPath("linux.devices", findDevice(config, source.path));
  const { at, mount } = findBind(config, source.destination);
  return realPath(at.where, hostPath(bundle, mount.source ?? ""));
}

/** The path without symlinks. */
function realPath(where: string, path: string): string {
  let fd = -1;
  try {
    fd = native().open(path, O_PATH, 0);
    return native().readlink(`/proc/self/fd/${fd}`);
  } catch (error) {
    throw failure(error, { where, attempt: "open", path });
  } finally {
    native().close(fd);
  }
}

/** The names as criu has them, and where it finds them. */
function externalMounts({ document, config, bundle, sources }: RestoreParts): { key: string; val: string }[] {
  if (document.mounts !== null) return sources.map(({ name, path }) => ({ key: name, val: path }));
  // runc's names. One that criu would read wrongly is left out, and criu then says what it lacks.
  const named = bindMounts(config).map(({ destination, source }) => ({
    key: cleanPath(destination),
    val: hostPath(bundle, source ?? ""),
  }));
  return [...named, { key: "/dev/null", val: "/dev/null" }].filter(({ key }) => !key.includes("]"));
}
