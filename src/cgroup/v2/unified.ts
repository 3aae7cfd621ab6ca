// linux.resources.unified → v2 files, as they are named there. Pure.

import type { CgroupWrite } from "../driver.js";
import { RuntError, wordPointer } from "../../errors.js";
import { at } from "../resources.js";

/** A value may have several lines ("8:0 rbps=1\n8:16 rbps=2"): the kernel takes one line a write. */
export function unifiedWrites(unified: Record<string, string>): CgroupWrite[] {
  return Object.entries(unified).flatMap(([file, text]) => {
    const pointer = at("unified", file);
    checkName(file, pointer);
    return text
      .replace(/\n$/, "")
      .split("\n")
      .map((value) => ({ controller: "", file, value, pointer, retry: true }));
  });
}

/** Properties that `unified` overrules: both write the same file, and its value is another. */
export function unifiedConflicts(writes: readonly CgroupWrite[]): string[] {
  const isUnified = ({ pointer }: CgroupWrite) => pointer.startsWith(at("unified", ""));
  return writes.filter(isUnified).flatMap(({ file, value, pointer }) =>
    writes
      // Files with one line a device hold both.
      .filter((other) => other.file === file && !isUnified(other) && other.value !== value && !/^\d+:\d+ /.test(value))
      .map(
        (other) => `${wordPointer(other.pointer)} (${other.value}) is overruled by ${wordPointer(pointer)} (${value})`,
      ),
  );
}

function checkName(file: string, pointer: string): void {
  const refuse = (cause: string): never => {
    throw new RuntError({ where: wordPointer(pointer), cause });
  };
  if (file.includes("/")) refuse(`unified resource ${JSON.stringify(file)} must be a file name (no slashes)`);
  if (!/^[a-z0-9_]+\../.test(file) || /[\0\n]/.test(file)) {
    refuse(`unified resource ${JSON.stringify(file)} must be in the form CONTROLLER.PARAMETER`);
  }
}
