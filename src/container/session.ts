// The talk between the engine and runt-init while a container is made: messages come until
// execve closes runt-init's end of the channel.
//
//   runt-init                      engine
//                     ◄──          go on, when the cgroups are made (only of a program in two parts)
//                     ◄──          its second part, when it is planned (not with SYNC before it)
//   SYNC cgroup       ──►          has systemd make the cgroup around it (--systemd-cgroup only)
//   SYNC map_ids      ──►          writes uid_map and gid_map of the new user namespace
//   CHILD (pid, pidfd)──►          notes the container's first process; its sender ends
//   DESCRIPTOR        ──►          holds the terminal's master
//   SYNC hooks        ──►          runs prestart and createRuntime hooks, answers with the state
//   SYNC seccomp      ──►          hands the listener to the agent, answers (a late filter: after ready)
//   SYNC ready        ──►          writes pid file and state.json, hands out descriptors, answers
//   (hang-up)                      create: runt-init waits for start; run: the program runs
//
// WARNING may come at any time, and with --debug PROGRESS after each step; FAILURE ends it.

import { RuntError } from "../errors.js";
import type { InitMessage, SpawnedInit } from "../host/addon.js";
import { isHungUp } from "../host/failure.js";
import { native } from "../host/native.js";
import { SIGKILL } from "../host/signals.js";
import { encodeProgram } from "../plan/encode.js";
import {
  MESSAGE_CHILD,
  MESSAGE_DESCRIPTOR,
  MESSAGE_FAILURE,
  MESSAGE_PROGRESS,
  MESSAGE_SYNC,
  MESSAGE_WARNING,
  SYNC_CGROUP,
  SYNC_HOOKS,
  SYNC_MAP_IDS,
  SYNC_NETWORK,
  SYNC_READY,
} from "../plan/steps.gen.js";
import type { Plan } from "../plan/types.js";
import { openPidfd, signalByPidfd } from "./process-handle.js";
import type { Reporter } from "./report.js";
import { answerSeccomp, isSeccompSync } from "./seccomp-sync.js";
import { reportProgress } from "./trace.js";

const KILLED_HINT =
  "by somebody, or by the kernel's OOM killer, which does that when linux.resources.memory.limit is too low";
/** For what fails below the container's filter. */
const FILTER_HINT =
  "the filter of linux.seccomp may deny a call that runt makes below it: with process.noNewPrivileges it is loaded last, and needs to allow execve alone";

/** What the creator does when runt-init reaches a sync point. A returned descriptor rides on the answer and is closed. */
export interface SyncHandlers {
  /** No sync point: the container's first process has been made, and its maker has ended. */
  born?(pid: number): void;
  /** `pid` is of the process that will clone the container's first one. */
  cgroup(pid: number): void;
  /** `pid` is of the process in the new user namespace. */
  mapIds(pid: number): void | Promise<void>;
  /** `pid` is of the container's first process, in its network namespace. */
  network(pid: number): void;
  /** Out: a memfd of the state for createContainer hooks. */
  hooks(): number | Promise<number>;
  /** Gets the listener of the process's filter. */
  seccomp(listener: number): void;
  /** Out: a memfd of the state for startContainer hooks, -1 when there are none. */
  ready(): number;
}

/** One running program of runt-init and what it has told so far. */
export class Session {
  /** The container's first process: 0 and -1 until runt-init has made it. */
  pid = 0;
  pidfd = -1;
  /** The terminal's master; -1: none. */
  master = -1;
  /** The step that failed; -1: none has. */
  failedStep = -1;
  /** runt-init was ended by SIGKILL: by the OOM killer, or with the container that it was joining. */
  killed = false;

  private readonly helper: SpawnedInit;
  private helperReaped = false;

  constructor(
    helper: SpawnedInit,
    private plan: Plan,
    private readonly report: Reporter,
    /** What errors about the program itself begin with. */
    private readonly programPrefix?: string,
  ) {
    this.helper = helper;
  }

  /** The process that runt-init began as. */
  get helperPid(): number {
    return this.helper.pid;
  }

  /** Has a program in two parts go on from its `await`. Throws RuntError. */
  goOn(): void {
    this.unlessGone(() => native().answer(this.helper.channel, -1));
  }

  /** Sends the second part of a program whose first part runs. In: the whole plan. Throws RuntError. */
  complete(plan: Plan): void {
    const steps = plan.steps.slice(this.plan.steps.length);
    this.plan = plan;
    const memory = native().memfd("program", encodeProgram({ steps, slots: plan.slots, passed: 0 }));
    try {
      this.unlessGone(() => native().answer(this.helper.channel, memory));
    } finally {
      native().close(memory);
    }
  }

