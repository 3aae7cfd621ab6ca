// A hostile bundle folder and a hostile environment change nothing: what Node, Bun and others would read
// from the working directory (the bundle) or from the environment is not read.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { parseReport } from "../helpers/report.js";
import { runtime, sandbox } from "../helpers/sandbox.js";

/** Files that make an engine run code or change its settings when it starts in their folder. */
function plant(folder: string, canary: string): void {
  const code = `require("node:fs").writeFileSync(${JSON.stringify(canary)}, "ran"); console.log("HOSTILE");`;
  const files: Record<string, string> = {
    ".env": `HOSTILE=1\nNODE_OPTIONS=--require=${folder}/evil.cjs\nBUN_OPTIONS=--preload=${folder}/evil.cjs\n`,
    ".env.local": "HOSTILE=1\n",
    ".env.production": "HOSTILE=1\n",
    "bunfig.toml": `preload = ["./evil.cjs"]\n[run]\npreload = ["./evil.cjs"]\n[test]\npreload = ["./evil.cjs"]\n`,
    ".bunfig.toml": `preload = ["./evil.cjs"]\n`,
    "package.json":
      '{"type": "commonjs", "main": "evil.cjs", "imports": {"#x": "./evil.cjs"}, "scripts": {"start": "false"}}',
    "tsconfig.json": '{"compilerOptions": {"paths": {"*": ["./evil.cjs"]}, "jsx": "react"}, "extends": "./none.json"}',
    "jsconfig.json": "{ not json",
    "evil.cjs": code,
    "index.js": code,
    "runt.node": "not an addon",
    "runt-init": `#!/bin/sh\ntouch ${canary}`,
    engine: `#!/bin/sh\ntouch ${canary}`,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o755 });
  for (const [name, text] of [
    ["jsonc-parser", code],
    ["minimist", code],
    ["ajv", code],
  ] as const) {
    mkdirSync(join(folder, "node_modules", name), { recursive: true });
    writeFileSync(join(folder, "node_modules", name, "index.js"), text);
    writeFileSync(join(folder, "node_modules", name, "package.json"), `{"name": "${name}", "main": "index.js"}`);
  }
}

function check(t: Test, env: NodeJS.ProcessEnv, name: string, planted = true): void {
  const box = sandbox(t);
  const canary = join(box.dir, "canary");
  const bundle = box.bundle((config) => {
    config.process.env = ["ONLY=this"];
  });
  if (planted) plant(bundle, canary);
  const id = box.id();
  const result = box.run(["run", id], { cwd: bundle, env });
  t.equal(result.status, 0, `${name}: ${result.stderr}`);
  t.notMatch(result.stdout, /HOSTILE/, name);
  t.notMatch(result.stderr, /HOSTILE/, name);
  t.notOk(existsSync(canary), `${name}: no code of the bundle has run`);
  t.same(
    parseReport(result.stdout).env.filter((entry) => !entry.startsWith("HOME=")),
    ["ONLY=this"],
    `${name}: nothing came into the container`,
  );
  const state = box.run(["state", "nobody"], { cwd: bundle, env });
  t.equal(state.status, 1, name);
  t.match(state.stderr, /container does not exist/, `${name}: runt still is runt`);
}

t.test("a bundle full of traps", async (t) => {
  check(t, process.env, "files");
});

