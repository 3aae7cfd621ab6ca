// The launcher of runt on Node with an engine of the test's own in its place: what the engine gets to see.
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { type LaunchNote, parseLaunch } from "../../../src/host/launch.js";

const LAUNCHER = fileURLToPath(new URL("../../../../build/node/bin/runt", import.meta.url));
const prefix = mkdtempSync(join(tmpdir(), "runt-launcher-"));
t.teardown(() => rmSync(prefix, { recursive: true, force: true }));
const runt = join(prefix, "bin/runt");
const engine = join(prefix, "lib/runt/engine");
for (const folder of ["bin", "lib/runt", "elsewhere"]) mkdirSync(join(prefix, folder), { recursive: true });
copyFileSync(LAUNCHER, runt);

/** An engine that prints its own arguments and environment. */
function installEngine(): void {
  writeFileSync(engine, '#!/bin/sh\nprintf "%s\\n" "$@"\necho --\n/usr/bin/env\n');
  chmodSync(engine, 0o755);
}

/** What an engine started with this environment sees. */
function environmentOf(env: NodeJS.ProcessEnv): Record<string, string> {
  const output = execFileSync(runt, [], { env, encoding: "utf8" });
  const lines = output
    .slice(output.indexOf("--\n") + 3)
    .trimEnd()
    .split("\n");
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

t.test("without an engine it says which file is missing", async (t) => {
  const run = spawnSync(runt, ["list"], { encoding: "utf8" });
  t.equal(run.status, 1);
  t.equal(run.stderr, `runt: start the engine ${prefix}/bin/../lib/runt/engine: no such file or directory (errno 2)\n`);
});

t.test("arguments reach the engine as they are", async (t) => {
  installEngine();
  const output = execFileSync(runt, ["--root", "/x y", "", "ü"], { encoding: "utf8" });
  t.equal(output.slice(0, output.indexOf("--\n", 6)), "--root\n/x y\n\nü\n");
});

t.test("the environment is cut down to a list", async (t) => {
  const kept = {
    PATH: "/usr/bin:/bin",
    HOME: "/h",
    USER: "u",
    XDG_RUNTIME_DIR: "/r",
    LISTEN_FDS: "1",
    LISTEN_PID: "5",
    TERM: "t",
  };
  const hostile = {
    BUN_OPTIONS: "--preload=/x",
    BUN_BE_BUN: "1",
    BUN_JSC_useJIT: "1",
    NODE_OPTIONS: "--require=/x",
    LD_PRELOAD: "/x.so",
    LD_LIBRARY_PATH: "/x",
    MALLOC_CONF: "x",
    GLIBC_TUNABLES: "x",
    LANG: "de_DE.UTF-8",
    PATHX: "1",
    RUNT_LAUNCH: "nofile=0x1:0x1 fds=0 argv0=forged",
  };
  const { RUNT_LAUNCH, PWD, _, SHLVL, ...seen } = environmentOf({ ...kept, ...hostile });
  t.strictSame(seen, kept);
  t.equal(parseLaunch(RUNT_LAUNCH!)?.program, runt);
});

/** The note that a launcher leaves which a shell starts with these commands. */
function noteAfter(commands: string): LaunchNote {
  const run = spawnSync("/bin/sh", ["-c", `${commands}; exec "$0"`, runt], {
    env: { PATH: "/usr/bin:/bin" },
    encoding: "utf8",
  });
  return parseLaunch(/^RUNT_LAUNCH=(.*)$/m.exec(run.stdout)![1]!)!;
}

t.test("limits and descriptors of the caller are noted", async (t) => {
  const note = noteAfter("ulimit -Sn 512; ulimit -Hn 4096; exec 3</dev/null 7</dev/null");
  t.strictSame(note.nofile, { soft: 512n, hard: 4096n });
  // What started the tests may have left others open.
  t.strictSame(
    note.openFds?.filter((fd) => fd < 10),
    [3, 7],
  );
});

t.test("a low limit of descriptors does not hide those that are open", async (t) => {
  const note = noteAfter("exec 5</dev/null; ulimit -n 16");
  t.strictSame(note.nofile, { soft: 16n, hard: 16n });
  t.strictSame(
    note.openFds?.filter((fd) => fd < 10),
    [5],
  );
});

t.test("a symlink or a copy of the name leads to no other engine", async (t) => {
  symlinkSync(runt, join(prefix, "elsewhere/runt"));
  const output = execFileSync(join(prefix, "elsewhere/runt"), ["via-link"], { cwd: "/", encoding: "utf8" });
  t.match(output, /^via-link\n/);
  t.match(spawnSync(runt, ["x"], { argv0: "../evil/runt", encoding: "utf8" }).stdout, /argv0=\.\.\/evil\/runt\n/);
});
