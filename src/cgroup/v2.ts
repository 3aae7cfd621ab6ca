// The driver of cgroup v2: one directory for everything.

import type { CgroupPlacement } from "../plan/types.js";
import { RuntError } from "../errors.js";
import { native } from "../host/native.js";
import { SIGKILL } from "../host/signals.js";
import { applyWrites } from "./apply.js";
import { MadeDirectories } from "./create.js";
import { delegateCgroup } from "./delegate.js";
import { allowsAll, deviceProgram } from "./device-program.js";
import { deviceRules } from "./device-rules.js";
import type { CgroupDriver, CgroupPaths, FreezerState } from "./driver.js";
import { failure, isPermission } from "./failure.js";
import { setFreezerV2 } from "./freezer.js";
import { freezerState } from "./freezer-state.js";
import { killCgroup, signalProcesses } from "./kill.js";
import { splitPids } from "./pids.js";
import { processesBelow } from "./processes.js";
import { removeAll } from "./remove.js";
import type { LinuxResources } from "./resources.js";
import { LostLimits, noCgroupWarnings } from "./rootless.js";
import type { DriverOptions } from "./v1.js";
import { resourceWarnings } from "./v1/resources.js";
import { applyAllOrNothing, type FirstChange } from "./transaction.js";
import { createV2, enableControllers } from "./v2/create.js";
import { completeMemory } from "./v2/current.js";
import { checkMemoryUsage } from "./v2/memory.js";
import { controllersOf, v2Writes } from "./v2/resources.js";
import { unifiedConflicts } from "./v2/unified.js";

// What `runt events` cannot do without; all other controllers are enabled when a limit needs them.
const ACCOUNTING = ["memory", "pids"];

export class CgroupV2Driver implements CgroupDriver {
  readonly warnings: string[] = [];
  /** How many of our processes are in the cgroup when the container's first one is made, itself included. */
  protected readonly processesAtStart: 1 | 2 = 1;
  /** Rootless: the limits that it goes on without. */
  private readonly lost: LostLimits | undefined;

  constructor(
    readonly paths: CgroupPaths,
    protected readonly options: DriverOptions = { rootless: false, pathGiven: true },
  ) {
    this.lost = options.rootless ? new LostLimits(2) : undefined;
  }

  create(resources: LinuxResources | undefined): void {
    const directory = this.paths.directories[""];
    if (directory === undefined) return;
    const made = new MadeDirectories();
    try {
      createV2(directory, made, () => controllersOf(v2Writes(resources ?? {})));
      this.enable(directory, resources);
    } catch (error) {
      made.rollback();
      const tolerant = this.options.rootless && !this.options.pathGiven && isPermission(error);
      if (!tolerant || !(error instanceof RuntError)) throw error;
      delete this.paths.directories[""];
      this.warnings.push(...noCgroupWarnings(error, resources, 2));
    }
  }

  apply(resources: LinuxResources | undefined): void {
    this.warnings.push(...resourceWarnings(resources), ...unifiedConflicts(v2Writes(resources ?? {})));
    const directory = this.paths.directories[""];
    if (directory === undefined) return;
    if (resources) this.writeLimits(splitPids(resources, this.processesAtStart).now);
    const rules = deviceRules(resources?.devices);
    if (!allowsAll(rules)) this.setDevices(directory, rules);
  }

  settle(resources: LinuxResources | undefined): void {
    const { later } = splitPids(resources ?? {}, this.processesAtStart);
    if (later) this.writeLimits(later);
    this.delegate();
  }

  update(resources: LinuxResources): void {
    this.change(this.completed(resources));
  }

  /** An update with what it leaves open: the usage is checked, memory and swap are completed from the cgroup. */
  protected completed(resources: LinuxResources): LinuxResources {
    const { memory } = resources;
    if (!memory) return resources;
    const read = this.reader();
    const usage = memory.checkBeforeUpdate ? read("memory.current") : undefined;
    if (usage !== undefined) checkMemoryUsage(memory, BigInt(usage));
    return { ...resources, memory: completeMemory(memory, read("memory.max"), read("memory.swap.max")) };
  }

