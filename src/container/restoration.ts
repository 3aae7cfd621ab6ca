// One restore from the claim of the id to processes that go on: see restore.ts. What it takes from the machine is held,
// journalled and given back as in create.ts: acquisition.ts.

import type { CgroupDriver } from "../cgroup/driver.js";
import { RESTORE } from "../criu/messages.js";
import { RuntError } from "../errors.js";
import type { SeccompProfile } from "../host/addon.js";
import { failure } from "../host/failure.js";
import { native } from "../host/native.js";
import { SIGKILL } from "../host/signals.js";
import { planMountPoints, planRestore, type RestoreRequest as RootRequest } from "../plan/criu.js";
import { hostId } from "../plan/mappings.js";
import { planContainer } from "../plan/plan.js";
import type { Host, Plan } from "../plan/types.js";
import type { Spec } from "../spec/types.gen.js";
import { Acquisition, type Extras } from "./acquisition.js";
import { keepCgroupOptions } from "./cgroup-options.js";
import type { CheckpointDocument } from "./checkpoint-files.js";
import { placeTerminal } from "./console.js";
import { criuFailure } from "./criu-failure.js";
import { type Criu, CriuTalk } from "./criu-process.js";
import { closeDirectories, type CriuDirectories, directoriesSeenBy, openToGroup } from "./criu-settings.js";
import { containerRequest } from "./design.js";
import { runProgram } from "./helper-program.js";
import { runHooks } from "./hooks.js";
import { makeNotifyDirectory } from "./notify.js";
import { openPidfd, signalByPidfd } from "./process-handle.js";
import type { RestoreRequest } from "./restore.js";
import { checkRestored } from "./restore-check.js";
import { findSources, type FoundSource, type InheritedDescriptors, restoreOptions } from "./restore-options.js";
import { raiseLoopback } from "./restore-network.js";
import { cachedFilter } from "./seccomp-cache.js";
import type { StateDocument } from "./state.js";
import { notifyDirectory } from "./store.js";
import { identifyStreams } from "./streams.js";

/** The name of criu's log. */
export const RESTORE_LOG = "restore.log";

export interface Restored {
  state: StateDocument;
  pid: number;
  pidfd: number;
  /** -1: no terminal. */
  master: number;
}

export interface RestoreSource extends Extras {
  criu: Criu;
  document: CheckpointDocument;
  directories: CriuDirectories;
}

export class Restoration {
  private readonly taken: Acquisition;
  private readonly talk: CriuTalk;
  private plan: Plan | null = null;
  private sources: FoundSource[] = [];
  private state: StateDocument | null = null;
  /** The first process; 0: none yet. */
  private pid = 0;
  private pidfd = -1;
  master = -1;

  constructor(
    private readonly request: RestoreRequest,
    private readonly config: Spec,
    private readonly host: Host,
    private readonly cgroup: CgroupDriver,
    private readonly source: RestoreSource,
  ) {
    this.taken = new Acquisition(request, config, cgroup, source);
    this.talk = new CriuTalk(source.criu.path, request.report);
  }

  run(): Promise<Restored> {
    const directory = this.taken.claim();
    const finish = async () => {
      await this.prepare(directory);
      const close = this.openImages();
      try {
        keepCgroupOptions(this.request.report, () => this.restore(directory));
      } finally {
        close();
      }
      return { state: this.state!, pid: this.pid, pidfd: this.pidfd, master: this.takeMaster() };
    };
    // criu is in the cgroup while it restores: device rules hold for what it opens on behalf of the images.
    return this.taken.make(true, { finish, endProcesses: [() => this.kill(), () => this.close()] });
  }

  /** The terminal's master, which the caller closes from now on; -1: none. */
  takeMaster(): number {
    const { master } = this;
    this.master = -1;
    return master;
  }

  /** What must be there before criu: the plan that the processes are compared with, mount points. */
  private async prepare(directory: string): Promise<void> {
    const { request, config, host, cgroup } = this;
    const { report, root } = request;
    const compile = (profile: SeccompProfile) => cachedFilter(root, profile, report);
    this.plan = planContainer(config, host, containerRequest(request, config, directory, cgroup, compile));
    for (const warning of this.plan.warnings) report.warn(warning);
    this.sources = findSources(this.source.document, config, request.bundle, request.root);
    const { mounts } = this.source.document;
    if (Object.values(mounts ?? {}).some(({ kind }) => kind === "notify")) makeNotifyDirectory(directory);
    runProgram(planMountPoints(config, host, this.rootRequest(directory)), { report });
    await this.taken.keepForExec(this.plan, identifyStreams());
  }

