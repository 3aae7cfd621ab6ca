// exec: a further process in a container. The order: who the container is (its first process, held
// by pidfd), what to run, then runt-init joins the namespaces and runs it (plan/join.ts).

import { RuntError } from "../errors.js";
import { detectCgroups } from "../cgroup/detect.js";
import { unitAttacher } from "../cgroup/index.js";
import { EACCES, EBUSY, ENOENT, EPERM, ESRCH } from "../host/constants.js";
import { readHost } from "../host/facts.js";
import { initPath, native } from "../host/native.js";
import { encodeProgram } from "../plan/encode.js";
import { planJoin } from "../plan/join.js";
import type { CgroupPlacement, Host, PlannedStep } from "../plan/types.js";
import type { Process, Spec } from "../spec/types.gen.js";
import { checkConsole, placeTerminal, sendPidfd } from "./console.js";
import { execPlacement } from "./exec-cgroup.js";
import { processFromFile, processFromOptions, type ProcessOptions } from "./exec-process.js";
import { decodeExecState, type ExecState } from "./exec-state.js";
import { tellAgent } from "./listener.js";
import { cleanPath } from "../plan/paths.js";
import { writePidFile } from "./pidfile.js";
import { openProcess, type ProcessHandle } from "./process-handle.js";
import type { Reporter } from "./report.js";
import { traced } from "./trace.js";
import { Session } from "./session.js";
import type { StateDocument } from "./state.js";
import { containerStatus, isAlive, isPaused } from "./status.js";
import { readExecState, readState, stateDirectory } from "./store.js";
import { givenStreams, identifyStreams } from "./streams.js";

export interface ExecRequest {
  /** For messages that name the program. */
  program: string;
  root: string;
  id: string;
  /** The process, as options or as the path of a document. */
  process: ProcessOptions | string;
  consoleSocket?: string | undefined;
  pidfdSocket?: string | undefined;
  /** Absolute. */
  pidFile?: string | undefined;
  /** Numbers of descriptors in the caller. */
  preserve: readonly number[];
  detach: boolean;
  ignorePaused: boolean;
  /** Values of --cgroup. */
  subCgroups: readonly string[];
  report: Reporter;
}

/**
 * Runs a process in a container. Out: its exit status (128 + N for a signal), 0 when detached.
 * Throws RuntError; then nothing of it is left.
 */
export async function execInContainer(request: ExecRequest): Promise<number> {
  const { root, id, report, ignorePaused, detach } = request;
  const state = readState(root, id);
  const init = openProcess(state.init);
  if (init === null) throw stopped();
  try {
    if (!ignorePaused && isPaused(state)) {
      throw new RuntError("cannot exec in a paused container (use --ignore-paused to override)");
    }
    const directory = stateDirectory(root, id);
    const kept = decodeExecState(readExecState(directory), directory);
    const process = await chooseProcess(kept.config.process, request.process, report);
    checkConsole(request.program, process.terminal === true, detach, request.consoleSocket);
    if (!detach) native().catchSignals(false);
    const joining = new Joining(request, state, init, kept, { ...kept.config, process });
    return await joining.run();
  } finally {
    init.close();
  }
}

function chooseProcess(own: Process, asked: ProcessOptions | string, report: Reporter): Promise<Process> | Process {
  return typeof asked === "string" ? processFromFile(own, asked, report) : processFromOptions(own, asked);
}

/** Begins an error about the program itself: as runc words it where there is no init. */
const PROGRAM_PREFIX = "unable to start container process: ";

/** How long a container's first process may take from killing its others to its own end. */
const ENDING_MS = 1000;

const stopped = (): RuntError => new RuntError("cannot exec in a stopped container");

/** One process on its way into a container. */
class Joining {
  private readonly host: Host;
  /** The step at which the last attempt failed. */
  private failed: PlannedStep | undefined;
  private killed = false;
  /** Moves a process into the container's unit. */
  private attach: ((pid: number) => void) | undefined;

  constructor(
    private readonly request: ExecRequest,
    private readonly state: StateDocument,
    private readonly init: ProcessHandle,
    private readonly kept: ExecState,
    private readonly config: Spec,
  ) {
    this.host = readHost(detectCgroups);
    if (!config.linux?.namespaces?.some(({ type }) => type === "user")) return;
    // Of the namespace that is joined: what counts is whether that one allows it.
    const setgroups = native().readFileIfAny(`/proc/${state.init.pid}/setgroups`);
    this.host.setgroupsDenied = setgroups?.startsWith("deny") === true;
  }

  async run(): Promise<number> {
    const { request, state } = this;
    const session = await this.startSomewhere(execPlacement(state.cgroup, request.subCgroups));
    try {
      if (request.detach) return 0;
      const { pid, pidfd, master } = session;
      return native().supervise({ pid, pidfd, master, subreaper: false });
    } finally {
      session.close();
    }
  }

