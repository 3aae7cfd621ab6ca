// Runs the tests: node scripts/test.mjs [--only unit|integration|clients] [--engine quickjs|node] [--jobs N] [--no-setup] [NAME ...]
//
// Set-up and build first, then the unit tests, then the integration tests once on each engine.
// The tests with Podman, containerd and Docker only when asked for (scripts/test-clients.mjs).
// NAME picks the test files whose path holds it. RUNT=PATH tests another runtime in runt's place.
// Before and after the integration tests the host is looked at: processes, mounts, cgroups,
// /run and /dev must be as before. The last line is `N passed, N failed, N skipped`.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { fail, root, run } from "./tools.mjs";

const flags = { engine: [], only: [], jobs: ["2"] };
const names = [];
let setup = true;
for (let rest = process.argv.slice(2); rest.length; ) {
  const word = rest.shift();
  if (word === "--no-setup") setup = false;
  else if (word.startsWith("--") && flags[word.slice(2)] && rest.length) flags[word.slice(2)] = rest.shift().split(",");
  else if (word.startsWith("-")) fail(`test: unknown option ${word}`);
  else names.push(word);
}
if (setup) run(process.execPath, ["scripts/setup.mjs", "build", "test"]);
const { Parser } = await import("tap-parser");

const counts = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
/** Every test with its outcome, for tables (scripts/test-clients.mjs). */
const outcomes = [];
const skips = new Map();
const times = {};
// A slow machine (the guest of test/vm) asks for more of it; the tests' own limits grow alike.
const patience = Number(process.env.RUNT_TEST_PATIENCE ?? 1);
const fileTimeout = 300_000 * patience;

// Those that take longest begin first, so that none of them is alone at the end.
const longest = ["security", "race", "beside-runc", "flags", "states", "kill", "update"];
const rank = (file) => {
  const place = longest.indexOf(basename(file, ".test.js"));
  return place < 0 ? longest.length : place;
};

/** Every compiled test file below dist/test/KIND that the names on the command line ask for. */
function testFiles(kind) {
  const folder = join(root, "dist/test", kind);
  return (
    readdirSync(folder, { recursive: true })
      .filter((file) => file.endsWith(".test.js"))
      // A source that was removed leaves its compiled file.
      .filter((file) => existsSync(join(root, "test", kind, file.replace(/\.js$/, ".ts"))))
      // Not the whole path: a checkout may lie in a folder that is called like a test.
      .filter((file) => names.length === 0 || names.some((name) => join(kind, file).includes(name)))
      .map((file) => join(folder, file))
      .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b))
  );
}

/** Counts the named tests of one file's TAP; every point of the file's top level is one. */
function watch(file, label, stream) {
  return new Promise((resolve) => {
    const parser = new Parser({ name: file });
    let points = 0;
    parser.on("fail", ({ fullname, diag }) => failures.push({ path: fullname.replace(file, label), diag }));
    parser.on("assert", (point) => {
      points++;
      outcomes.push({
        file: label,
        name: point.name,
        outcome: point.skip ? "skipped" : point.ok ? "passed" : "failed",
      });
      if (point.skip) {
        counts.skipped++;
        skips.set(`${label}: ${point.name}`, point.skip === true ? "no reason given" : point.skip);
      } else if (point.ok) counts.passed++;
      else counts.failed++;
    });
    parser.on("complete", (results) => {
      resolve({ points, ok: results.ok, bailout: results.bailout });
    });
    stream.pipe(parser);
  });
}

