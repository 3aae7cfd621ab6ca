// linux.timeOffsets: config-linux.md, "Offset for Time Namespace"; time_namespaces(7).

import type { Planning } from "./planning.js";
import { place } from "./program.js";

/** The lines of /proc/self/timens_offsets. They hold for the children of who writes them. */
export function planTimeOffsets({ config, entering }: Planning): void {
  const offsets = Object.entries(config.linux?.timeOffsets ?? {});
  if (offsets.length === 0) return;
  const lines = offsets.map(([clock, { secs = 0, nanosecs = 0 }]) => `${clock} ${secs} ${nanosecs}\n`);
  entering.add(place("/linux/timeOffsets"), { op: "write_time_offsets", text: lines.join("") });
}
