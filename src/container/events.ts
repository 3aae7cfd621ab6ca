// events: statistics on an interval and out-of-memory events, as lines of JSON, until the container ends.

import { cgroupDriverFromState, type CgroupDriver } from "../cgroup/index.js";
import { watchOom, type OomWatch } from "../cgroup/oom.js";
import { readStats, statsJson } from "../cgroup/stats/index.js";
import { RuntError } from "../errors.js";
import { POLLERR, POLLHUP, POLLIN } from "../host/constants.js";
import { native } from "../host/native.js";
import { openProcess, type ProcessHandle } from "./process-handle.js";
import type { Reporter } from "./report.js";
import type { StateDocument } from "./state.js";
import { containerStatus } from "./status.js";
import { readState, stateDirectory } from "./store.js";

/** Once the first process has ended, how often the others are looked for at least. */
const LOOK_MS = 500;

/** poll(2) takes a C int. */
const LONGEST_MS = 2 ** 31 - 1;

export interface EventsRequest {
  root: string;
  id: string;
  /** Above 0. */
  intervalMs: number;
  /** Where the lines go. */
  output: number;
  report: Reporter;
}

/** One line of statistics. Throws RuntError. */
export async function statsLine(root: string, id: string, report: Reporter): Promise<string> {
  const state = liveState(root, id);
  warnWithoutCgroup(state, report);
  return line(state, await rdtOf(state));
}

/** What else there is to say: the numbers of resctrl. */
type RdtStats = () => Record<string, unknown>;

async function rdtOf({ resctrl }: StateDocument): Promise<RdtStats> {
  if (!resctrl) return () => ({});
  const { rdtStats } = await import("./rdt.js");
  return () => rdtStats(resctrl);
}

/** Writes lines until the container or the reader of the lines has ended. Throws RuntError. */
export async function followEvents({ root, id, intervalMs, output, report }: EventsRequest): Promise<void> {
  const state = liveState(root, id);
  const rdt = await rdtOf(state);
  const driver = cgroupDriverFromState(state.cgroup, state.init);
  const process = openProcess(state.init);
  const oom = watchOom(state.cgroup);
  if (!warnWithoutCgroup(state, report) && oom === null)
    report.warn("the container has no memory controller: there will be no oom events");
  try {
    new Follower(id, state, driver, rdt, process, oom, output).follow(intervalMs);
  } finally {
    oom?.close();
    process?.close();
  }
}

/** Nothing is counted outside of a cgroup, and zeros look like numbers. */
function warnWithoutCgroup({ cgroup }: StateDocument, report: Reporter): boolean {
  if (Object.keys(cgroup.directories).length > 0) return false;
  report.warn("the container has no cgroup of its own (rootless, or cgroups disabled): every number is 0");
  return true;
}

function liveState(root: string, id: string): StateDocument {
  const state = readState(root, id);
  if (containerStatus(stateDirectory(root, id), state) === "stopped") {
    throw new RuntError(`container with id ${id} is not running`);
  }
  return state;
}

function line({ id, cgroup }: StateDocument, rdt: RdtStats): string {
  return `${statsJson({ type: "stats", id, data: { ...readStats(cgroup), intel_rdt: rdt() } })}\n`;
}

class Follower {
  private ended: boolean;

  constructor(
    private readonly id: string,
    private readonly state: StateDocument,
    private readonly driver: CgroupDriver,
    private readonly rdt: RdtStats,
    private readonly process: ProcessHandle | null,
    private readonly oom: OomWatch | null,
    private readonly output: number,
  ) {
    this.ended = process === null;
  }

  follow(intervalMs: number): void {
    let next = performance.now() + intervalMs;
    for (;;) {
      const left = Math.min(Math.max(Math.ceil(next - performance.now()), 0), LONGEST_MS);
      if (!this.wait(this.ended || this.process?.fd === -1 ? Math.min(left, LOOK_MS) : left)) return;
      const gone = this.gone();
      if (this.oom?.happened()) this.write(`${JSON.stringify({ type: "oom", id: this.id })}\n`);
      if (gone) return;
      if (performance.now() < next) continue;
      const stats = line(this.state, this.rdt);
      // Half of it could have been read from a cgroup that was going.
      if (this.gone()) continue;
      this.write(stats);
      // As Go's ticker: no burst after a pause.
      while (next <= performance.now()) next += intervalMs;
    }
  }

  /** Waits for something to happen, at most that long. False: nobody reads the output any more. */
  private wait(timeoutMs: number): boolean {
    const fds = [this.output];
    const events = [0];
    const watch = (fd: number, event: number) => {
      if (fd < 0) return;
      fds.push(fd);
      events.push(event);
    };
    if (!this.ended) watch(this.process?.fd ?? -1, POLLIN);
    if (this.oom) watch(this.oom.fd, this.oom.events);
    const [reader = 0] = native().pollAll(fds, events, timeoutMs);
    return (reader & (POLLERR | POLLHUP)) === 0;
  }

  /** The first process has ended, and the cgroup with it or with its last process. */
  private gone(): boolean {
    this.ended ||= this.process?.wait(0) ?? true;
    if (!this.ended) return false;
    if (Object.keys(this.state.cgroup.directories).length === 0) return true;
    return !this.driver.exists() || this.driver.processes().length === 0;
  }

  private write(text: string): void {
    native().writeFd(this.output, text);
  }
}
