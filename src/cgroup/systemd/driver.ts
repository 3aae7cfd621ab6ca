// The driver of --systemd-cgroup: systemd makes the cgroup, as a transient scope, and knows the limits as the
// scope's properties. Everything else (files, freezer, device program) is cgroup v2's.
//
// A scope begins with the processes that are in it. So there is nothing before runt-init runs: it stops at its
// first step, systemd puts it into the new scope (enter), and its child, the container, is born there. That also
// is the one way for users: their systemd may move processes where they may not.

import type { CgroupPlacement } from "../../plan/types.js";
import { RuntError } from "../../errors.js";
import { native } from "../../host/native.js";
import { refuseFrozen } from "../create.js";
import { deviceRules } from "../device-rules.js";
import type { CgroupPaths, SystemdUnit } from "../driver.js";
import type { CgroupRequest } from "../index.js";
import { splitPids } from "../pids.js";
import { waitUntilEmpty } from "../remove.js";
import type { LinuxResources } from "../resources.js";
import { CgroupV2Driver } from "../v2.js";
import type { DriverOptions } from "../v1.js";
import { annotatedProperties } from "./annotations.js";
import { deviceProperties } from "./devices.js";
import { SystemdManager } from "./manager.js";
import { parseCpuMax, resourceProperties, type UnitContext } from "./properties.js";
import { asBefore, property, type Property } from "./property.js";
import { withRoundedQuota } from "./quota.js";
import { oomGroupWarnings, oomPolicy } from "./unified.js";
import { unitPlace } from "./unit.js";

/** What a new scope begins with. */
interface Birth {
  description: string;
  slice: string;
  annotated: readonly Property[];
}

export class SystemdDriver extends CgroupV2Driver {
  private readonly unit: SystemdUnit;

  constructor(
    paths: CgroupPaths,
    options: DriverOptions,
    private readonly manager: () => SystemdManager,
    private readonly birth?: Birth,
  ) {
    super(paths, options);
    this.unit = paths.systemd!;
  }

  /** runt-init is in the scope when it clones. */
  protected override readonly processesAtStart = 2;

  /** Nothing yet: see enter. */
  override create(): void {}

  override placement(): CgroupPlacement {
    return { ...super.placement(), wait: true };
  }

  enter(pid: number, resources: LinuxResources | undefined): void {
    const { unit } = this.unit;
    const manager = this.manager();
    this.warnings.push(...oomGroupWarnings(resources?.unified, manager.version));
    manager.startScope(unit, this.firstProperties(pid, resources ?? {}));
    try {
      const directory = this.existing();
      refuseFrozen(directory);
      this.enable(directory, resources);
    } catch (error) {
      this.stopQuietly();
      throw error;
    }
  }

  override apply(resources: LinuxResources | undefined): void {
    super.apply(resources && withRoundedQuota(resources));
  }

  override settle(resources: LinuxResources | undefined): void {
    const { later } = splitPids(resources ?? {}, this.processesAtStart);
    if (later) {
      this.manager().setProperties(this.unit.unit, [...resourceProperties(later, this.context()).values()]);
    }
    super.settle(resources);
  }

  override update(resources: LinuxResources): void {
    this.existing();
    const complete = this.completed(resources);
    const cpuMax = this.reader()("cpu.max");
    const properties = [...resourceProperties(complete, { ...this.context(), cpuMax }).values()];
    if (resources.devices) properties.push(...this.deviceProperties(resources));
    const { unit } = this.unit;
    const manager = this.manager();
    const before = manager.properties(unit, properties);
    // systemd writes the files as well, so what they say is noted before it does.
    this.change(withRoundedQuota(complete, parseCpuMax(cpuMax)[1]), {
      make: () => manager.setProperties(unit, properties),
      undo: () => manager.setProperties(unit, before.flatMap(asBefore)),
    });
  }

  override remove(timeoutMs: number): void {
    const directory = this.paths.directories[""]!;
    const deadline = performance.now() + timeoutMs;
    // systemd would end what is left with its own signals and patience.
    waitUntilEmpty(directory, deadline);
    this.manager().stop(this.unit.unit);
    // Sub-cgroups of the container, which systemd before 240 leaves.
    super.remove(Math.max(0, deadline - performance.now()));
  }

  private firstProperties(pid: number, resources: LinuxResources): Property[] {
    const { description, slice, annotated } = this.birth!;
    const context = this.context();
    return [
      property("Description", "s", description),
      property("Slice", "s", slice, "/linux/cgroupsPath"),
      property("Delegate", "b", true),
      property("PIDs", "au", [pid]),
      ...["MemoryAccounting", "CPUAccounting", "IOAccounting", "TasksAccounting"].map((name) =>
        property(name, "b", true),
      ),
      // Else the scope would be stopped before others at shutdown, and conflict with it.
      property("DefaultDependencies", "b", false),
      ...oomPolicy(resources.unified, context.version),
      ...annotated,
      ...this.deviceProperties(resources),
      ...resourceProperties(splitPids(resources, this.processesAtStart).now, context).values(),
    ];
  }

  /** A user's systemd has no right to attach device programs. */
  private deviceProperties(resources: LinuxResources): Property[] {
    return this.unit.user ? [] : deviceProperties(deviceRules(resources.devices), this.manager().version);
  }

  private context(): UnitContext {
    const directory = this.paths.directories[""]!;
    const parent = directory.slice(0, directory.lastIndexOf("/"));
    const bfq = [directory, parent].some((path) => native().stat(`${path}/io.bfq.weight`) !== null);
    return { version: this.manager().version, bfq };
  }

  private existing(): string {
    const directory = this.paths.directories[""]!;
    if (native().stat(directory) !== null) return directory;
    throw new RuntError({
      attempt: "look for the cgroup of",
      path: this.unit.unit,
      cause: `${directory} is not there`,
      hint: "the unit has ended, or systemd has put it elsewhere: systemctl show -p ControlGroup UNIT",
    });
  }

  private stopQuietly(): void {
    try {
      this.manager().stop(this.unit.unit);
    } catch {
      // The error that led here says more.
    }
  }
}

/** The driver of a new container. Throws RuntError without a systemd to talk to. */
export function newSystemdDriver(request: CgroupRequest): SystemdDriver {
  const { layout, id, cgroupsPath, rootless: user, annotations, owner } = request;
  if (layout.version !== 2 || layout.unified === undefined) {
    throw new RuntError({
      attempt: "use the systemd cgroup driver",
      cause: "this host has cgroup v1, and the driver needs cgroup v2",
      hint: "boot with systemd.unified_cgroup_hierarchy=1, or leave --systemd-cgroup out",
    });
  }
  const place = unitPlace(cgroupsPath, id, user);
  const annotated = annotatedProperties(annotations);
  const manager = SystemdManager.connect(user);
  const paths: CgroupPaths = {
    version: 2,
    directories: { "": `${layout.unified}${manager.controlGroup()}${place.path}` },
    systemd: { unit: place.unit, user },
  };
  const birth = { description: `runt container ${id}`, slice: place.slice, annotated };
  return new SystemdDriver(paths, { rootless: user, pathGiven: true, owner }, () => manager, birth);
}

/** The driver of a container that is there. systemd is asked when it is needed. */
export function systemdDriverFromState(paths: CgroupPaths): SystemdDriver {
  let manager: SystemdManager | undefined;
  const connect = () => {
    manager ??= SystemdManager.connect(paths.systemd!.user);
    return manager;
  };
  return new SystemdDriver(paths, { rootless: paths.systemd!.user, pathGiven: true }, connect);
}
