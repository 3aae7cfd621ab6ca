// The driver of cgroup v1, with or without a cgroup2 beside it (hybrid).
//
// A container gets a directory in every hierarchy, also in name=systemd and the hybrid's cgroup2, as with
// runc: a new cgroup namespace then shows "/" everywhere, and cgroup2 brings cgroup.kill and an event for
// emptiness that v1 lacks.

import type { CgroupPlacement } from "../plan/types.js";
import { RuntError } from "../errors.js";
import { native } from "../host/native.js";
import { SIGKILL } from "../host/signals.js";
import { applyDeviceWrites, applyWrites } from "./apply.js";
import { MadeDirectories } from "./create.js";
import { deviceProgram } from "./device-program.js";
import { deviceRules } from "./device-rules.js";
import type { CgroupDriver, CgroupPaths, FreezerState } from "./driver.js";
import { failure, isPermission } from "./failure.js";
import { setFreezerV1, setFreezerV2 } from "./freezer.js";
import { freezerState } from "./freezer-state.js";
import { killCgroup, signalProcesses } from "./kill.js";
import { splitPids } from "./pids.js";
import { processesBelow } from "./processes.js";
import { removeAll } from "./remove.js";
import type { LinuxResources } from "./resources.js";
import { LostLimits, noCgroupWarnings } from "./rootless.js";
import { applyAllOrNothing } from "./transaction.js";
import { createV1 } from "./v1/create.js";
import { deviceChanges, deviceTable, deviceWrites } from "./v1/devices.js";
import { resourceWarnings, splitHybrid, v1Writes } from "./v1/resources.js";
import { createV2, enableControllers } from "./v2/create.js";
import { controllersOf, v2Writes } from "./v2/resources.js";

// Where processes are listed: hierarchies that are nearly always there and have few files come first.
const LISTING = ["devices", "freezer", "pids", "name=systemd", "cpu", "memory"];

export interface DriverOptions {
  /** Permission errors become warnings. */
  rootless: boolean;
  /** cgroupsPath was given: then a rootless container must have exactly that cgroup. */
  pathGiven: boolean;
  /** v2: the host uid that shall own the cgroup (delegate.ts). */
  owner?: number | undefined;
}

export class CgroupV1Driver implements CgroupDriver {
  readonly warnings: string[] = [];
  /** Rootless: the limits that it goes on without. */
  private readonly lost: LostLimits | undefined;

  constructor(
    readonly paths: CgroupPaths,
    private readonly options: DriverOptions = { rootless: false, pathGiven: true },
  ) {
    this.lost = options.rootless ? new LostLimits(1) : undefined;
  }

  create(resources: LinuxResources | undefined): void {
    const { directories } = this.paths;
    const { "": unified, ...hierarchies } = directories;
    const tolerant = this.options.rootless && !this.options.pathGiven;
    const made = new MadeDirectories();
    try {
      const missing = createV1(hierarchies, resources, made, tolerant);
      if (unified !== undefined) {
        try {
          createV2(unified, made);
        } catch (error) {
          if (!tolerant || !isPermission(error)) throw error;
          missing.push("");
        }
      }
      for (const controller of missing) delete directories[controller];
      if (missing.length > 0 && Object.keys(directories).length === 0) {
        const error = new RuntError({ attempt: "create cgroups", cause: "permission denied" });
        this.warnings.push(...noCgroupWarnings(error, resources, 1));
      }
      // Before any process is in it. The kernel takes one rule at a time, the first of which denies all, and apply()
      // runs while the container is being set up: a device that it opens or makes in between would be refused.
      this.limitDevices(resources);
    } catch (error) {
      made.rollback();
      throw error;
    }
  }

  apply(resources: LinuxResources | undefined): void {
    this.warnings.push(...resourceWarnings(resources));
    if (Object.keys(this.paths.directories).length === 0) return;
    if (resources) this.writeLimits(splitPids(resources, 2).now);
  }

  settle(resources: LinuxResources | undefined): void {
    const { later } = splitPids(resources ?? {}, 2);
    if (later) this.writeLimits(later);
  }

  update(resources: LinuxResources): void {
    this.warnings.push(...resourceWarnings(resources));
    const { directories } = this.paths;
    const { v1, v2 } = splitHybrid(resources, directories);
    const unified = v2 ? v2Writes(v2) : [];
    if (unified.length > 0) enableControllers(directories[""]!, controllersOf(unified));
    applyAllOrNothing([...v1Writes(v1), ...unified], directories);
    if (!resources.devices) return;
    const rules = deviceRules(resources.devices);
    this.setDevices((directory) => {
      const list = native().readFile(`${directory}/devices.list`);
      applyDeviceWrites(deviceChanges(deviceTable(rules), list), directory);
    }, rules);
  }

