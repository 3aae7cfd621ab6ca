// process.terminal: config.md, "Process"; config-linux.md, "Default Devices" (/dev/console).

import type { Planning } from "./planning.js";
import { place } from "./program.js";

/** Makes the terminal from the container's own devpts: after all mounts, before the root is left. */
export function planConsole({ config, inside }: Planning): void {
  const { process } = config;
  if (!process.terminal) return;
  inside.add(place("/process/terminal"), {
    op: "open_console",
    width: process.consoleSize?.width ?? 0,
    height: process.consoleSize?.height ?? 0,
    uid: process.user.uid,
    bind: 1,
  });
}
