// A container's limits as the host sees them, whichever cgroup version it has.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cgroupV2 } from "./place.js";

/** The cgroup directories of a process: v1 by controller, v2 under "". */
export function hostCgroup(pid: number): Record<string, string> {
  const lines = readFileSync(`/proc/${pid}/cgroup`, "utf8").trim().split("\n");
  const found: Record<string, string> = {};
  for (const line of lines) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line)!;
    if (cgroupV2) found[""] = join("/sys/fs/cgroup", path!);
    else
      for (const name of controllers!.split(",").filter(Boolean))
        found[name] = join("/sys/fs/cgroup", name.replace(/^name=/, ""), path!);
  }
  return found;
}

const FILES = {
  memory: { v1: ["memory.limit_in_bytes"], v2: "memory.max" },
  pids: { v1: ["pids.max"], v2: "pids.max" },
  cpu: { v1: ["cpu.cfs_quota_us", "cpu.cfs_period_us"], v2: "cpu.max" },
  cpuset: { v1: ["cpuset.cpus"], v2: "cpuset.cpus" },
};

/** A limit's text; cpu: quota and period in µs. */
export function limit(directories: Record<string, string>, controller: keyof typeof FILES): string {
  const { v1, v2 } = FILES[controller];
  if (cgroupV2) return readFileSync(join(directories[""]!, v2), "utf8").trim();
  return v1.map((file) => readFileSync(join(directories[controller]!, file), "utf8").trim()).join(" ");
}

/**
 * A shell's script: asks for 64 MiB in a container that may have 16, and ends with 137. Callers hear of it by a watch
 * that begins when the container has been started, and then read memory.events: of a cgroup that has gone with the last
 * process by then they learn nothing, whatever the runtime (docs/clients.md). So it waits before and after.
 */
export const TOO_MUCH_MEMORY = "sleep 2; dd if=/dev/zero of=/dev/null bs=64M count=1; status=$?; sleep 2; exit $status";
