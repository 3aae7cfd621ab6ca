// Making a container: config.json → plan → cgroups → runt-init, with everything that is taken
// from the machine written to the journal first. A failure undoes it all; a SIGKILL at any
// point leaves what `delete` finds by the journal.

import type { CgroupDriver } from "../cgroup/driver.js";
import { detectCgroups } from "../cgroup/detect.js";
import { readHost } from "../host/facts.js";
import { failure } from "../host/failure.js";
import type { SeccompProfile } from "../host/addon.js";
import { initPath, native } from "../host/native.js";
import type { NetDevices } from "./net-devices.js";
import { encodeProgram } from "../plan/encode.js";
import type { OverlayPaths } from "../plan/overlay.js";
import type { Host, Plan } from "../plan/types.js";
import type { Spec } from "../spec/types.gen.js";
import { checkConsole, placeTerminal, sendPidfd } from "./console.js";
import { loadBundle } from "./bundle.js";
import { chooseCgroup, chooseOverlay, describe, identify, lateSteps, makePlan, type CreateRequest } from "./design.js";
import { destroyContainer } from "./destroy.js";
import { encodeExecState } from "./exec-state.js";
import { runHooks, type EngineHook } from "./hooks.js";
import { writeIdMaps } from "./id-maps.js";
import { checkId } from "./ids.js";
import { tellAgent } from "./listener.js";
import type { Notifier } from "./notify.js";
import { makeOverlay } from "./overlay.js";
import { writePidFile } from "./pidfile.js";
import { cachedFilter } from "./seccomp-cache.js";
import type { Resctrl } from "./resctrl.js";
import type { RootMount } from "./root-mount.js";
import { Session } from "./session.js";
import { hookState, type JournalDocument, type StateDocument } from "./state.js";
import { tellPlace, traced } from "./trace.js";
import { identifyStreams } from "./streams.js";
import {
  START_SOCKET,
  claim,
  commitState,
  release,
  writeExecState,
  writeJournal,
  type Claim,
  markCgroup,
} from "./store.js";

/** A container that was made. Its lock is given back. */
export interface CreatedContainer {
  session: Session;
  state: StateDocument;
  /** Who passes on what the container notifies; run only. */
  notifier?: Notifier | undefined;
}

/** Makes a container. Throws RuntError; then nothing of it is left. */
export async function createContainer(request: CreateRequest): Promise<CreatedContainer> {
  checkId(request.id);
  const { config, warnings } = await loadBundle(request);
  for (const warning of warnings) request.report.warn(warning);
  checkConsole(request.program, config.process.terminal === true, request.detach, request.consoleSocket);
  const host = readHost(detectCgroups);
  const notifier = await notifierFor(request);
  const asked = notifier ? request : { ...request, notifySocket: undefined };
  const cgroup = await chooseCgroup(request, config, host);
  const [netDevices, resctrl] = [await netDevicesOf(config), await resctrlOf(config, request.id)];
  const rootMount = await rootMountOf(config, request.bundle);
  const creation = new Creation(asked, config, host, cgroup, { notifier, netDevices, resctrl, rootMount });
  try {
    return await creation.run();
  } catch (error) {
    notifier?.close();
    throw error;
  } finally {
    rootMount?.close();
  }
}

/** Undefined when nobody asks for notifications, or when it is known already that nobody listens. */
async function notifierFor({ notifySocket, waitForStart, report }: CreateRequest): Promise<Notifier | undefined> {
  if (notifySocket === undefined) return undefined;
  const { Notifier } = await import("./notify.js");
  const notifier = new Notifier(notifySocket, report);
  // create only prepares for it: `start` is called with the variable too.
  return waitForStart || notifier.connect() ? notifier : undefined;
}

/** What only some containers need, loaded when they do. */
interface Extras {
  notifier: Notifier | undefined;
  netDevices: NetDevices | undefined;
  resctrl: Resctrl | undefined;
  rootMount: RootMount | undefined;
}

/** The plan says what is wrong with a user namespace in the runtime's mount namespace. */
async function rootMountOf({ root, linux }: Spec, bundle: string): Promise<RootMount | undefined> {
  if (linux?.namespaces?.some(({ type }) => type === "mount" || type === "user")) return undefined;
  const { RootMount } = await import("./root-mount.js");
  return RootMount.take(root.path, bundle);
}

