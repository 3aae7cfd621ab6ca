// Builds runt: node scripts/build.mjs [PART ...], all parts in order when none is named.
//
//   steps   native/steps/steps.json → src/plan/steps.gen.ts, native/steps/steps.gen.h
//   spec    JSON Schemas → types and validators (ajv, ahead of time)
//   ts      TypeScript → dist/ (what `node dist/src/cli/main.js` runs, and the tests)
//   addon   native/addon → lib/runt/runt.node (node-gyp)
//   init    native/init → lib/runt/runt-init, native/launcher → bin/runt (static, musl)
//   engine  src/cli/main.ts → lib/runt/engine (one Bun executable)
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { arch } from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);
const run = (command, ...args) => execFileSync(command, args, { stdio: "inherit" });
const node = (...args) => run(process.execPath, ...args);

// One static program: every .cc of its folder, musl, no C++ run-time library.
function buildStatic(folder, output) {
  const sources = readdirSync(folder).filter((file) => file.endsWith(".cc")).map((file) => `${folder}/${file}`);
  const machine = execFileSync("gcc", ["-dumpmachine"], { encoding: "utf8" }).trim();
  execFileSync(
    "musl-gcc",
    [
      "-x", "c++", "-std=c++17", "-Os", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE",
      "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics", "-nostdinc++", "-nodefaultlibs",
      "-ffunction-sections", "-fdata-sections", "-fno-asynchronous-unwind-tables", "-fstack-protector-strong",
      "-idirafter", "/usr/include", "-idirafter", `/usr/include/${machine}`,
      "-Inative/steps", ...sources,
      "-static", "-Wl,--gc-sections", "-Wl,-z,norelro", "-s", "-o", `${output}.new`, "-lc",
    ],
    { stdio: "inherit" },
  );
  renameSync(`${output}.new`, output);
}

const parts = {
  steps: () => node("scripts/generate-steps.mjs"),
  spec: () => node("scripts/generate-spec.mjs"),
  ts: () => node("node_modules/typescript/bin/tsc", "-p", "."),
  addon() {
    const gyp = "node_modules/node-gyp/bin/node-gyp.js";
    if (!existsSync("build/Makefile") || process.env.CI) node(gyp, "configure");
    node(gyp, "build", "--loglevel=warn");
    copyFileSync("build/Release/runt.node", "lib/runt/runt.node.new");
    renameSync("lib/runt/runt.node.new", "lib/runt/runt.node");
  },
  init() {
    buildStatic("native/init", "lib/runt/runt-init");
    buildStatic("native/launcher", "bin/runt");
  },
  engine() {
    const bun = `node_modules/@oven/bun-linux-${arch === "arm64" ? "aarch64" : "x64"}/bin/bun`;
    run(
      bun, "build", "src/cli/main.ts", "--compile", "--bytecode", "--minify-syntax", "--minify-whitespace",
      "--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig", "--outfile", "lib/runt/engine.new",
    );
    renameSync("lib/runt/engine.new", "lib/runt/engine");
  },
};

mkdirSync("bin", { recursive: true });
mkdirSync("lib/runt", { recursive: true });
const asked = process.argv.slice(2);
for (const part of asked.length ? asked : Object.keys(parts)) {
  if (!parts[part]) throw new Error(`no such part: ${part} (parts: ${Object.keys(parts).join(", ")})`);
  const start = Date.now();
  parts[part]();
  console.log(`build: ${part} (${((Date.now() - start) / 1000).toFixed(1)} s)`);
}
