// Reading files of cgroups. One that is not there or cannot be read counts as nothing to say: statistics are
// taken while containers end, and controllers differ from kernel to kernel.

import { native } from "../../host/native.js";
import { errnoOf } from "../failure.js";
import { hugepageSize } from "./parse.js";

/** A file's text, or null. */
export function readAny(directory: string | undefined, file: string): string | null {
  if (directory === undefined) return null;
  try {
    return native().readFileIfAny(`${directory}/${file}`);
  } catch (error) {
    // ENODEV: the cgroup went while we read. EOPNOTSUPP: pressure files without psi=1 on the kernel's command line.
    if (errnoOf(error) !== undefined) return null;
    throw error;
  }
}

/** The huge page sizes of this machine, as the hugetlb files name them. */
export function hugepageSizes(): string[] {
  try {
    return native()
      .readdir("/sys/kernel/mm/hugepages")
      .map(hugepageSize)
      .filter((size) => size !== undefined);
  } catch (error) {
    if (errnoOf(error) !== undefined) return [];
    throw error;
  }
}