  private rootRequest(directory: string): RootRequest {
    const { id, bundle } = this.request;
    return {
      id,
      bundle,
      stateDir: directory,
      notifyDirectory: notifyDirectory(directory),
      stage: this.request.root,
      sources: this.sources,
      cgroups: this.cgroup.placement(),
    };
  }

  private restore(directory: string): void {
    const { request, config, host, source, talk } = this;
    const { report } = request;
    const inherited: InheritedDescriptors = { fds: [], keys: [] };
    let seen: CriuDirectories | null = null;
    try {
      this.openNamespaces(inherited);
      talk.start((command) => planRestore(config, host, this.rootRequest(directory), command), {
        further: inherited.fds,
        sync: this.cgroup.enter ? (pid) => this.taken.enterCgroup(pid) : undefined,
      });
      // All that it makes belongs there, too.
      source.resctrl?.join(talk.pid);
      seen = directoriesSeenBy(talk.pid, source.directories);
      const opts = restoreOptions({
        config,
        bundle: request.bundle,
        stage: request.root,
        sources: this.sources,
        criuPid: talk.pid,
        settings: request.settings,
        directories: seen,
        document: source.document,
        logName: RESTORE_LOG,
        lsmProfile: request.lsmProfile,
        lsmMountContext: request.lsmMountContext,
        inherited,
      });
      report.debug(`restore: criu is told ${JSON.stringify(opts)}`);
      const answer = talk.ask({ type: RESTORE, opts }, (script, pid, fd) => this.notified(script, pid, fd));
      if (!answer?.success) throw criuFailure("restore", answer, source.directories.log, "");
      talk.end();
      if (!this.state) throw new RuntError("criu restored processes and told nothing of them");
    } finally {
      for (const fd of inherited.fds) native().close(fd);
      if (seen) closeDirectories(seen);
    }
  }

  /** Out: undoes it. */
  private openImages(): () => void {
    const { namespaces, gidMappings } = this.config.linux ?? {};
    const gid = namespaces?.some(({ type }) => type === "user") ? hostId(gidMappings, 0) : undefined;
    return gid === undefined ? () => {} : openToGroup(this.source.directories.images, gid);
  }

  /** Namespaces of others that criu is handed. */
  private openNamespaces(inherited: InheritedDescriptors): void {
    for (const { type, path } of this.config.linux?.namespaces ?? []) {
      if (!path || (type !== "network" && type !== "pid")) continue;
      try {
        inherited.fds.push(native().open(path, 0, 0));
        inherited.keys.push(type);
      } catch (error) {
        throw failure(error, { where: `linux.namespaces (${type} from ${path})` });
      }
    }
  }

  private notified(script: string, pid: number, fd: number): void {
    this.request.report.debug(`criu: ${script}${pid ? ` (process ${pid})` : ""}`);
    if (script === "orphan-pts-master" && this.master < 0) this.master = fd;
    else native().close(fd);
    if (pid > 0 && this.pid === 0) this.meet(pid);
    if (script === "setup-namespaces") this.runHooks();
    if (script === "pre-resume") this.commit();
  }

  private meet(pid: number): void {
    this.pid = pid;
    this.pidfd = openPidfd(pid);
  }

  private runHooks(): void {
    raiseLoopback(this.config, this.pid, this.request.report);
    this.source.netDevices?.moveIn(this.pid);
    this.taken.runHooks(this.pid, runHooks);
  }

  /** The processes are whole, and none has run yet. Throws RuntError when they are not what config.json asks for. */
  private commit(): void {
    const { request, config, host, plan, pid } = this;
    checkRestored({
      ...{ pid, config, host, plan: plan! },
      images: request.settings.imagePath,
      lsmProfile: request.lsmProfile,
    });
    this.cgroup.settle(config.linux?.resources);
    placeTerminal(this, request.consoleSocket);
    this.taken.prepare(pid, []);
    this.state = this.taken.commit();
    request.report.debug(`restore: the first process is ${pid}; its state is written`);
  }

  /** Ends what criu has made, and criu. */
  private kill(): void {
    if (this.pid !== 0) {
      if (this.pidfd >= 0) signalByPidfd(this.pidfd, this.pid, SIGKILL, () => true);
      else native().kill(this.pid, SIGKILL);
    }
    if (this.taken.cgroupTaken && this.cgroup.exists()) this.cgroup.signalAll(SIGKILL);
    if (this.talk.pid !== 0) native().kill(this.talk.pid, SIGKILL);
    this.talk.end();
    if (this.pid !== 0) native().reap(this.pid);
  }

  private close(): void {
    native().close(this.pidfd);
    native().close(this.master);
  }
}
