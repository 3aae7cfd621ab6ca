// Ranges of ids: config-linux.md, "User namespace mappings"; user_namespaces(7).

import type { Findings } from "../problems.js";
import type { LinuxIDMapping } from "../types.gen.js";

// Linux 4.15 and later; before that it was 5.
const MOST_RANGES = 340;
// One id is left out: (uid_t) -1 means "no change" to the kernel.
const END_OF_IDS = 2 ** 32 - 1;

/** What the kernel refuses in a list of ranges. The pointer is that of the list. */
export function checkMappings(mappings: readonly LinuxIDMapping[], pointer: string, findings: Findings): void {
  if (mappings.length > MOST_RANGES) {
    findings.problem(pointer, `expected up to ${MOST_RANGES} ranges, found ${mappings.length}`, { quiet: true });
  }
  mappings.forEach(({ containerID, hostID, size }, index) => {
    const at = `${pointer}/${index}`;
    if (size === 0) findings.problem(`${at}/size`, "expected a range of one id at least");
    for (const [name, first] of [
      ["containerID", containerID],
      ["hostID", hostID],
    ] as const) {
      if (first + size > END_OF_IDS) {
        findings.problem(
          `${at}/${name}`,
          `expected a range up to id ${END_OF_IDS - 1}, but ${first} and ${size} ids go beyond`,
          { quiet: true },
        );
      }
    }
  });
  findOverlaps(mappings, "containerID", pointer, findings);
  findOverlaps(mappings, "hostID", pointer, findings);
}

/** The kernel refuses a map in which two ranges share an id, on either side. */
function findOverlaps(
  mappings: readonly LinuxIDMapping[],
  side: "containerID" | "hostID",
  pointer: string,
  findings: Findings,
): void {
  const order = mappings.map((_, index) => index).sort((a, b) => mappings[a]![side] - mappings[b]![side] || a - b);
  for (let i = 1; i < order.length; i++) {
    const [before, index] = [order[i - 1]!, order[i]!];
    const end = mappings[before]![side] + mappings[before]!.size;
    if (mappings[index]![side] < end && mappings[index]!.size > 0) {
      const [earlier, later] = before < index ? [before, index] : [index, before];
      findings.problem(
        `${pointer}/${later}/${side}`,
        `expected a range apart from the others, but it overlaps entry ${earlier}`,
      );
    }
  }
}
