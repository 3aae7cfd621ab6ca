// checkpoint: criu writes the processes of a container to files. What belongs to the host is named to it, so that
// restore can give it anew (external-mounts.ts, streams.ts).

import { cgroupDriverFromState } from "../cgroup/index.js";
import { type CriuFeatures, type CriuOptions, DUMP, PRE_DUMP } from "../criu/messages.js";
import { RuntError } from "../errors.js";
import { S_IFDIR, S_IFMT } from "../host/constants.js";
import { mountsOf } from "../host/mountinfo.js";
import { native } from "../host/native.js";
import { planCriu } from "../plan/criu.js";
import type { Spec } from "../spec/types.gen.js";
import { keepCgroupOptions } from "./cgroup-options.js";
import { unmarkCheckpoint, writeCheckpoint } from "./checkpoint-files.js";
import { criuFailure } from "./criu-failure.js";
import { type Criu, CriuTalk, requireCriu } from "./criu-process.js";
import {
  closeDirectories,
  commonOptions,
  type CriuDirectories,
  type CriuSettings,
  inheritedMounts,
  namespaceKey,
  openDirectories,
} from "./criu-settings.js";
import { destroyContainer } from "./destroy.js";
import { decodeExecState, type ExecState } from "./exec-state.js";
import { findExternalMounts, resolveIn } from "./external-mounts.js";
import { withOutput } from "./helper-program.js";
import type { Reporter } from "./report.js";
import type { StateDocument } from "./state.js";
import { containerStatus } from "./status.js";
import { type Claim, lockContainer, noSuchContainer, readExecState, readState, release } from "./store.js";
import { findStreams } from "./streams.js";

export interface CheckpointRequest {
  root: string;
  id: string;
  settings: CriuSettings;
  /** Relative to the image path. */
  parentPath: string | undefined;
  leaveRunning: boolean;
  preDump: boolean;
  tcpSkipInFlight: boolean;
  linkRemap: boolean;
  pageServer: { address: string; port: number } | undefined;
  /** Gets a NUL byte when criu's page server is ready; -1: none. Closed here. */
  statusFd: number;
  report: Reporter;
}

const LOG = "dump.log";

/** Namespaces that criu leaves alone when it is told their inodes. */
const EXTERNAL_NAMESPACES: Readonly<Record<string, string>> = { network: "net", pid: "pid" };

/** Writes a container to files and, unless it is to go on, deletes it. Throws RuntError; then it goes on as it was. */
export async function checkpointContainer(request: CheckpointRequest): Promise<void> {
  const { root, id } = request;
  const claim = lockContainer(root, id, true);
  if (claim === null || claim === "busy") throw noSuchContainer();
  let stays = true;
  try {
    const state = readState(root, id);
    keepCgroupOptions(request.report, () => dump(request, claim, state));
    stays = request.leaveRunning || request.preDump;
    if (stays) return;
    const { report } = request;
    await destroyContainer({ claim, journal: state, init: state.init, kill: true, poststop: true, report });
    report.debug(`checkpoint: ${id} is written, and deleted`);
  } finally {
    if (stays) release(claim);
  }
}

function dump(request: CheckpointRequest, claim: Claim, state: StateDocument): void {
  const status = containerStatus(claim.directory, state);
  if (status !== "running" && status !== "paused") {
    throw new RuntError(`Container cannot be checkpointed in ${status} state`);
  }
  const { settings, parentPath, preDump, report } = request;
  refuseUnkept(request, state);
  const criu = requireCriu(report);
  if (preDump || parentPath !== undefined) requireFeature(criu, "memTrack", "memory tracking");
  if (settings.lazyPages) requireFeature(criu, "lazyPages", "lazy pages (userfaultfd)");
  const directories = openDirectories(settings, LOG, true);
  try {
    checkParent(settings.imagePath, parentPath);
    unmarkCheckpoint(settings.imagePath);
    new Dump(request, claim, state, criu, directories).run();
  } finally {
    closeDirectories(directories);
  }
}

/** What would be missing at restore: the files of a writable layer that is deleted with its container, an agent. */
function refuseUnkept(
  { leaveRunning, preDump }: CheckpointRequest,
  { overlay, listener, rootMount }: StateDocument,
): void {
  if (rootMount) throw inheritedMounts();
  if (listener)
    throw new RuntError({ where: "linux.seccomp", cause: "criu can't keep a filter that notifies an agent" });
  if (!overlay || overlay.kept || leaveRunning || preDump) return;
  throw new RuntError({
    where: "annotations",
    cause: "the container's writable layer would be deleted with it, and with it the files that the processes have",
    hint: "runt.rootfs.upper names a directory that keeps the layer; --leave-running deletes nothing",
  });
}

function requireFeature({ features }: Criu, name: keyof CriuFeatures, words: string): void {
  if (features[name]) return;
  throw new RuntError(`CRIU is missing features: ${words}: this kernel or this criu has none`);
}

function checkParent(imagePath: string, parentPath: string | undefined): void {
  if (parentPath === undefined) return;
  const path = `${imagePath}/${parentPath}`;
  const status = native().stat(path);
  if (status !== null && (status.mode & S_IFMT) === S_IFDIR) return;
  const cause = status === null ? "no such file or directory" : "not a directory";
  throw new RuntError({ where: "invalid --parent-path", attempt: "stat", path, cause });
}

