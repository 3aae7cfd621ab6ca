// Making a container: config.json → plan → cgroups → runt-init. Everything that is taken from the machine on the way is
// held in one place, which knows how to give it back: acquisition.ts.

import type { CgroupDriver } from "../cgroup/driver.js";
import { detectCgroups } from "../cgroup/detect.js";
import { readHost } from "../host/facts.js";
import type { SeccompProfile } from "../host/addon.js";
import { initPath, native } from "../host/native.js";
import { encodeProgram } from "../plan/encode.js";
import { type FirstPart, isFirstPartAlone, planFirstPart } from "../plan/first-part.js";
import type { Host, Plan } from "../plan/types.js";
import type { Spec } from "../spec/types.gen.js";
import { Acquisition, type Extras } from "./acquisition.js";
import { checkConsole, placeTerminal, sendPidfd } from "./console.js";
import { loadBundle } from "./bundle.js";
import { chooseCgroup, containerRequest, lateSteps, type CreateRequest } from "./design.js";
import { checkId } from "./ids.js";
import { tellAgent } from "./listener.js";
import type { Notifier } from "./notify.js";
import { cachedFilter } from "./seccomp-cache.js";
import { Session } from "./session.js";
import { hookState, type StateDocument } from "./state.js";
import { tellPlace, traced } from "./trace.js";
import { START_SOCKET } from "./store.js";
import { givenStreams, identifyStreams } from "./streams.js";

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
  const extras = await extrasOf(config, request);
  const creation = new Creation(asked, config, host, cgroup, notifier, extras);
  try {
    return await creation.run();
  } catch (error) {
    notifier?.close();
    throw error;
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

/**
 * What config.json asks for. Changes nothing. Throws RuntError. For restore, too, which by this import keeps create.ts and
 * acquisition.ts in one chunk of the engine: `run` loads no more of them.
 */
export async function extrasOf(
  { root, linux }: Spec,
  { id, bundle }: Pick<CreateRequest, "id" | "bundle">,
): Promise<Extras> {
  const { netDevices = {}, intelRdt, namespaces } = linux ?? {};
  const extras: Extras = { netDevices: undefined, resctrl: undefined, rootMount: undefined };
  if (Object.keys(netDevices).length > 0) {
    const { NetDevices } = await import("./net-devices.js");
    extras.netDevices = new NetDevices(netDevices);
  }
  if (intelRdt) extras.resctrl = (await import("./resctrl.js")).openResctrl(intelRdt, id);
  // The plan says what is wrong with a user namespace in the runtime's mount namespace.
  if (!namespaces?.some(({ type }) => type === "mount" || type === "user")) {
    const { RootMount } = await import("./root-mount.js");
    extras.rootMount = new RootMount(root.path, bundle);
  }
  return extras;
}

class Creation {
  private readonly taken: Acquisition;
  /** Runs already while the cgroups are made and the rest is planned. */
  private first: FirstPart | null = null;
  private session: Session | null = null;
  private readonly streams = identifyStreams();

  constructor(
    private readonly request: CreateRequest,
    private readonly config: Spec,
    private readonly host: Host,
    private readonly cgroup: CgroupDriver,
    private readonly notifier: Notifier | undefined,
    private readonly extras: Extras,
  ) {
    this.taken = new Acquisition(request, config, cgroup, extras);
  }

  run(): Promise<CreatedContainer> {
    const { request, notifier, taken } = this;
    const directory = taken.claim();
    tellPlace(request, this.host, taken.journal);
    return taken.make(this.limitsComeFirst(), {
      begin: () => this.begin(directory),
      finish: async () => {
        notifier?.makeDirectory(directory);
        if (!request.waitForStart) notifier?.listen(directory);
        const state = await this.launch(directory);
        return { session: this.session!, state, notifier };
      },
      endProcesses: [() => this.session?.kill(), () => this.session?.close()],
    });
  }

  /** A real-time policy needs the cgroup's budget first, and nobody can join a v1 cpuset that is empty yet. */
  private limitsComeFirst(): boolean {
    const { process, linux } = this.config;
    const { cpus, mems } = linux?.resources?.cpu ?? {};
    return process.scheduler !== undefined || cpus !== undefined || mems !== undefined;
  }

  /** Starts runt-init with the first part of the program, where that can be. */
  private begin(directory: string): void {
    if (!isFirstPartAlone(this.config, this.cgroup.placement())) return;
    this.first = this.planFirstPart(directory, true);
    this.spawn(directory, traced(this.first.plan!, this.request.report));
  }

  private planFirstPart(directory: string, alone: boolean): FirstPart {
    const { request, config, host, cgroup, taken } = this;
    const compile = (profile: SeccompProfile) => cachedFilter(request.root, profile, request.report);
    const asked = containerRequest(request, config, directory, cgroup, compile, {
      journal: taken.journal,
      streams: givenStreams(this.streams),
    });
    return planFirstPart(config, host, asked, alone);
  }

  /** Goes with runt-init up to `ready`. Out: the state, which is written by then. */
  private async launch(directory: string): Promise<StateDocument> {
    const { request, config, host, taken } = this;
    const { report } = request;
    this.session?.goOn();
    const { planSecondPart } = await import("../plan/second-part.js");
    const plan = traced(planSecondPart(this.first ?? this.planFirstPart(directory, false)), report);
    for (const warning of plan.warnings) report.warn(warning);
    if (this.session) this.session.complete(plan);
    else this.spawn(directory, plan);
    const session = this.session!;
    const passed = request.preserved.descriptors.map((fd, index) => `${fd} as ${3 + index}`).join(", ");
    report.debug(`create: runt-init runs ${plan.steps.length} steps as process ${session.helperPid}`);
    report.debug(`create: it has our stdin, stdout, stderr${passed && `, and our descriptors ${passed}`}`);
    // Written while runt-init mounts; nothing of the container's runs before the answer to `ready`.
    if (!this.limitsComeFirst() && !this.cgroup.enter) taken.limit();
    await taken.keepForExec(plan, this.streams);
    let state: StateDocument | null = null;
    await session.serve({
      born: (pid) => taken.prepare(pid, request.waitForStart ? lateSteps(plan) : []),
      cgroup: (pid) => taken.enterCgroup(pid),
      mapIds: async (pid) => (await import("./id-maps.js")).writeIdMaps(pid, config, host, report),
      network: (pid) => this.extras.netDevices!.moveIn(pid),
      hooks: () => this.runHooks(),
      seccomp: (listener) => this.tellAgent(listener),
      ready: () => {
        state = this.commit();
        return taken.journal.startHooks && !request.waitForStart ? this.stateForContainer("created") : -1;
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

  /** The hooks of the runtime's namespaces, and the state for those of the container's. */
  private async runHooks(): Promise<number> {
    const { createContainer, prestart, createRuntime } = this.config.hooks ?? {};
    if (prestart || createRuntime) this.taken.runHooks(this.session!.pid, (await import("./hooks.js")).runHooks);
    if (createContainer) this.taken.hooksRan = true;
    return this.stateForContainer("creating");
  }

  /** An early filter. A late one is told of by `start`, or by `run` after this. */
  private tellAgent(listener: number): void {
    const { pid } = this.session!;
    const { journal } = this.taken;
    const process = { pid, container: journal, status: "creating", containerPid: pid } as const;
    tellAgent(journal.listener!, process, listener);
  }

  /** A memfd of the state as the container's side sees it: in a pid namespace of its own the pid is 1. */
  private stateForContainer(status: "creating" | "created"): number {
    const { journal } = this.taken;
    const pid = journal.ownPidNamespace ? 1 : this.session!.pid;
    return native().memfd("state", hookState(journal, status, pid));
  }

  /** All is done but the program: the container is handed to its users. */
  private commit(): StateDocument {
    const { request } = this;
    const session = this.session!;
    this.cgroup.settle(this.config.linux?.resources);
    this.extras.resctrl?.join(session.pid);
    placeTerminal(session, request.consoleSocket);
    if (request.pidfdSocket !== undefined) sendPidfd(request.pidfdSocket, session.pidfd);
    const state = this.taken.commit();
    request.report.debug(`create: the first process is ${session.pid}; its state is written`);
    return state;
  }
}
