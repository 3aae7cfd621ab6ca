// What a container that is being made takes from the machine, the same for create and restore: its id, cgroups, layers,
// resctrl groups, a mount, network devices, the pid file. What outlives this process is written to the journal before it
// is taken, so that a SIGKILL at any point leaves what `delete` finds. A failure gives all of it back.

import type { CgroupDriver } from "../cgroup/driver.js";
import { failure } from "../host/failure.js";
import { native } from "../host/native.js";
import type { OverlayPaths } from "../plan/overlay.js";
import type { Plan } from "../plan/types.js";
import type { Spec } from "../spec/types.gen.js";
import { chooseOverlay, describe, identify, type CreateRequest } from "./design.js";
import type { ExecState } from "./exec-state.js";
import type { EngineHook, runHooks } from "./hooks.js";
import type { NetDevices } from "./net-devices.js";
import { makeOverlay } from "./overlay.js";
import { writePidFile } from "./pidfile.js";
import type { Resctrl } from "./resctrl.js";
import type { RootMount } from "./root-mount.js";
import { hookState, type JournalDocument, type LateStep, type StateDocument } from "./state.js";
import {
  claim,
  commitState,
  markCgroup,
  prepareState,
  release,
  writeExecState,
  writeJournal,
  type Claim,
} from "./store.js";

/** What only some containers take, loaded when they do: see extrasOf in create.ts. */
export interface Extras {
  netDevices: NetDevices | undefined;
  resctrl: Resctrl | undefined;
  /** Without a mount namespace of its own. */
  rootMount: RootMount | undefined;
}

/** What makes a container of all that was taken. */
export interface Work<T> {
  /** What of it needs nothing that is taken: done before. */
  begin?(): void;
  finish(): T | Promise<T>;
  /** End the processes of a work that has failed, before the rest is given back. */
  readonly endProcesses: readonly (() => void)[];
}

/** What one container has taken so far. */
export class Acquisition {
  readonly journal: JournalDocument;
  /** A hook ran, so the container existed for others: its end is told to the poststop hooks. */
  hooksRan = false;
  cgroupTaken = false;
  private readonly overlay: OverlayPaths | undefined;
  private claimed: Claim | null = null;
  private state: StateDocument | null = null;
  private pidFileWritten = false;

  constructor(
    private readonly request: CreateRequest,
    private readonly config: Spec,
    private readonly cgroup: CgroupDriver,
    private readonly extras: Extras,
  ) {
    this.overlay = chooseOverlay(request, config);
    this.journal = describe(request, config, cgroup, this.overlay);
    if (extras.resctrl) this.journal.resctrl = extras.resctrl.state;
  }

  /** Takes the id. Out: the container's directory, whose lock is held until `make` is done. Throws RuntError. */
  claim(): string {
    const { root, id, rootOfUser } = this.request;
    this.claimed = claim(root, id, rootOfUser);
    return this.claimed.directory;
  }

  /**
   * Takes all else, does the work that makes the container of it, and gives the lock back. In: whether the cgroup has its
   * limits before any process is in it.
   */
  async make<T>(limitsComeFirst: boolean, work: Work<T>): Promise<T> {
    try {
      work.begin?.();
      this.take(limitsComeFirst);
      const result = await work.finish();
      release(this.claimed!);
      return result;
    } catch (error) {
      await this.giveBack(work.endProcesses);
      throw error;
    } finally {
      this.extras.netDevices?.close();
      this.extras.rootMount?.close();
    }
  }

  private take(limitsComeFirst: boolean): void {
    const { cgroup, overlay, extras } = this;
    const { directory } = this.claimed!;
    if (extras.rootMount) this.journal.rootMount = extras.rootMount.take();
    writeJournal(directory, this.journal);
    cgroup.create(this.config.linux?.resources);
    // Else systemd makes it around the first process: enterCgroup.
    if (!cgroup.enter) {
      this.takeCgroup();
      if (limitsComeFirst) this.limit();
    }
    if (overlay) makeOverlay(overlay);
    // Another runt may have made one of the groups meanwhile: then it is not ours to remove.
    if (extras.resctrl?.create()) writeJournal(directory, this.journal);
  }

  /** From now on it is ours to remove. */
  private takeCgroup(): void {
    this.cgroupTaken = true;
    markCgroup(this.claimed!.directory);
  }

  /** Has systemd make the cgroup around a process. */
  enterCgroup(pid: number): void {
    this.cgroup.enter!(pid, this.config.linux?.resources);
    this.takeCgroup();
    this.limit();
  }

  limit(): void {
    this.cgroup.apply(this.config.linux?.resources);
    for (const warning of this.cgroup.warnings.splice(0)) this.request.report.warn(warning);
  }

  /** prestart and createRuntime hooks, in the runtime's namespaces. In: the container's first process, who runs them. */
  runHooks(pid: number, run: typeof runHooks): void {
    const { hooks } = this.config;
    const state = hookState(this.journal, "creating", pid);
    for (const kind of ["prestart", "createRuntime"] satisfies EngineHook[]) {
      if (!hooks?.[kind]) continue;
      this.hooksRan = true;
      run(kind, hooks[kind], { state, bundle: this.request.bundle }, this.request.report);
    }
  }

  /** Writes what `exec` will need; before `commit`. In: the whole plan. */
  async keepForExec(plan: Plan, streams: ExecState["streams"]): Promise<void> {
    const { noNewKeyring } = this.request;
    const { encodeExecState } = await import("./exec-state.js");
    writeExecState(this.claimed!.directory, encodeExecState(this.config, plan, noNewKeyring, streams));
  }

  /** Writes the state where nobody looks for it yet. In: the first process, the steps left for `start`. */
  prepare(pid: number, late: LateStep[]): void {
    const { format, id, ...rest } = this.journal;
    // `init` stands near the front, so that it survives when the file is cut off.
    this.state = { format, id, init: identify(pid), ...rest, late };
    prepareState(this.claimed!.directory, this.state);
  }

  /** Writes the pid file and puts the state in its place: from here on the container exists for its users. */
  commit(): StateDocument {
    const state = this.state!;
    const { pidFile } = this.request;
    if (pidFile !== undefined) {
      writePidFile(pidFile, state.init.pid);
      this.pidFileWritten = true;
    }
    commitState(this.claimed!.directory);
    return state;
  }

  private async giveBack(endProcesses: readonly (() => void)[]): Promise<void> {
    const { request, journal } = this;
    const attempt = async (work: () => unknown) => {
      try {
        await work();
      } catch (error) {
        request.report.warn(`undoing the failed container: ${(failure(error) as Error).message}`);
      }
    };
    for (const end of endProcesses) await attempt(end);
    await attempt(() => this.extras.netDevices?.moveBack());
    if (this.pidFileWritten) await attempt(() => native().unlink(request.pidFile!));
    const { destroyContainer } = await import("./destroy.js");
    // A cgroup that was refused is somebody else's: not ours to kill or remove.
    const taken = this.cgroupTaken ? this.cgroup.paths : { ...journal.cgroup, directories: {} };
    await attempt(() =>
      destroyContainer({
        claim: this.claimed!,
        journal: { ...journal, cgroup: taken },
        // Killed and reaped above.
        init: null,
        kill: true,
        poststop: this.hooksRan,
        report: request.report,
      }),
    );
  }
}