export async function resctrlOf({ linux }: Spec, id: string): Promise<Resctrl | undefined> {
  return linux?.intelRdt && (await import("./resctrl.js")).openResctrl(linux.intelRdt, id);
}

export async function netDevicesOf({ linux }: Spec): Promise<NetDevices | undefined> {
  const devices = linux?.netDevices ?? {};
  if (Object.keys(devices).length === 0) return undefined;
  const { NetDevices } = await import("./net-devices.js");
  return new NetDevices(devices);
}

/** One creation: what it has taken so far, so that it can be given back. */
class Creation {
  private readonly overlay: OverlayPaths | undefined;
  private readonly journal: JournalDocument;
  private cgroupTaken = false;
  private claimed: Claim | null = null;
  private session: Session | null = null;
  private pidFileWritten = false;
  /** A hook ran, so the container existed for others: its end is told to the poststop hooks. */
  private hooksRan = false;

  constructor(
    private readonly request: CreateRequest,
    private readonly config: Spec,
    private readonly host: Host,
    private readonly cgroup: CgroupDriver,
    private readonly extras: Extras,
  ) {
    this.overlay = chooseOverlay(request, config);
    this.journal = describe(request, config, this.cgroup, this.overlay);
    if (extras.resctrl) this.journal.resctrl = extras.resctrl.state;
    if (extras.rootMount) this.journal.rootMount = extras.rootMount.state;
  }

  async run(): Promise<CreatedContainer> {
    const { root, id, rootOfUser } = this.request;
    const { notifier, netDevices, resctrl } = this.extras;
    this.claimed = claim(root, id, rootOfUser);
    tellPlace(this.request, this.host, this.journal);
    try {
      writeJournal(this.claimed.directory, this.journal);
      this.makeCgroup();
      if (this.overlay) makeOverlay(this.overlay);
      if (resctrl?.create()) writeJournal(this.claimed.directory, this.journal);
      notifier?.makeDirectory(this.claimed.directory);
      if (!this.request.waitForStart) notifier?.listen(this.claimed.directory);
      const state = this.launch(this.claimed.directory);
      release(this.claimed);
      return { session: this.session!, state, notifier };
    } catch (error) {
      await this.undo(this.claimed);
      throw error;
    } finally {
      netDevices?.close();
    }
  }

  private makeCgroup(): void {
    this.cgroup.create(this.config.linux?.resources);
    if (this.cgroup.enter) return;
    this.takeCgroup();
    if (this.limitsComeFirst()) this.limit();
  }

  /** From now on it is ours to remove. */
  private takeCgroup(): void {
    this.cgroupTaken = true;
    markCgroup(this.claimed!.directory);
  }

  /** systemd makes the cgroup around runt-init. */
  private enterCgroup(pid: number): void {
    this.cgroup.enter!(pid, this.config.linux?.resources);
    this.takeCgroup();
    this.limit();
  }

  /** A real-time policy needs the cgroup's budget first, and nobody can join a v1 cpuset that is empty yet. */
  private limitsComeFirst(): boolean {
    const { process, linux } = this.config;
    const { cpus, mems } = linux?.resources?.cpu ?? {};
    return process.scheduler !== undefined || cpus !== undefined || mems !== undefined;
  }

  private limit(): void {
    this.cgroup.apply(this.config.linux?.resources);
    for (const warning of this.cgroup.warnings.splice(0)) this.request.report.warn(warning);
  }

  /** Starts runt-init and goes with it up to `ready`. Out: the state, which is written by then. */
  private launch(directory: string): StateDocument {
    const { request, config, host } = this;
    const { report } = request;
    const compile = (profile: SeccompProfile) => cachedFilter(request.root, profile, report);
    const begin = (first: Plan) => this.spawn(directory, traced(first, report));
    const plan = traced(
      makePlan(request, config, host, directory, this.cgroup, compile, begin, this.journal.rootMount),
      report,
    );
    for (const warning of plan.warnings) report.warn(warning);
    if (this.session) this.session.complete(plan);
    else this.spawn(directory, plan);
    const session = this.session!;
    const passed = request.preserved.descriptors.map((fd, index) => `${fd} as ${3 + index}`).join(", ");
    report.debug(`create: runt-init runs ${plan.steps.length} steps as process ${session.helperPid}`);
    report.debug(`create: it has our stdin, stdout, stderr${passed && `, and our descriptors ${passed}`}`);
    // Written while runt-init mounts; nothing of the container's runs before the answer to `ready`.
    if (!this.limitsComeFirst() && !this.cgroup.enter) this.limit();
    let state: StateDocument | null = null;
    session.serve({
      cgroup: (pid) => this.enterCgroup(pid),
      mapIds: (pid) => writeIdMaps(pid, config, host, report),
      network: (pid) => this.extras.netDevices!.moveIn(pid),
      hooks: () => this.runHooks(),
      seccomp: (listener) => this.tellAgent(listener),
      ready: () => {
        state = this.commit(directory, plan);
        return this.journal.startHooks && !request.waitForStart ? this.stateForContainer("created") : -1;
      },
    });
    return state!;
  }

