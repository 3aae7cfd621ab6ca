// Builds runt: node scripts/build.mjs [--stale] [PART ...], all parts in order when none is named.
// With --stale only the parts whose sources are newer than what was made of them.
//
//   steps   native/steps/steps.json → src/plan/steps.gen.ts, native/steps/steps.gen.h
//   spec    JSON Schemas → types and validators (ajv, ahead of time)
//   ts      TypeScript → dist/ (what `node dist/src/cli/main.js` runs, and the tests)
//   addon   native/addon → lib/runt/runt.node, native/systemd → lib/runt/systemd.node (node-gyp)
//   init    native/init → lib/runt/runt-init, native/launcher → build/node/bin/runt (static, musl)
//   engine  bin/runt: src/cli/main.ts, QuickJS and the addon in one executable (scripts/build-engine.mjs)
//   node    build/node/lib/runt/engine: Node, for that launcher (for the tests)
//   man     man/*.8 from the table of flags
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { checkMachine, headersPrefix, newest, oldest, placeFile, root } from "./tools.mjs";

checkMachine();
process.chdir(root);
const run = (command, ...args) => execFileSync(command, args, { stdio: "inherit" });
const node = (...args) => run(process.execPath, ...args);

// One static program: every .cc of its folder, musl, no C++ run-time library.
function buildStatic(folder, output) {
  const sources = readdirSync(folder)
    .filter((file) => file.endsWith(".cc"))
    .map((file) => `${folder}/${file}`);
  const machine = execFileSync("gcc", ["-dumpmachine"], { encoding: "utf8" }).trim();
  execFileSync(
    "musl-gcc",
    // biome-ignore format: options that belong together stand together
    [
      "-x", "c++", "-std=c++17", "-Os", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE",
      "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics", "-nostdinc++", "-nodefaultlibs",
      "-ffunction-sections", "-fdata-sections", "-fno-asynchronous-unwind-tables", "-fstack-protector-strong",
      "-idirafter", "/usr/include", "-idirafter", `/usr/include/${machine}`,
      "-Inative/steps", ...sources,
      "-static", "-Wl,--gc-sections", "-Wl,-z,norelro", "-Wl,-z,noseparate-code", "-s", "-o", `${output}.new`,
      // musl's printf counts with long double, which arm64 has in software alone (libgcc).
      "-lc", "-lgcc",
    ],
    { stdio: "inherit" },
  );
  renameSync(`${output}.new`, output);
}

// A second prefix, where runt is the launcher and its engine a script for Node: the same tests run on
// it. The addon and runt-init that it uses are the checkout's (src/host/native.ts).
function buildNodePrefix() {
  // Absolute paths: the launcher leaves no PATH that could be asked for `node`. CommonJS in
  // its own package: what package.json files above say of it does not count.
  writeFileSync("build/node/package.json", '{ "type": "commonjs" }\n');
  writeFileSync(
    "build/node/lib/runt/engine",
    `#!${process.execPath}\nimport(${JSON.stringify(`${root}/dist/src/cli/main.js`)});\n`,
  );
  chmodSync("build/node/lib/runt/engine", 0o755);
}

/** The commit that --version shows; without git or a checkout nobody knows. */
function commit() {
  try {
    const options = { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };
    return execFileSync("git", ["describe", "--always", "--dirty", "--abbrev=12"], options).trim();
  } catch {
    return "unknown";
  }
}

/** What each part is made of and what it makes; a part without outputs is always stale. */
const files = {
  steps: { from: ["native/steps/steps.json", "scripts/generate-steps.mjs"], to: ["src/plan/steps.gen.ts"] },
  spec: { from: ["src/spec", "scripts/generate-spec.mjs"], to: ["src/spec/types.gen.ts"] },
  ts: { from: ["src", "test", "tsconfig.json"], to: ["build/tsconfig.tsbuildinfo"] },
  addon: {
    from: ["native/addon", "native/systemd", "native/common", "native/steps", "binding.gyp"],
    to: ["lib/runt/runt.node"],
  },
  init: {
    from: ["native/init", "native/launcher", "native/common", "native/steps"],
    to: ["lib/runt/runt-init", "build/node/bin/runt"],
  },
  engine: {
    from: ["src", "native", "package-lock.json", "scripts/build-engine.mjs"],
    to: ["bin/runt"],
  },
  node: { from: [], to: ["build/node/lib/runt/engine"] },
  man: { from: ["src/cli", "scripts/generate-man.mjs"], to: ["man/runt.8"] },
};
const isStale = (part) => {
  const { from, to } = files[part];
  const sources = part === "spec" ? from.flatMap((path) => newestOwn(path)) : [newest([...from, "scripts/build.mjs"])];
  return Math.max(...sources) > oldest(to);
};
// src/spec without what is generated into it.
function newestOwn(path) {
  if (path.endsWith(".mjs")) return [newest([path])];
  const own = readdirSync(path, { recursive: true }).filter((file) => !file.includes(".gen."));
  return [newest(own.map((file) => `${path}/${file}`).filter((file) => /\.\w+$/.test(file)))];
}

const parts = {
  steps: () => node("scripts/generate-steps.mjs"),
  spec: () => node("scripts/generate-spec.mjs"),
  ts: () => node("node_modules/typescript/bin/tsc", "-p", "."),
  addon() {
    const gyp = "node_modules/node-gyp/bin/node-gyp.js";
    const headers = headersPrefix();
    if (!headers) throw new Error("Node's headers are missing: apt-get install libnode-dev");
    // The lists of sources are made when it is configured.
    const lists = ["binding.gyp", "native/addon", "native/systemd"].map((path) => statSync(path).mtimeMs);
    if (oldest(["build/Makefile"]) < Math.max(...lists) || process.env.CI)
      node(gyp, "configure", `--nodedir=${headers}`);
    node(gyp, "build", "--loglevel=warn");
    for (const name of ["runt.node", "systemd.node"]) {
      if (!existsSync(`build/Release/${name}`)) {
        console.log(`build: ${name} is left out, so --systemd-cgroup will be refused: apt-get install libsystemd-dev`);
        continue;
      }
      placeFile(`lib/runt/${name}`, readFileSync(`build/Release/${name}`), 0o755);
    }
  },
  init() {
    buildStatic("native/init", "lib/runt/runt-init");
    buildStatic("native/launcher", "build/node/bin/runt");
  },
  async engine() {
    // Not above: the guest of test/vm has no QuickJS to build.
    const { buildEngine } = await import("./build-engine.mjs");
    await buildEngine(commit());
  },
  node: buildNodePrefix,
  man: () => node("scripts/generate-man.mjs"),
};

for (const folder of ["bin", "lib/runt", "build/node/bin", "build/node/lib/runt"])
  mkdirSync(folder, { recursive: true });
const onlyStale = process.argv.includes("--stale");
const asked = process.argv.slice(2).filter((argument) => argument !== "--stale");
for (const part of asked.length ? asked : Object.keys(parts)) {
  if (!parts[part]) throw new Error(`no such part: ${part} (parts: ${Object.keys(parts).join(", ")})`);
  if (onlyStale && !isStale(part)) continue;
  const start = Date.now();
  await parts[part]();
  // tsc and the generators leave what has not changed alone: the date says that it was looked at.
  for (const file of files[part].to) if (existsSync(file)) utimesSync(file, new Date(), new Date());
  console.log(`build: ${part} (${((Date.now() - start) / 1000).toFixed(1)} s)`);
}
