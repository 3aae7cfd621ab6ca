// The driver of containers without a cgroup of their own (rootless without delegation, --cgroup-manager=disabled):
// they stay in the caller's, which is not ours to limit, freeze or remove. Their processes are found by their pid
// namespace and by their parents.

import type { CgroupPlacement } from "../plan/types.js";
import { RuntError } from "../errors.js";
import { processStat } from "../host/proc.js";
import type { CgroupDriver, CgroupPaths, FirstProcess, FreezerState } from "./driver.js";
import { signalListed } from "./kill.js";
import { processesOf } from "./process-tree.js";
import type { LinuxResources } from "./resources.js";
import { requestedLimits } from "./rootless.js";

export class NoCgroupDriver implements CgroupDriver {
  readonly warnings: string[] = [];

  /** The container's first process, once it is known. */
  constructor(
    readonly paths: CgroupPaths,
    private readonly first?: FirstProcess,
  ) {}

  create(): void {}

  apply(resources: LinuxResources | undefined): void {
    const limits = requestedLimits(resources);
    if (limits.length > 0) this.warnings.push(`cgroups are disabled; not applied: ${limits.join(", ")}`);
  }

  settle(): void {}

  update(): void {
    throw this.cannot("update the limits");
  }

  placement(): CgroupPlacement {
    return { join: [] };
  }

  processes(): number[] {
    const { pid, startTime } = this.first ?? {};
    if (pid === undefined) return [];
    const found = processesOf(pid);
    // Asked last: when it is still that very process now, the list was its.
    return processStat(pid)?.startTime === startTime ? found : [];
  }

  freezerState(): FreezerState {
    return "thawed";
  }

  freeze(): void {
    throw this.cannot("freeze the container");
  }

  signalAll(signal: number): void {
    // Once, all together: when the first one has gone, nobody knows any more whose the others are.
    signalListed(this, signal);
  }

  remove(): void {}

  exists(): boolean {
    return false;
  }

  private cannot(attempt: string): RuntError {
    return new RuntError({
      attempt,
      cause: "the container has no cgroup of its own",
      hint: "it was made without one: rootless, or with cgroups disabled",
    });
  }
}
