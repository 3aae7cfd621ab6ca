// criu's log, of which an error shows the lines that say what went wrong.

/** "(00.012345)   1: Error (criu/mount.c:123): mnt: …", with or without the time and the pid. */
const ERROR_LINE = /^(?:\(\d+\.\d+\)\s*)?(?:\d+:\s*)?Error \(([^)]*)\):\s*(.*)$/;

/** How many lines an error shows: the first ones name the cause, what follows are its consequences. */
const SHOWN = 3;

/** The first error lines of a log, without times and pids: what stands in an error of ours. Empty: there are none. */
export function errorLines(log: string): string[] {
  const found: string[] = [];
  for (const line of log.split("\n")) {
    const [, place, text] = ERROR_LINE.exec(line) ?? [];
    if (text === undefined) continue;
    found.push(`${text} [${place}]`);
    if (found.length === SHOWN) break;
  }
  return found;
}