const path = process.env.PATH;
const environments: Record<string, (folder: string) => NodeJS.ProcessEnv> = {
  BUN_BE_BUN: () => ({ BUN_BE_BUN: "1" }),
  BUN_OPTIONS: (folder) => ({ BUN_OPTIONS: `--preload=${folder}/evil.cjs` }),
  BUN_INSPECT: () => ({ BUN_INSPECT: "127.0.0.1:0", BUN_INSPECT_PRELOAD: "./evil.cjs" }),
  BUN_CONFIG: () => ({
    BUN_CONFIG_VERBOSE_FETCH: "1",
    BUN_RUNTIME_TRANSPILER_CACHE_PATH: "/tmp",
    BUN_JSC_dumpOptions: "2",
  }),
  NODE_OPTIONS: (folder) => ({ NODE_OPTIONS: `--require=${folder}/evil.cjs` }),
  NODE_PATH: (folder) => ({ NODE_PATH: `${folder}/node_modules` }),
  NODE_V8_COVERAGE: (folder) => ({ NODE_V8_COVERAGE: `${folder}/coverage`, NODE_DEBUG: "module,fs" }),
  "a PATH without anything": () => ({ PATH: "/nowhere" }),
  "a PATH of the bundle": (folder) => ({ PATH: folder }),
  HOME: (folder) => ({ HOME: folder, XDG_CONFIG_HOME: folder, XDG_RUNTIME_DIR: folder }),
  TMPDIR: (folder) => ({ TMPDIR: folder, BUN_TMPDIR: folder }),
  RUNT_LAUNCH: () => ({ RUNT_LAUNCH: "nofile=0x1:0x1;ignored=ffff;garbage" }),
  LANG: () => ({ LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8", TZ: "Nowhere/Land" }),
  "ten thousand variables": () =>
    Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`FILL_${index}`, "x".repeat(50)])),
};

for (const [name, make] of Object.entries(environments)) {
  t.test(name, async (t) => {
    const box = sandbox(t);
    plant(box.dir, join(box.dir, "canary"));
    check(t, { PATH: path, ...make(box.dir) }, name);
    t.notOk(existsSync(join(box.dir, "canary")));
    t.notOk(existsSync(join(box.dir, "coverage")));
  });
}

t.test("LD_PRELOAD ends at runt itself", async (t) => {
  const box = sandbox(t);
  // A library that is not there makes ld.so complain on stderr in every dynamic program that sees it. bin/runt is
  // one, as runc and crun are: its caller's own affair. What it starts must not see it.
  const env = { PATH: path, LD_PRELOAD: join(box.dir, "no-such-library.so"), LD_LIBRARY_PATH: box.dir };
  check(t, env, "LD_PRELOAD");
  const bundle = box.bundle((config) => {
    config.hooks = { createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", "env >&2; exit 1"] }] };
  });
  const result = box.run(["run", "--bundle", bundle, box.id()], { env });
  t.not(result.status, 0);
  t.match(result.stderr, /PWD=/, "the hook has printed its environment");
  t.notMatch(result.stderr, /LD_\w+=/);
  t.ok((result.stderr.match(/ld\.so/g) ?? []).length <= 1, "at most one complaint: runt's own");
});

t.test("an empty environment", async (t) => {
  check(t, {}, "empty");
});

t.test("the working directory is gone", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/echo", "fine"];
  });
  const gone = join(box.dir, "gone");
  mkdirSync(gone);
  const result = box.runContainer(undefined, {});
  t.equal(result.status, 0);
  const orphan = box.run(["run", "--bundle", bundle, box.id()], {
    via: ["sh", "-c", `cd ${gone} && rmdir ${gone} && exec "$@"`, "sh"],
  });
  if (orphan.status === 0) t.equal(orphan.stdout, "fine\n");
  else t.match(orphan.stderr, /directory/, "said in words");
});

t.test("called by a relative path, through a symlink, with another argv[0]", async (t) => {
  const box = sandbox(t);
  const { symlinkSync } = await import("node:fs");
  symlinkSync(runtime, join(box.dir, "oci-runtime"));
  for (const via of [
    ["sh", "-c", `shift; exec ./oci-runtime "$@"`, "sh"],
    ["sh", "-c", `shift; exec ${box.dir}/oci-runtime "$@"`, "sh"],
    ["bash", "-c", 'exec -a nonsense "$@"', "bash"],
    ["bash", "-c", 'exec -a "" "$@"', "bash"],
  ]) {
    const result = box.runContainer(
      (config) => {
        config.process.args = ["/bin/probe", "exit", "3"];
      },
      { via },
    );
    t.equal(result.status, 3, `${via[2]} ${result.stderr}`);
  }
});
