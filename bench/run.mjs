// npm run bench [-- --quick] [-- --save]: runt beside runc and crun, in one run, alternating.
//
// Every round times each runtime in turn, so that a machine that drifts drifts for all. The table is
// printed and written to bench/results/latest.{json,md}; with --save also to docs/benchmarks.md.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fail, root, run } from "../scripts/tools.mjs";
import { makeBundle, makeBundles } from "./bundle.mjs";
import {
  buildUsage,
  command,
  execCalls,
  smallestLimit,
  systemCalls,
  time,
  timings,
  usage,
  waiting,
} from "./measure.mjs";
import { markdown, median } from "./table.mjs";

const [quick, save, inside] = ["--quick", "--save", "--inside"].map((flag) => process.argv.includes(flag));

// crun refuses the hybrid cgroup layout: all three run where its v2 half is out of sight, so that
// all three see the same.
if (!inside) {
  if (process.getuid() !== 0) fail("bench: needs root");
  run(process.execPath, ["scripts/setup.mjs", "build", "test", "bench"]);
  run(process.execPath, ["scripts/test-tools.mjs"]);
  const hide = 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"';
  run("unshare", [
    "-m",
    "sh",
    "-c",
    hide,
    "sh",
    process.execPath,
    process.argv[1],
    "--inside",
    ...process.argv.slice(2),
  ]);
  process.exit(0);
}

const folder = mkdtempSync(join(tmpdir(), "runt-bench-"));
const which = (name) => spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).stdout.trim();
const runtimes = [
  { name: "runt", path: process.env.RUNT ?? join(root, "bin/runt") },
  { name: "runc", path: which("runc") },
  { name: "crun", path: which("crun") },
]
  .filter(({ path }) => path && existsSync(path))
  .map((runtime) => ({ ...runtime, root: join(folder, runtime.name) }));
for (const { root: state } of runtimes) mkdirSync(state);
const names = runtimes.map(({ name }) => name);
const rows = [];
const row = (name, unit, value) => {
  rows.push({ name, unit, values: Object.fromEntries(runtimes.map((runtime) => [runtime.name, value(runtime)])) });
  console.error(`bench: ${name}`);
};

try {
  const bundle = makeBundles(root, join(folder, "bundle"));
  const [rounds, runs] = quick ? [2, 10] : [6, 25];
  const samples = {};
  for (const what of Object.keys(timings)) {
    const times = Object.fromEntries(names.map((name) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const runtime of runtimes) times[runtime.name].push(...time(what, runtime, bundle, runs, folder));
    }
    samples[what] = times;
    row(what, "ms, median", ({ name }) => median(times[name]));
  }
  rows.push({
    name: "run, fastest",
    unit: "ms, min",
    values: Object.fromEntries(names.map((name) => [name, Math.min(...samples.run[name])])),
  });
  const runOf = ({ name }) => ["run", "--bundle", bundle, `bench-${name}-run`];
  row("run: system calls", "count", (runtime) => systemCalls(runtime, runOf(runtime), folder));
  row("exec: system calls", "count", (runtime) => execCalls(runtime, bundle, folder));
  const program = buildUsage(root, folder);
  row(
    "run: peak memory of the runtime",
    "kB",
    (runtime) => usage(command(runtime, ...runOf(runtime)), folder, program).peak,
  );
  const waits = Object.fromEntries(runtimes.map((runtime) => [runtime.name, waiting(runtime, bundle)]));
  row("created container: memory of its own", "kB", ({ name }) => waits[name].own);
  row("created container: charged to its cgroup", "kB", ({ name }) => waits[name].charged);
  row("created container: peak of that", "kB", ({ name }) => waits[name].peak);
  const limits = [64, 128, 192, 256, 384, 512, 768, 1024, 2048, 3072, 4096, 6144, 8192, 12288, 16384, 32768];
  const bundles = new Map();
  const bundleFor = (limit) => {
    if (!bundles.has(limit)) {
      const edit = (config) => {
        config.linux.resources.memory = { limit: limit * 1024 };
      };
      bundles.set(limit, makeBundle(root, join(folder, `limit-${limit}`), edit));
    }
    return bundles.get(limit);
  };
  row("smallest memory.limit that runs", "kB", (runtime) => smallestLimit(runtime, bundleFor, limits));

  const version = (path) => execFileSync(path, ["--version"], { encoding: "utf8" }).split("\n")[0];
  const machine = {
    date: new Date().toISOString().slice(0, 10),
    cpu: `${cpus().length} × ${cpus()[0].model}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    kernel: release(),
    versions: Object.fromEntries(runtimes.map(({ name, path }) => [name, version(path)])),
    commit: spawnSync("git", ["rev-parse", "--short", "HEAD"], { cwd: root, encoding: "utf8" }).stdout.trim(),
    rounds,
    runs,
  };
  const table = markdown(rows, names);
  const about = [
    `${machine.date}, commit ${machine.commit}: ${machine.cpu}, ${machine.memory}, Linux ${machine.kernel};`,
    `${Object.values(machine.versions).join(", ")}; ${rounds} rounds of ${runs} runs each, alternating.`,
  ].join(" ");
  const results = join(root, "bench/results");
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, "latest.json"), `${JSON.stringify({ machine, rows, samples }, null, 2)}\n`);
  writeFileSync(join(results, "latest.md"), `${about}\n\n${table}\n`);
  if (save) {
    const page = join(root, "docs/benchmarks.md");
    const [start, end] = ["<!-- table -->", "<!-- /table -->"];
    const old = readFileSync(page, "utf8");
    const next = `${old.slice(0, old.indexOf(start))}${start}\n${about}\n\n${table}\n${old.slice(old.indexOf(end))}`;
    writeFileSync(page, next);
  }
  console.log(`${about}\n\n${table}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
