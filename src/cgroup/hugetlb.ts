// linux.resources.hugepageLimits → files of hugetlb, which v1 and v2 name nearly alike. Pure.

import type { CgroupWrite } from "./driver.js";
import { RuntError, wordPointer } from "../errors.js";
import { at, decimal, type HugepageLimits } from "./resources.js";

/**
 * Both limits are set: the one of reservations (better, since exceeding it fails mmap and sends no SIGBUS)
 * where the kernel has it (Linux 5.7), and the one of page faults.
 */
export function hugetlbWrites(limits: HugepageLimits, version: 1 | 2): CgroupWrite[] {
  const controller = version === 1 ? "hugetlb" : "";
  const end = version === 1 ? "limit_in_bytes" : "max";
  return limits.flatMap(({ pageSize, limit }, index) => {
    checkPageSize(pageSize, index);
    const pointer = at("hugepageLimits", index);
    const value = decimal(limit);
    return [
      { controller, file: `hugetlb.${pageSize}.${end}`, value, pointer },
      { controller, file: `hugetlb.${pageSize}.rsvd.${end}`, value, pointer, optional: true },
    ];
  });
}

/** The page size becomes part of a file name, so nothing else may be in it. */
function checkPageSize(pageSize: string, index: number): void {
  if (/^[1-9]\d*[KMG]B$/.test(pageSize)) return;
  throw new RuntError({
    where: wordPointer(at("hugepageLimits", index, "pageSize")),
    cause: `${JSON.stringify(pageSize)} is not of the form <size><unit>B with unit K, M or G, e.g. "2MB"`,
  });
}