class Dump {
  private readonly config: Spec;
  private readonly given: ExecState["streams"];
  private readonly pid: number;

  constructor(
    private readonly request: CheckpointRequest,
    { directory }: Claim,
    private readonly state: StateDocument,
    private readonly criu: Criu,
    private readonly directories: CriuDirectories,
  ) {
    const kept = decodeExecState(readExecState(directory), directory);
    this.config = kept.config;
    this.given = kept.config.process.terminal ? [] : kept.streams;
    this.pid = state.init.pid;
  }

  /** Nothing moves while it is looked at and written; afterwards it is paused or not, as before. */
  run(): void {
    const cgroup = cgroupDriverFromState(this.state.cgroup, this.state.init);
    const freezes = Object.keys(this.state.cgroup.directories).length > 0 && cgroup.freezerState() === "thawed";
    if (freezes) cgroup.freeze("frozen");
    try {
      this.write(cgroup.processes());
    } finally {
      if (freezes && cgroup.exists()) cgroup.freeze("thawed");
    }
  }

  private write(processes: readonly number[]): void {
    const { request, config, pid, criu, directories } = this;
    const inside = mountsOf(pid);
    const mounts = findExternalMounts(config, inside, (path) => resolveIn(pid, path));
    const streams = findStreams(this.given, processes, inside);
    const joined = this.joinedNamespaces();
    const options: CriuOptions = {
      ...this.options(),
      // A pre-dump looks at memory alone.
      ...(request.preDump ? {} : { extMnt: mounts.map(({ point, name }) => ({ key: point, val: name })) }),
      external: [...joined.map(({ external }) => external), ...streams.flatMap(({ external }) => external ?? [])],
    };
    request.report.debug(`checkpoint: criu is told ${JSON.stringify(options)}`);
    const { major, minor, sublevel } = criu.version;
    const finish = () =>
      writeCheckpoint(
        request.settings.imagePath,
        {
          criu: `${major}.${minor}.${sublevel}`,
          mounts,
          streams: streams.map(({ key }) => key),
          joined: joined.map(({ type }) => type),
          terminal: config.process.terminal === true,
        },
        streams.map(({ link }) => link),
      );
    // With lazy pages all but memory is written when criu is ready to hand that out.
    this.ask(options, finish);
    if (request.preDump) return;
    finish();
    request.report.debug(`checkpoint: images are in ${request.settings.imagePath}, criu's log is ${directories.log}`);
  }

  private options(): CriuOptions {
    const { settings, parentPath, pageServer, leaveRunning, preDump, tcpSkipInFlight, linkRemap } = this.request;
    const { directories: groups } = this.state.cgroup;
    // v1 has a hierarchy of its own for it.
    const freezer = this.state.cgroup.version === 2 ? groups[""] : groups.freezer;
    return {
      ...commonOptions(settings, this.directories, LOG, this.state.annotations),
      pid: this.pid,
      leaveRunning,
      tcpSkipInFlight,
      linkRemap,
      ...(freezer === undefined ? {} : { freezeCgroup: freezer }),
      ...(pageServer ? { pageServer } : {}),
      ...(parentPath === undefined ? {} : { parentImg: parentPath }),
      ...(preDump || parentPath !== undefined ? { trackMem: true } : {}),
    };
  }

  private ask(options: CriuOptions, onReady: () => void): void {
    const { request, criu, directories } = this;
    const talk = new CriuTalk(criu.path, request.report);
    withOutput((stdio, said) => {
      try {
        talk.start(planCriu, { stdio });
        const type = request.preDump ? PRE_DUMP : DUMP;
        const answer = talk.ask({ type, opts: options }, (script, _pid, fd) => this.notified(script, fd, onReady));
        if (answer?.success) return;
        talk.end();
        throw criuFailure("checkpoint", answer, directories.log, said());
      } finally {
        talk.end();
      }
    });
  }

  private notified(script: string, fd: number, onReady: () => void): void {
    this.request.report.debug(`criu: ${script}`);
    native().close(fd);
    if (script !== "status-ready") return;
    onReady();
    if (this.request.statusFd < 0) return;
    native().writeFd(this.request.statusFd, "\0");
    native().close(this.request.statusFd);
  }

  /** Namespaces of others, which are not to be written down with the container. */
  private joinedNamespaces(): { type: string; external: string }[] {
    const paths = (this.config.linux?.namespaces ?? []).filter(({ path }) => path);
    const refused = paths.find(({ type }) => type === "mount" || type === "cgroup");
    if (refused) {
      throw new RuntError({
        where: `linux.namespaces (${refused.type} from ${refused.path})`,
        cause: `a container that joined a ${refused.type} namespace can't be checkpointed: criu can't join one`,
      });
    }
    return paths.flatMap(({ type }) => {
      const name = EXTERNAL_NAMESPACES[type];
      if (name === undefined) return [];
      const inode = native().stat(`/proc/${this.pid}/ns/${name}`)?.ino;
      return [{ type, external: `${name}[${inode}]:${namespaceKey(type)}` }];
    });
  }
}
