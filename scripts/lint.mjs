// All that CI enforces about the text of the sources: node scripts/lint.mjs [CHECK ...]
//
//   biome      style and errors of TypeScript, JavaScript, JSON
//   clang      clang-format of C and C++
//   tidy       clang-tidy of native/
//   shell      shellcheck
//   sizes      no source file above 400 lines
//   imports    direction of imports; no `node:` modules and no process streams on the way of a command
//   conformance  docs/spec-conformance.md names code and tests that exist
//   calls      native/init: no system call that takes a path, outside the files that are made for it
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { calls as callRules, imports as importRules } from "./lint-rules.mjs";
import { hasCommand, headersPrefix, quickjsFolder, root } from "./tools.mjs";

const files = spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .stdout.split("\n")
  .filter((file) => file && existsSync(join(root, file)));
const text = (file) => readFileSync(join(root, file), "utf8");
const native = files.filter((file) => /\.(cc|c|h)$/.test(file) && !file.includes(".gen."));

let problems = 0;
function problem(message) {
  problems++;
  console.error(message);
}

function runs(command, args, stderr = "inherit", input = undefined) {
  if (!hasCommand(command) && !command.startsWith("node_modules"))
    return problem(`${command} is missing: node scripts/setup.mjs lint`);
  const stdin = input === undefined ? "ignore" : "pipe";
  const { status } = spawnSync(command, args, { cwd: root, input, stdio: [stdin, "inherit", stderr] });
  if (status !== 0) problem(`${command} found something`);
}

/** A C or C++ text without comments and what is in strings, line numbers kept. */
function bare(source) {
  const blank = (found) => (found.startsWith('"') ? '""' : found.replace(/[^\n]/g, " "));
  return source.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"/g, blank);
}

const checks = {
  biome: () => runs("node_modules/.bin/biome", ["check", "--error-on-warnings", "--max-diagnostics=50"]),
  clang: () => runs("clang-format", ["--dry-run", "-Werror", ...native]),
  tidy() {
    const sourcesOf = (pattern) => native.filter((file) => pattern.test(file));
    const flags = ["-std=c++17", "-D_GNU_SOURCE", "-Inative/steps", "-fno-exceptions"];
    // As in binding.gyp. The headers of others are not ours to judge.
    const headers = ["node_modules/node-addon-api", `${headersPrefix()}/include/node`];
    const addon = ["-DNAPI_VERSION=8", "-DNAPI_DISABLE_CPP_EXCEPTIONS", ...headers.map((path) => `-isystem${path}`)];
    // On every processor. On stderr it only counts the warnings of system headers, which nobody sees.
    const tidy = (sources, own) => {
      if (!hasCommand("clang-tidy")) return problem("clang-tidy is missing: node scripts/setup.mjs lint");
      const one = 'clang-tidy --quiet "$1" -- ';
      const words = [
        "-P",
        String(availableParallelism()),
        "-I{}",
        "sh",
        "-c",
        one + [...flags, ...own].join(" "),
        "sh",
        "{}",
      ];
      runs("xargs", words, "ignore", sources.join("\n"));
    };
    tidy(sourcesOf(/^native\/(init|launcher)\/.*\.cc$/), ["-fno-rtti"]);
    const quickjs = [`-isystem${quickjsFolder}`, '-DQUICKJS_VERSION=\\"0\\"'];
    tidy(sourcesOf(/^native\/(engine|bytecode)\/.*\.cc$/), [...addon, ...quickjs]);
    tidy(sourcesOf(/^native\/(addon|systemd)\/.*\.cc$/), addon);
  },
  shell() {
    const scripts = files.filter((file) => /^#!.*\b(ba)?sh\b/.test(text(file).slice(0, 40)));
    runs("shellcheck", scripts);
  },
  sizes() {
    for (const file of files.filter((name) => /\.(ts|mjs|js|cc|c|h)$/.test(name) && !name.includes(".gen."))) {
      const lines = text(file).split("\n").length - 1;
      if (lines > 400) problem(`${file}: ${lines} lines; 400 is the most, 300 the aim`);
    }
  },
  imports() {
    for (const file of files.filter((name) => name.startsWith("src/") && name.endsWith(".ts"))) {
      const source = text(file);
      const folder = file.split("/")[1];
      for (const [, from] of source.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)) {
        if (from.startsWith("node:")) {
          problem(`${file}: imports ${from} (QuickJS has none: use src/host)`);
        }
        if (!from.startsWith(".")) continue;
        const to = relative(root, resolve(root, dirname(file), from)).split("/")[1];
        const typeOnly = new RegExp(`import type [^;]*"${from.replaceAll(".", "\\.")}"`).test(source);
        if (to !== folder && !typeOnly && importRules.mayNotImport[folder]?.includes(to)) {
          problem(`${file}: ${folder} imports ${to} (architecture.md: an import goes down the list only)`);
        }
      }
      for (const [found] of source.matchAll(/process\.(stdin|stdout|stderr)\b/g)) {
        problem(`${file}: ${found} changes O_NONBLOCK of the caller's descriptor`);
      }
    }
  },
  conformance() {
    runs("node", ["scripts/check-conformance.mjs"]);
  },
  calls() {
    for (const { files: pattern, ban, allow, why } of callRules) {
      for (const file of native.filter((name) => pattern.test(name))) {
        bare(text(file))
          .split("\n")
          .forEach((line, index) => {
            const [, name] = ban.exec(line) ?? [];
            if (name && !allow[name]?.[file]) problem(`${file}:${index + 1}: ${name}(): ${why}`);
          });
      }
    }
  },
};

const asked = process.argv.slice(2);
for (const check of asked.length ? asked : Object.keys(checks)) {
  if (!checks[check]) problem(`no such check: ${check} (checks: ${Object.keys(checks).join(", ")})`);
  const before = problems;
  checks[check]?.();
  if (problems === before) console.log(`lint: ${check}`);
}
if (problems) console.error(`lint: ${problems} problem(s)`);
process.exit(problems ? 1 : 0);