  /** Tells runt-init something that it has not asked for. When the first part has failed, what it said is still there to be read. */
  private unlessGone(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      if (!isHungUp(error)) throw error;
    }
  }

  /** Goes through the messages up to and with the answer to `ready`. Throws RuntError. */
  async serve(handlers: SyncHandlers): Promise<void> {
    for (;;) {
      const message = native().receive(this.helper.channel, -1);
      if (message === null) throw this.silentEnd();
      switch (message.kind) {
        case MESSAGE_CHILD:
          this.meet(message);
          handlers.born?.(this.pid);
          break;
        case MESSAGE_DESCRIPTOR:
          this.master = message.fds[0] ?? -1;
          break;
        case MESSAGE_WARNING:
          await this.warn(message);
          break;
        case MESSAGE_PROGRESS:
          this.progress(message);
          break;
        case MESSAGE_FAILURE:
          this.failedStep = message.step;
          throw await this.failure(message);
        case MESSAGE_SYNC:
          if (await this.sync(message, handlers)) return;
          break;
        default:
          throw new RuntError(`runt-init sent a message of kind ${message.kind}, which is not known`);
      }
    }
  }

  /** Waits for execve after the answer to `ready`: the channel hangs up. Throws RuntError when it fails. */
  async waitForExecute(handlers: Pick<SyncHandlers, "seccomp">): Promise<void> {
    for (;;) {
      const message = native().receive(this.helper.channel, -1);
      if (message === null) return;
      if (isSeccompSync(message)) answerSeccomp(this.helper.channel, message, handlers.seccomp);
      if (message.kind === MESSAGE_FAILURE) throw await this.failure(message);
      if (message.kind === MESSAGE_WARNING) await this.warn(message);
      if (message.kind === MESSAGE_PROGRESS) this.progress(message);
    }
  }

  /** Closes what is still open. The container goes on. */
  close(): void {
    const { channel, pidfd } = this.helper;
    for (const fd of [channel, pidfd, this.pidfd, this.master]) if (fd >= 0) native().close(fd);
  }

  /** The terminal's master, which the caller closes from now on; -1: none. */
  takeMaster(): number {
    const master = this.master;
    this.master = -1;
    return master;
  }

  /** Ends whatever runs of it and takes the statuses, so that no zombie is left. */
  kill(): void {
    end(this.helper.pid, this.helper.pidfd);
    if (!this.helperReaped) native().reap(this.helper.pid);
    this.helperReaped = true;
    this.meetUnread();
    // One that was about to end may have been followed by the next.
    for (let ended = 0; this.pid !== ended; this.meetUnread()) {
      ended = this.pid;
      end(ended, this.pidfd);
      native().reap(ended);
    }
  }

  private meet({ value, fds }: InitMessage): void {
    // Who made it ends: the helper, or with exec the process between the two.
    if (this.pid !== 0) {
      native().reap(this.pid);
      if (this.pidfd >= 0) native().close(this.pidfd);
    } else if (!this.helperReaped) {
      native().reap(this.helper.pid);
      this.helperReaped = true;
    }
    this.pid = value;
    // None on kernels before 5.2; ours to ask for, as the process is our child and not reaped.
    this.pidfd = fds[0] ?? openPidfd(value);
  }

  /** Messages that name a process may not have been read yet. Their senders have ended, so they are there or never come. */
  private meetUnread(): void {
    try {
      for (let message = native().receive(this.helper.channel, 0); message !== null; ) {
        if (message.kind === MESSAGE_CHILD) this.meet(message);
        else for (const fd of message.fds) native().close(fd);
        message = native().receive(this.helper.channel, 0);
      }
    } catch {
      // ETIMEDOUT: no more messages.
    }
  }

  /** True when it was the last sync point. */
  private async sync(message: InitMessage, handlers: SyncHandlers): Promise<boolean> {
    const point = message.value;
    if (isSeccompSync(message)) {
      answerSeccomp(this.helper.channel, message, handlers.seccomp);
      return false;
    }
    let descriptor = -1;
    switch (point) {
      case SYNC_CGROUP:
        handlers.cgroup(this.helper.pid);
        break;
      case SYNC_MAP_IDS:
        await handlers.mapIds(this.helper.pid);
        break;
      case SYNC_NETWORK:
        handlers.network(this.pid);
        break;
      case SYNC_HOOKS:
        descriptor = await handlers.hooks();
        break;
      case SYNC_READY:
        this.helperReaped = true;
        descriptor = handlers.ready();
        break;
      default:
        throw new RuntError(`runt-init waits at sync point ${point}, which is not known`);
    }
    this.answer(descriptor);
    if (descriptor >= 0) native().close(descriptor);
    return point === SYNC_READY;
  }

  /** Who was to hear it may have been killed meanwhile. */
  private answer(descriptor: number): void {
    try {
      native().answer(this.helper.channel, descriptor);
    } catch (error) {
      throw isHungUp(error) ? this.silentEnd() : error;
    }
  }

  private progress(message: InitMessage): void {
    reportProgress(this.plan.steps[message.step], message, this.report);
  }

  private async warn(message: InitMessage): Promise<void> {
    const { failureError } = await import("./failures.js");
    this.report.warn(failureError(this.plan.steps[message.step], message).message);
  }

  private async failure(message: InitMessage): Promise<RuntError> {
    const { failureError } = await import("./failures.js");
    const below = this.plan.steps.slice(0, message.step).some(({ step }) => step.op === "set_seccomp");
    const prefix = this.programPrefix;
    return failureError(this.plan.steps[message.step], message, prefix, below ? FILTER_HINT : undefined);
  }

  /** runt-init is gone without a word: it was killed, or a filter does not let it say more. */
  private silentEnd(): RuntError {
    const status = this.pid !== 0 ? native().reap(this.pid) : native().reap(this.helper.pid);
    if (this.pid === 0) this.helperReaped = true;
    const signal = status !== null && status > 128 ? status - 128 : 0;
    this.killed = signal === SIGKILL;
    const filtered = this.plan.steps.some(({ step }) => step.op === "set_seccomp");
    return new RuntError({
      cause: `unable to start container process: runt-init ${signal ? `was killed by signal ${signal}` : `ended with status ${status}`}`,
      hint: this.killed ? KILLED_HINT : filtered ? FILTER_HINT : undefined,
    });
  }
}

/** Kills a child of ours that is not reaped yet, so its pid is surely still its own. */
function end(pid: number, pidfd: number): void {
  try {
    if (pidfd >= 0) signalByPidfd(pidfd, pid, SIGKILL, () => true);
    else native().kill(pid, SIGKILL);
  } catch (error) {
    if ((error as { code?: string }).code !== "ESRCH") throw error;
  }
}