  /** `first` is done before the files are written; when it or one of them fails, they are put back. */
  protected change(resources: LinuxResources, first?: FirstChange): void {
    this.warnings.push(...resourceWarnings(resources));
    const directory = this.directory("update");
    const writes = v2Writes(resources, this.reader()("cpu.max"));
    enableControllers(directory, controllersOf(writes));
    applyAllOrNothing(writes, this.paths.directories, first);
    // Also when all is allowed now: an earlier program must go.
    if (resources.devices) this.setDevices(directory, deviceRules(resources.devices));
  }

  /** Reads files of the cgroup; undefined for those that are not there. */
  protected reader(): (file: string) => string | undefined {
    const directory = this.directory("update");
    return (file) => native().readFileIfAny(`${directory}/${file}`)?.trim();
  }

  placement(): CgroupPlacement {
    const directory = this.paths.directories[""];
    if (directory === undefined) return { join: [] };
    return { join: [], into: directory, ...(this.options.rootless ? { tentative: true } : {}) };
  }

  processes(): number[] {
    const directory = this.paths.directories[""];
    return directory === undefined ? [] : processesBelow(directory, "");
  }

  freezerState(): FreezerState {
    return freezerState(this.paths);
  }

  freeze(state: FreezerState): void {
    setFreezerV2(this.directory("freeze"), state);
  }

  signalAll(signal: number): void {
    const directory = this.directory("signal the processes");
    if (signal === SIGKILL && killCgroup(directory)) return;
    signalProcesses(
      {
        processes: () => this.processes(),
        // Linux before 5.2 cannot freeze.
        frozen: () => (native().stat(`${directory}/cgroup.freeze`) === null ? null : this.freezerState() === "frozen"),
        freeze: (frozen) => setFreezerV2(directory, frozen ? "frozen" : "thawed"),
      },
      signal,
    );
  }

  remove(timeoutMs: number): void {
    removeAll(Object.entries(this.paths.directories), timeoutMs);
  }

  exists(): boolean {
    const directory = this.paths.directories[""];
    return directory !== undefined && native().stat(directory) !== null;
  }

  private directory(attempt: string): string {
    const directory = this.paths.directories[""];
    if (directory !== undefined) return directory;
    throw new RuntError({ attempt, cause: "the container has no cgroup of its own" });
  }

  /** What limits need must be there; what accounting would like need not. */
  protected enable(directory: string, resources: LinuxResources | undefined): void {
    const needed = resources ? controllersOf(v2Writes(resources)) : [];
    try {
      enableControllers(directory, [...new Set([...needed, ...ACCOUNTING])]);
    } catch {
      try {
        enableControllers(directory, needed);
      } catch (error) {
        // Rootless: apply() will name each limit that is lost.
        if (!this.options.rootless) throw error;
      }
    }
  }

  /**
   * Only when the first process is in it: runt-init, in the new user namespace but root of the host still, could not
   * go to a cgroup that is given away. A rootless caller may only give to itself, and what it made is its own already.
   */
  private delegate(): void {
    const { owner, rootless } = this.options;
    const directory = this.paths.directories[""];
    if (owner !== undefined && !rootless && directory !== undefined) delegateCgroup(directory, owner);
  }

  private writeLimits(resources: LinuxResources): void {
    applyWrites(v2Writes(resources), this.paths.directories, this.lost?.take);
    if (this.lost) this.warnings.push(...this.lost.warnings());
  }

  private setDevices(directory: string, rules: ReturnType<typeof deviceRules>): void {
    try {
      native().replaceDeviceProgram(directory, deviceProgram(rules));
    } catch (error) {
      // Rootless: nobody without privilege can make a device node, and those there have their own permissions.
      if (this.options.rootless && isPermission(error)) return;
      throw failure(error, {
        where: "linux.resources.devices",
        attempt: "attach the device program to",
        path: directory,
        hint: isPermission(error) ? "it needs CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN" : undefined,
      });
    }
  }
}
