// Which lines of criu's log an error shows.

import t from "tap";
import { errorLines } from "../../../src/criu/log.js";

t.test("the first error lines, without time and pid", async (t) => {
  const log = [
    "(00.001) Version: 3.17.1",
    "(00.052346)      1: Error (criu/files-reg.c:2093): File x has bad size 0 (expect 102)",
    "(00.052347) Warn  (criu/cgroup.c:1): nothing",
    "(00.052348)      1: Error (criu/files.c:1213): Unable to open fd=1",
    "Error (criu/cr-restore.c:2537): Restoring FAILED.",
    "(00.06) Error (criu/more.c:1): a consequence",
  ].join("\n");
  t.same(errorLines(log), [
    "File x has bad size 0 (expect 102) [criu/files-reg.c:2093]",
    "Unable to open fd=1 [criu/files.c:1213]",
    "Restoring FAILED. [criu/cr-restore.c:2537]",
  ]);
  t.same(errorLines(""), []);
  t.same(errorLines("a word of Error in a text"), []);
});
