// Makes CgroupWrites true. The only place that writes limits.

import { RuntError, wordPointer } from "../errors.js";
import { EACCES, EBUSY, EINVAL, ENODEV, ENOENT, EPERM, EROFS, O_CLOEXEC, O_WRONLY } from "../host/constants.js";
import { native } from "../host/native.js";
import type { CgroupWrite } from "./driver.js";
import { errnoOf, failure } from "./failure.js";
import { parseWords } from "./proc-files.js";

/** What to do about a write that failed: throw, or note it (rootless). */
export type OnFailure = (error: RuntError, write: CgroupWrite) => void;

const raise: OnFailure = (error) => {
  throw error;
};

/**
 * Writes all, in order. `directories`: controller → directory.
 * Throws RuntError with the property's place, unless onFailure takes it.
 */
export function applyWrites(
  writes: readonly CgroupWrite[],
  directories: Readonly<Record<string, string>>,
  onFailure: OnFailure = raise,
): void {
  const again: CgroupWrite[] = [];
  const attempt = (write: CgroupWrite, last: boolean) => {
    try {
      writeOne(write, directories);
    } catch (error) {
      if (!last && write.retry && errnoOf(error) === EINVAL) again.push(write);
      else onFailure(wordFailure(error, write, directories), write);
    }
  };
  for (const write of writes) attempt(write, false);
  for (const write of again) attempt(write, true);
}

function writeOne(write: CgroupWrite, directories: Readonly<Record<string, string>>): void {
  const directory = directories[write.controller];
  if (directory === undefined) {
    if (write.optional) return;
    throw new RuntError({
      where: wordPointer(write.pointer),
      attempt: `write ${write.file}`,
      cause: `the ${write.controller || write.file.split(".")[0]} controller is not available to the container`,
      hint: "it is not mounted, or the kernel is built or booted without it",
    });
  }
  try {
    native().writeFile(`${directory}/${write.file}`, write.value);
  } catch (error) {
    if (errnoOf(error) !== ENOENT) throw error;
    if (write.fallback) native().writeFile(`${directory}/${write.fallback.file}`, write.fallback.value);
    else if (!write.optional) throw error;
  }
}

/**
 * Device rules are many lines for one file, so it is opened once for all of its lines.
 * Throws RuntError; EPERM for a rule of the runtime's own (a parent that does not have the device) is no error.
 */
export function applyDeviceWrites(writes: readonly CgroupWrite[], directory: string): void {
  let file = "";
  let fd = -1;
  try {
    for (const write of writes) {
      try {
        if (write.file !== file) {
          if (fd >= 0) native().close(fd);
          fd = -1;
          fd = native().open(`${directory}/${write.file}`, O_WRONLY | O_CLOEXEC, 0);
          file = write.file;
        }
        native().writeFd(fd, write.value);
      } catch (error) {
        if (errnoOf(error) === EPERM && write.pointer === "") continue;
        throw wordFailure(error, write, { devices: directory });
      }
    }
  } finally {
    if (fd >= 0) native().close(fd);
  }
}

function wordFailure(error: unknown, write: CgroupWrite, directories: Readonly<Record<string, string>>): RuntError {
  const directory = directories[write.controller] ?? "";
  const errno = errnoOf(error);
  const { cause, hint } = explain(errno, write, directory);
  return failure(error, {
    where: wordPointer(write.pointer),
    attempt: `write ${JSON.stringify(write.value)} to`,
    path: `${directory}/${write.file}`,
    ...(cause !== undefined && { cause }),
    hint,
  });
}

