// The same code as one executable made by Bun, with the addon and runt-init beside it. Skipped
// where Bun is not installed (it is an optional dependency).

import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { initPath } from "../../../src/host/native.js";

const checkout = fileURLToPath(new URL("../../../..", import.meta.url));
const platform = process.arch === "arm64" ? "aarch64" : "x64";
const bun = process.env.BUN ?? join(checkout, `node_modules/@oven/bun-linux-${platform}/bin/bun`);

const options = { skip: existsSync(bun) ? false : `no ${bun}` } as const;

t.test("the main functions, compiled", options, async (t) => {
  const dir = t.testdir();
  // As scripts/build.mjs compiles the engine.
  const flags = ["--compile", "--bytecode", "--format=esm", "--splitting", "--minify-syntax", "--minify-whitespace"];
  flags.push("--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig");
  const script = fileURLToPath(new URL("./compiled.js", import.meta.url));
  const engine = join(dir, "engine");
  execFileSync(bun, ["build", script, ...flags, "--outfile", engine], { stdio: "pipe" });
  copyFileSync(join(initPath(), "../runt.node"), join(dir, "runt.node"));
  copyFileSync(initPath(), join(dir, "runt-init"));

  const run = (path: string) => spawnSync(path, { encoding: "utf8", cwd: "/", timeout: 30_000 });
  const { stdout, stderr, status } = run(engine);
  t.equal(status, 0, stderr);
  const seen = JSON.parse(stdout) as Record<string, unknown>;
  t.match(seen, {
    init: join(dir, "runt-init"),
    error: "RuntError: here: open /nowhere: no such file or directory",
    self: true,
    shell: { status: 0, output: /^hello\n/ },
    foreground: 21,
    garbage: true,
    again: 9,
    filter: 0,
    bits: true,
  });
  const { output } = seen.shell as { output: string };
  for (const line of ["SigBlk", "SigIgn", "SigCgt"]) t.match(output, new RegExp(`^${line}:\\t0+$`, "m"), line);

  t.test("it finds its folder through a symlink, and says when the addon is missing", async (t) => {
    const away = t.testdir();
    symlinkSync(engine, join(away, "link"));
    t.equal(run(join(away, "link")).status, 0);
    copyFileSync(engine, join(away, "alone"));
    const alone = run(join(away, "alone"));
    t.not(alone.status, 0);
    t.match(alone.stderr, `${away}/runt.node`);
    t.match(alone.stderr, "npm run build");
  });
});