async function runFile(file, label, env) {
  const start = Date.now();
  const child = spawn(process.execPath, [file], { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const timer = setTimeout(() => child.kill("SIGTERM"), fileTimeout);
  const ended = new Promise((resolve) => child.on("close", (status, signal) => resolve({ status, signal })));
  const [result, { status, signal }] = await Promise.all([watch(file, label, child.stdout), ended]);
  clearTimeout(timer);
  const wrong =
    signal || (status !== 0 && result.ok) || result.points === 0
      ? `ended with ${signal ?? `status ${status}`} after ${result.points} tests`
      : "";
  if (wrong) {
    counts.failed++;
    failures.push({ path: `${label} > ${wrong}`, diag: { stderr: stderr.slice(-4000) } });
  }
  const seconds = (Date.now() - start) / 1000;
  times[label] = seconds;
  console.log(
    `${result.ok && !wrong ? "ok    " : "NOT OK"} ${label} (${result.points} tests, ${seconds.toFixed(1)} s)`,
  );
  showFailures();
}

let shown = 0;
/** What has failed since the last time, with its differences. */
function showFailures() {
  for (const { path, diag } of failures.slice(shown)) {
    console.log(`FAILED ${path}`);
    if (diag) console.log(JSON.stringify(diag, null, 2).replaceAll("\\n", "\n    ").replace(/^/gm, "    "));
  }
  shown = failures.length;
}

/** Runs files, `jobs` at a time; those whose name says "serial" alone at the end. */
async function runAll(files, engine, env) {
  const label = (file) => `${engine}${relative(join(root, "dist/test"), file).replace(/\.test\.js$/, "")}`;
  const [together, alone] = [files.filter((file) => !/serial/.test(file)), files.filter((file) => /serial/.test(file))];
  const worker = async (queue) => {
    for (let file = queue.shift(); file; file = queue.shift()) await runFile(file, label(file), env);
  };
  await Promise.all(Array.from({ length: Number(flags.jobs[0]) }, () => worker(together)));
  await worker(alone);
}

const engines = {
  quickjs: process.env.RUNT ?? join(root, "bin/runt"),
  node: join(root, "build/node/bin/runt"),
};
const wants = (kind) => (flags.only.length === 0 && kind !== "clients") || flags.only.includes(kind);

// One file may take as long as its time-out; tap alone would give it 30 s.
process.env.TAP_TIMEOUT = `${240 * patience}`;
run(process.execPath, ["scripts/test-tools.mjs"]);
if (wants("unit")) await runAll(testFiles("unit"), "", process.env);
if (wants("integration") || wants("clients")) {
  if (process.getuid() !== 0)
    fail("test: the integration tests and those with clients need root (`npm run test:unit` does not)");
  const { snapshot, differences } = await import("./leftovers.mjs");
  const before = snapshot();
  // What containers, cgroups and folders of this run have in their names.
  process.env.RUNT_TEST_RUN = process.pid.toString(36);
  for (const engine of flags.engine.length ? flags.engine : process.env.RUNT ? ["quickjs"] : ["quickjs", "node"]) {
    if (!engines[engine]) fail(`test: no such engine: ${engine} (engines: ${Object.keys(engines).join(", ")})`);
    // Node takes 0.1 s to start, and one of our tests starts it 600 times.
    const slower = engine === "node" ? 2 : 1;
    const env = { ...process.env, RUNT: engines[engine], RUNT_TEST_PATIENCE: `${patience * slower}` };
    if (wants("integration")) await runAll(testFiles("integration"), `${engine}: `, env);
    // One caller at a time: each has a daemon and time limits of its own.
    if (wants("clients") && engine === "quickjs")
      for (const file of testFiles("clients")) await runAll([file], "", env);
  }
  const left = await differences(before, `runt-test-${process.env.RUNT_TEST_RUN}-`);
  if (left.length === 0) counts.passed++;
  else {
    counts.failed++;
    failures.push({ path: "leftovers > the host is as it was before the tests", diag: { left } });
  }
  console.log(`${left.length ? "NOT OK" : "ok    "} leftovers (processes, mounts, cgroups, /run, /dev)`);
}

showFailures();
for (const { path } of failures) console.log(`FAILED ${path}`);
for (const [name, reason] of skips) console.log(`skipped ${name}: ${reason}`);
mkdirSync(join(root, "build"), { recursive: true });
writeFileSync(
  join(root, "build/test-results.json"),
  `${JSON.stringify({ counts, failures, outcomes, times }, null, 2)}\n`,
);
const total = counts.passed + counts.failed;
if (total === 0) console.log("\nno test was run");
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(counts.failed > 0 || total === 0 ? 1 : 0);