  private async startSomewhere(placement: CgroupPlacement): Promise<Session> {
    try {
      return await this.start(placement);
    } catch (error) {
      // A first process that ends takes all of its pid namespace along, and lets go of its namespaces (ESRCH), before it
      // has ended itself.
      const ending = this.killed || (error as { errno?: number }).errno === ESRCH;
      if (!isAlive(this.state.init) || (ending && this.init.wait(ENDING_MS))) throw stopped();
      if (await this.mayAskSystemd(error)) return this.start({ ...placement, wait: true });
      const other = this.besideInit(placement, error);
      if (other === undefined) throw error;
      this.request.report.debug(
        `exec: ${(error as Error).message}; the first process's cgroup is taken: ${other.into}`,
      );
      return this.start(other);
    }
  }

  /**
   * A user's process can't go from a session to what is below the user's systemd: both lie in a cgroup of root's
   * (cgroup-v2.rst, "Delegation Containment"). systemd may move it.
   */
  private async mayAskSystemd(error: unknown): Promise<boolean> {
    const { errno } = error as { errno?: number };
    const denied = this.failed?.step.op === "clone" && (errno === EACCES || errno === EPERM);
    if (denied && this.state.cgroup.systemd?.user) this.attach = await unitAttacher(this.state.cgroup);
    return this.attach !== undefined;
  }

  /**
   * cgroup2: a container that manages cgroups of its own hands controllers down, and then its
   * cgroup may hold no process (EBUSY); or its first process was moved and the cgroup is gone.
   * The place to go then is where the first process is, as long as that is the container's.
   */
  private besideInit({ join, into }: CgroupPlacement, error: unknown): CgroupPlacement | undefined {
    const { request, state, host, failed } = this;
    const { errno } = error as { errno?: number };
    const isPlace = failed?.step.op === "clone" || failed?.step.op === "open_directory";
    if (into === undefined || !isPlace || request.subCgroups.length > 0) return undefined;
    if (errno !== EBUSY && errno !== ENOENT) return undefined;
    const lines = native().readFileIfAny(`/proc/${state.init.pid}/cgroup`)?.split("\n") ?? [];
    const path = lines.find((line) => line.startsWith("0::"))?.slice("0::".length);
    if (path === undefined || host.cgroup.unified === undefined) return undefined;
    const place = cleanPath(`${host.cgroup.unified}/${path}`);
    return place.startsWith(`${into}/`) ? { join, into: place } : undefined;
  }

  /** Goes with runt-init up to execve. Throws RuntError; then nothing of the process is left. */
  private async start(cgroups: CgroupPlacement): Promise<Session> {
    const { request, state, init, kept, config, host } = this;
    const { report } = request;
    const joining = planJoin(config, host, {
      id: state.id,
      init: state.init,
      hasPidfd: init.fd >= 0,
      preserve: request.preserve.length,
      noNewKeyring: kept.noNewKeyring,
      cgroups,
      cgroupsAt: request.subCgroups.length > 0 ? "--cgroup" : "",
      seccomp: kept.seccomp,
      streams: givenStreams(identifyStreams()),
    });
    const plan = traced(joining, report);
    for (const warning of plan.warnings) report.warn(warning);
    const helper = native().spawnInit({
      initPath: initPath(),
      program: encodeProgram(plan),
      stdio: [0, 1, 2],
      preserve: request.preserve,
      slots: init.fd >= 0 ? [init.fd] : [],
    });
    report.debug(`exec: runt-init runs ${plan.steps.length} steps as process ${helper.pid}`);
    const session = new Session(helper, plan, report, PROGRAM_PREFIX);
    const seccomp = (listener: number) => this.tellAgent(session.pid, listener);
    let written = false;
    try {
      await session.serve({
        mapIds: refuseSync,
        hooks: refuseSync,
        cgroup: this.attach ?? refuseSync,
        network: refuseSync,
        seccomp,
        ready: () => {
          written = this.handOver(session);
          return -1;
        },
      });
      await session.waitForExecute({ seccomp });
      return session;
    } catch (error) {
      this.failed = plan.steps[session.failedStep];
      this.killed = session.killed;
      session.kill();
      session.close();
      if (written) native().unlink(request.pidFile!);
      throw error;
    }
  }

  /** The filter of the container notifies an agent of this process's calls, too. */
  private tellAgent(pid: number, listener: number): void {
    const { state, request } = this;
    if (!state.listener)
      throw new RuntError("the container's seccomp filter has a listener, but its state names no agent");
    const status = containerStatus(stateDirectory(request.root, request.id), state);
    tellAgent(state.listener, { pid, container: state, status, containerPid: state.init.pid }, listener);
  }

  /** All is done but the program. Out: whether the pid file was written. */
  private handOver(session: Session): boolean {
    const { consoleSocket, pidfdSocket, pidFile } = this.request;
    for (const group of this.state.resctrl?.groups ?? []) native().writeFile(`${group}/tasks`, `${session.pid}\n`);
    placeTerminal(session, consoleSocket);
    if (pidfdSocket !== undefined) sendPidfd(pidfdSocket, session.pidfd);
    if (pidFile === undefined) return false;
    writePidFile(pidFile, session.pid);
    return true;
  }
}

/** The plan of exec has no such points. */
function refuseSync(): never {
  throw new RuntError("runt-init waits at a sync point that exec does not have");
}
