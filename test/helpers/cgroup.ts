// Where a container's cgroups are, seen from the host: v1 (one directory a controller) or v2.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** True when /sys/fs/cgroup is the one v2 hierarchy. */
export const isV2 = existsSync("/sys/fs/cgroup/cgroup.controllers");

/** The directory of a process's cgroup for a controller. */
export function cgroupOf(pid: number | string, controller: string): string {
  for (const line of readFileSync(`/proc/${pid}/cgroup`, "utf8").split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined || controllers === undefined) continue;
    if (isV2 && controllers === "") return join("/sys/fs/cgroup", path);
    if (!isV2 && controllers.split(",").includes(controller)) {
      const folder = [controller.replace("name=", ""), controllers].find((name) =>
        existsSync(`/sys/fs/cgroup/${name}`),
      );
      return join("/sys/fs/cgroup", folder ?? controller, path);
    }
  }
  throw new Error(`process ${pid} has no cgroup of ${controller}`);
}

/** The text of a cgroup file, trimmed. */
export function readCgroup(pid: number | string, controller: string, file: string): string {
  return readFileSync(join(cgroupOf(pid, controller), file), "utf8").trim();
}

/** What v1 says where memory has no limit: PAGE_COUNTER_MAX in bytes, which depends on the size of the pages. */
export const unlimitedMemory = () =>
  String((1n << 63n) - BigInt(execFileSync("getconf", ["PAGESIZE"], { encoding: "utf8" })));

/** Every cgroup directory on the host whose path holds the text. Others' come and go while we look. */
export function cgroupsNamed(text: string, folder = "/sys/fs/cgroup"): string[] {
  return directoriesIn(folder).flatMap((path) => {
    const below = cgroupsNamed(text, path);
    return path.includes(text) ? [path, ...below] : below;
  });
}

/** Processes of the host, but zombies, whose cgroup's path holds the text. */
export function processesIn(text: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/cgroup`, "utf8").includes(text) &&
          !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))
        );
      } catch {
        return false;
      }
    });
}

function directoriesIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