  /**
   * The hybrid's cgroup2 is cloned into: joining it by a write would take the kernel's lock on all
   * thread groups, which waits for an RCU grace period.
   */
  placement(): CgroupPlacement {
    const { "": unified } = this.paths.directories;
    const join = this.directories().filter((directory) => directory !== unified);
    return {
      join,
      ...(unified === undefined ? {} : { into: unified }),
      ...(this.options.rootless ? { tentative: true } : {}),
    };
  }

  processes(): number[] {
    const place = this.listingPlace();
    return place ? processesBelow(place.directory, place.controller) : [];
  }

  freezerState(): FreezerState {
    return freezerState(this.paths);
  }

  freeze(state: FreezerState): void {
    const { freezer, "": unified } = this.paths.directories;
    if (freezer !== undefined) setFreezerV1(freezer, state);
    else if (unified !== undefined) setFreezerV2(unified, state);
    else throw new RuntError({ attempt: "freeze", cause: "the container has no freezer cgroup" });
  }

  signalAll(signal: number): void {
    const { freezer, "": unified } = this.paths.directories;
    if (signal === SIGKILL && unified !== undefined) {
      const inUnified = new Set(processesBelow(unified, ""));
      const elsewhere = this.processes().some((pid) => !inUnified.has(pid));
      if (!elsewhere && killCgroup(unified)) {
        // What is frozen by the v1 freezer dies only when it is thawed.
        if (freezer !== undefined) this.thaw();
        return;
      }
    }
    const hasFreezer = freezer !== undefined || unified !== undefined;
    signalProcesses(
      {
        processes: () => this.processes(),
        frozen: () => (hasFreezer ? this.freezerState() === "frozen" : null),
        freeze: (frozen) => this.freeze(frozen ? "frozen" : "thawed"),
      },
      signal,
    );
  }

  remove(timeoutMs: number): void {
    // cgroup2 first: it has an event for the end of the last process.
    const { "": unified, ...hierarchies } = this.paths.directories;
    removeAll([...(unified === undefined ? [] : [["", unified]]), ...Object.entries(hierarchies)], timeoutMs);
  }

  exists(): boolean {
    const place = this.listingPlace();
    return place !== undefined && native().stat(place.directory) !== null;
  }

  private directories(): string[] {
    return [...new Set(Object.values(this.paths.directories))];
  }

  private listingPlace(): { controller: string; directory: string } | undefined {
    const { directories } = this.paths;
    const controller = [...LISTING, ...Object.keys(directories)].find((name) => directories[name] !== undefined);
    return controller === undefined ? undefined : { controller, directory: directories[controller]! };
  }

  private thaw(): void {
    if (this.exists()) this.freeze("thawed");
  }

  private writeLimits(resources: LinuxResources): void {
    const { directories } = this.paths;
    const { v1, v2 } = splitHybrid(resources, directories);
    applyWrites(v1Writes(v1), directories, this.lost?.take);
    if (v2 !== undefined) this.writeUnified(v2);
    if (this.lost) this.warnings.push(...this.lost.warnings());
  }

  private writeUnified(resources: LinuxResources): void {
    const { directories } = this.paths;
    const writes = v2Writes(resources);
    try {
      enableControllers(directories[""]!, controllersOf(writes));
    } catch (error) {
      if (!this.lost || !(error instanceof RuntError)) throw error;
      for (const write of writes) this.lost.take(error, write);
      return;
    }
    applyWrites(writes, directories, this.lost?.take);
  }

  private limitDevices(resources: LinuxResources | undefined): void {
    const rules = deviceRules(resources?.devices);
    this.setDevices((directory) => applyDeviceWrites(deviceWrites(deviceTable(rules)), directory), rules);
  }

  /** In a v1 hierarchy by its lists; where that is not mounted, by a program on the hybrid's cgroup2. */
  private setDevices(write: (directory: string) => void, rules: ReturnType<typeof deviceRules>): void {
    const { devices, "": unified } = this.paths.directories;
    try {
      if (devices !== undefined) write(devices);
      else if (unified !== undefined) native().replaceDeviceProgram(unified, deviceProgram(rules));
      else if (!this.options.rootless) {
        throw new RuntError({
          where: "linux.resources.devices",
          cause: "the devices controller is not mounted, so access to devices cannot be limited",
          hint: "mount it: mount -t cgroup -o devices none /sys/fs/cgroup/devices",
        });
      }
    } catch (error) {
      // Rootless: nobody without privilege can make a device node, and those there have their own permissions.
      if (this.options.rootless && isPermission(error)) return;
      throw failure(error, {
        where: "linux.resources.devices",
        attempt: "set device rules of",
        path: devices ?? unified ?? "",
      });
    }
  }
}
