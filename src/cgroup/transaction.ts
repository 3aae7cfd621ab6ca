// Limits of a running container change all together or not at all: what every file said is noted first,
// and put back when one of the writes is refused.

import { RuntError } from "../errors.js";
import { applyWrites, type OnFailure } from "./apply.js";
import type { CgroupWrite } from "./driver.js";
import { readAny } from "./stats/files.js";

type Directories = Readonly<Record<string, string>>;

/** A file as it was before. */
interface Noted {
  write: CgroupWrite;
  file: string;
  text: string;
}

/** A change of its own kind that belongs to the others. */
export interface FirstChange {
  make(): void;
  /** Puts back what `make` has changed. */
  undo(): void;
}

/**
 * Writes all, in order, or throws RuntError with everything as it was before.
 * `first`: what changes the same files ahead of the writes (systemd, which is told of the limits).
 */
export function applyAllOrNothing(writes: readonly CgroupWrite[], directories: Directories, first?: FirstChange): void {
  const before = note(writes, directories);
  let made = false;
  try {
    first?.make();
    made = true;
    applyWrites(writes, directories);
  } catch (error) {
    const lost = made ? undo(first) : [];
    lost.push(...putBack(before, directories));
    if (lost.length === 0 || !(error instanceof RuntError)) throw error;
    const hint = [error.parts.hint, `and this could not be put back: ${lost.join("; ")}`].filter(Boolean).join("; ");
    throw new RuntError({ ...error.parts, hint });
  }
}

/** Out: what could not be put back, in words. */
function undo(first: FirstChange | undefined): string[] {
  try {
    first?.undo();
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

function note(writes: readonly CgroupWrite[], directories: Directories): Noted[] {
  return withWeights(writes, directories).flatMap((write) =>
    [write.file, write.fallback?.file].flatMap((file) => {
      const text = file === undefined ? null : read(write.controller, file, directories);
      return file === undefined || text === null ? [] : [{ write, file, text }];
    }),
  );
}

/** cpu.idle 1 takes the weight away, so the weight must be noted too. An idle group has none to note. */
function withWeights(writes: readonly CgroupWrite[], directories: Directories): readonly CgroupWrite[] {
  const idle = writes.find(({ file }) => file === "cpu.idle");
  if (!idle || read(idle.controller, idle.file, directories)?.trim() !== "0") return writes;
  const file = idle.controller === "" ? "cpu.weight" : "cpu.shares";
  return writes.some((write) => write.file === file) ? writes : [{ ...idle, file }, ...writes];
}

/** A file's text; null when it is not there or cannot be read. */
const read = (controller: string, file: string, directories: Directories) => readAny(directories[controller], file);

/** Out: what could not be put back, in words. */
function putBack(before: readonly Noted[], directories: Directories): string[] {
  const writes = [...before].reverse().flatMap(({ write, file, text }): CgroupWrite[] => {
    if (read(write.controller, file, directories) === text) return [];
    const value = oldValue(file, write.value, text);
    return value === null ? [] : [{ controller: write.controller, file, value, pointer: write.pointer, retry: true }];
  });
  const lost: string[] = [];
  const collect: OnFailure = (error) => lost.push(error.message);
  applyWrites(writes, directories, collect);
  return lost;
}

/** Files with a line for each device (or interface): how a line is taken away again. */
const LINES: readonly (readonly [file: RegExp, none: string])[] = [
  [/^blkio\.throttle\..+_device$/, "0"],
  [/^blkio\.(bfq\.|leaf_)?weight_device$|^io\.(bfq\.)?weight$/, "default"],
  [/^io\.max$/, "rbps=max wbps=max riops=max wiops=max"],
  [/^io\.latency$/, "target=max"],
  [/^rdma\.max$/, "hca_handle=max hca_object=max"],
  [/^net_prio\.ifpriomap$/, "0"],
];

/**
 * What must be written so that a file says again what it said. In: what was written to it since, what it said
 * before. Null: it need not be written. Exported for its tests.
 */
export function oldValue(file: string, written: string, before: string): string | null {
  const none = LINES.find(([pattern]) => pattern.test(file))?.[1];
  if (none !== undefined) {
    const key = written.includes(" ") ? written.slice(0, written.indexOf(" ")) : "default";
    const line = before.split("\n").find((candidate) => candidate.startsWith(`${key} `));
    return line ?? `${key} ${none}`;
  }
  if (file === "memory.oom_control") return /oom_kill_disable ([01])/.exec(before)?.[1] ?? null;
  if (file === "cgroup.subtree_control") {
    const had = new Set(before.trim().split(" "));
    const controllers = written.split(" ").map((word) => word.replace(/^[+-]/, ""));
    return controllers.map((name) => `${had.has(name) ? "+" : "-"}${name}`).join(" ");
  }
  return before.trim();
}