/** What an errno means for a file. Reads only after a failure, so it may take its time. */
function explain(errno: number | undefined, write: CgroupWrite, directory: string): { cause?: string; hint?: string } {
  const { file, controller, value } = write;
  const read = (name: string) => native().readFileIfAny(`${directory}/${name}`)?.trim();
  const v2 = controller === "";

  if (errno === ENOENT) return { hint: missingFile(file, v2 ? read("cgroup.controllers") : undefined) };
  if (errno === EBUSY && file.startsWith("memory.")) {
    const usage = read("memory.usage_in_bytes") ?? "unknown";
    const peak = read("memory.max_usage_in_bytes") ?? "unknown";
    return {
      cause: `unable to set memory limit to ${value} (current usage: ${usage}, peak usage: ${peak})`,
      hint: "choose a limit above the usage, or free memory in the container first",
    };
  }
  if (errno === ENODEV && /^(io|blkio)\./.test(file)) {
    return { hint: `there is no such block device here (limits are for whole disks, not for partitions)` };
  }
  if (file.startsWith("cpuset.")) {
    const kind = file.endsWith("mems") ? "mems" : "cpus";
    const parent = directory.slice(0, directory.lastIndexOf("/"));
    const had = ["cpuset.KIND.effective", "cpuset.effective_KIND", "cpuset.KIND"]
      .map((name) =>
        native()
          .readFileIfAny(`${parent}/${name.replace("KIND", kind)}`)
          ?.trim(),
      )
      .find(Boolean);
    return { hint: had === undefined ? "it must be a list such as 0-3,7" : `the parent cgroup has ${kind} ${had}` };
  }
  if (errno === EINVAL) return { hint: invalidHint(file) };
  if (errno === EPERM && file === "devices.deny") {
    return { hint: "device rules need CAP_SYS_ADMIN; with --rootless true a container goes on without them" };
  }
  if (errno === EPERM && controller === "devices") {
    return { hint: "the parent cgroup does not allow this device; rules can only narrow what the parent allows" };
  }
  if (errno === EPERM || errno === EACCES || errno === EROFS) {
    return { hint: "the cgroup is not writable for this user" };
  }
  return {};
}

function missingFile(file: string, available: string | undefined): string {
  const controller = file.split(".")[0]!;
  if (controller === "hugetlb") return `this machine's huge pages: ${hugePageSizes() || "none"}`;
  if (available === undefined || controller === "cgroup") return "this kernel has no such file";
  if (parseWords(available).includes(controller)) return "this kernel has no such file";
  return `controller ${controller} is not available here; there are: ${available || "none"}`;
}

const HUGE_PAGES = "/sys/kernel/mm/hugepages";

/** "2MB, 1GB": the kernel lists them as hugepages-2048kB. */
function hugePageSizes(): string {
  const names = native().stat(HUGE_PAGES) ? native().readdir(HUGE_PAGES) : [];
  return names
    .map((name) => Number(/^hugepages-(\d+)kB$/.exec(name)?.[1]))
    .filter((kilobytes) => kilobytes > 0)
    .sort((one, other) => one - other)
    .map((size) =>
      size % 2 ** 20 === 0 ? `${size / 2 ** 20}GB` : size % 1024 === 0 ? `${size / 1024}MB` : `${size}KB`,
    )
    .join(", ");
}

function invalidHint(file: string): string | undefined {
  if (/memsw|memory\.limit/.test(file))
    return "memory and swap together (memory.swap, --memory-swap) must not be below memory (memory.limit, --memory): set both";
  if (/cpu\.(cfs_quota|cfs_period|max$)/.test(file)) {
    return "quota is at least 1000, period 1000 to 1000000, and no more than the parent cgroup has";
  }
  if (/burst/.test(file)) return "burst must not be above quota";
  if (/cpu\.rt_/.test(file)) return "the parent cgroup must have as much real-time bandwidth to give";
  if (/cpu\.(shares|weight)/.test(file)) return "shares cannot be set while cpu.idle is 1";
  if (/use_hierarchy/.test(file)) return "since Linux 5.11 memory accounting is always hierarchical";
  if (/weight/.test(file)) return "weights are 10 to 1000, and 1 to 1000 with the BFQ scheduler";
  if (/devices\./.test(file)) return "the container has made sub-cgroups of its own";
  return undefined;
}