  /** runt-init runs a plan, or the first part of one. */
  private spawn(directory: string, plan: Plan): void {
    const { preserved, waitForStart, report } = this.request;
    const slots = waitForStart ? [native().listenStart(directory, START_SOCKET)] : [];
    const helper = native().spawnInit({
      initPath: initPath(),
      program: encodeProgram(plan),
      stdio: [0, 1, 2],
      preserve: preserved.descriptors,
      slots,
    });
    for (const fd of slots) native().close(fd);
    this.session = new Session(helper, plan, report);
  }

  /** prestart and createRuntime hooks, in the runtime's namespaces, and the state for createContainer hooks. */
  private runHooks(): number {
    const { hooks } = this.config;
    const state = hookState(this.journal, "creating", this.session!.pid);
    for (const kind of ["prestart", "createRuntime"] satisfies EngineHook[]) {
      if (!hooks?.[kind]) continue;
      this.hooksRan = true;
      runHooks(kind, hooks[kind], { state, bundle: this.request.bundle }, this.request.report);
    }
    if (hooks?.createContainer) this.hooksRan = true;
    return this.stateForContainer("creating");
  }

  /** An early filter. A late one is told of by `start`, or by `run` after this. */
  private tellAgent(listener: number): void {
    const { pid } = this.session!;
    const process = { pid, container: this.journal, status: "creating", containerPid: pid } as const;
    tellAgent(this.journal.listener!, process, listener);
  }

  /** A memfd of the state as the container's side sees it: in a pid namespace of its own the pid is 1. */
  private stateForContainer(status: "creating" | "created"): number {
    const pid = this.journal.ownPidNamespace ? 1 : this.session!.pid;
    return native().memfd("state", hookState(this.journal, status, pid));
  }

  /** All is done but the program: the container is handed to its users. */
  private commit(directory: string, plan: Plan): StateDocument {
    const { request, session } = this;
    this.cgroup.settle(this.config.linux?.resources);
    this.extras.resctrl?.join(session!.pid);
    placeTerminal(session!, request.consoleSocket);
    if (request.pidfdSocket !== undefined) sendPidfd(request.pidfdSocket, session!.pidfd);
    if (request.pidFile !== undefined) {
      writePidFile(request.pidFile, session!.pid);
      this.pidFileWritten = true;
    }
    const { format, id, ...rest } = this.journal;
    // `init` stands near the front, so that it survives when the file is cut off.
    const state: StateDocument = {
      format,
      id,
      init: identify(session!.pid),
      ...rest,
      late: request.waitForStart ? lateSteps(plan) : [],
    };
    writeExecState(directory, encodeExecState(this.config, plan, request.noNewKeyring, identifyStreams()));
    commitState(directory, state);
    request.report.debug(`create: the first process is ${state.init.pid}; its state is written`);
    return state;
  }

  private async undo(claimed: Claim): Promise<void> {
    const { request, session, journal } = this;
    const attempt = async (work: () => unknown) => {
      try {
        await work();
      } catch (error) {
        request.report.warn(`undoing the failed container: ${(failure(error) as Error).message}`);
      }
    };
    if (session) await attempt(() => session.kill());
    if (session) await attempt(() => session.close());
    await attempt(() => this.extras.netDevices?.moveBack());
    if (this.pidFileWritten) await attempt(() => native().unlink(request.pidFile!));
    // A cgroup that was refused is somebody else's: not ours to kill or remove.
    const taken = this.cgroupTaken ? this.cgroup.paths : { ...journal.cgroup, directories: {} };
    await attempt(() =>
      destroyContainer({
        claim: claimed,
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
