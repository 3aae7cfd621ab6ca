// The addon on QuickJS, whose Node-API is ours (native/engine), does what it does on Node.

import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { initPath } from "../../../src/host/native.js";

const checkout = fileURLToPath(new URL("../../../..", import.meta.url));
const script = fileURLToPath(new URL("./both-engines.js", import.meta.url));

/** The script as a program like bin/runt, in a prefix of its own. */
function compile(prefix: string): string {
  for (const folder of ["bin", "lib/runt", "work"]) mkdirSync(join(prefix, folder), { recursive: true });
  copyFileSync(initPath(), join(prefix, "lib/runt/runt-init"));
  const program = join(prefix, "bin/program");
  const call = `import { buildEngine } from "./scripts/build-engine.mjs";
    await buildEngine("test", ...process.argv.slice(1));`;
  const words = ["--input-type=module", "-e", call, script, program, join(prefix, "work")];
  execFileSync(process.execPath, words, { cwd: checkout, stdio: "pipe" });
  return program;
}

t.test("one script, two engines", async (t) => {
  const prefix = t.testdir();
  const program = compile(prefix);
  const run = (...words: [string, ...string[]]) => {
    const empty = mkdtempSync(join(prefix, "empty-"));
    const options = { encoding: "utf8", cwd: "/", timeout: 60_000 } as const;
    const { stdout, stderr, status } = spawnSync(words[0], [...words.slice(1), empty], options);
    t.equal(status, 0, stderr);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  const [quickjs, node] = [run(program), run(process.execPath, script)];
  t.match(quickjs, {
    init: join(prefix, "lib/runt/runt-init"),
    error: "RuntError: here: open /nowhere: no such file or directory",
    self: true,
    shell: { status: 0, output: /^hello\n/ },
    foreground: 21,
    garbage: true,
    again: 9,
    filter: 0,
    bits: true,
  });
  for (const key of ["files", "language", "thrown", "error", "kernel", "foreground", "filter"]) {
    t.strictSame(quickjs[key], node[key], key);
  }
  const { output } = quickjs.shell as { output: string };
  for (const line of ["SigBlk", "SigIgn", "SigCgt"]) t.match(output, new RegExp(`^${line}:\\t0+$`, "m"), line);
  symlinkSync(program, join(prefix, "link"));
  t.match(run(join(prefix, "link")), { again: 9 }, "it finds its folder through a symlink");
});
