// node bench/compare.mjs OLD NEW [--runs N] [NAME ...]: two builds of runt, each a folder with bin/ and lib/.
//
// For changes that are worth less than a busy machine's noise: every run of one is beside a run of the other, and
// processor time and page faults are counted besides the time on the clock. Both are copied first, in the same way:
// how the page cache holds a file makes a difference, too.
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fail, root } from "../scripts/tools.mjs";
import { makeBundles } from "./bundle.mjs";
import { begin, buildUsage, end, must, timings, usage } from "./measure.mjs";
import { median } from "./table.mjs";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { runs: { type: "string" } } });
const [old, fresh, ...asked] = positionals;
if (!fresh) fail("usage: node bench/compare.mjs OLD NEW [--runs N] [NAME ...]");
const names = asked.length > 0 ? asked : ["version", "run", "create", "start", "state", "kill", "exec", "delete"];
for (const name of names) if (!timings[name]) fail(`no such command: ${name} (${Object.keys(timings).join(", ")})`);
const runs = Number(values.runs ?? 100);

const folder = mkdtempSync(join(tmpdir(), "runt-compare-"));
const runtimes = Object.entries({ old, new: fresh }).map(([name, from]) => {
  const to = join(folder, name);
  for (const part of ["bin", "lib"]) cpSync(join(from, part), join(to, part), { recursive: true });
  mkdirSync(join(to, "state"));
  return { name, path: join(to, "bin/runt"), root: join(to, "state") };
});

/** Prepares and runs once. */
function once({ prepare, run }, program) {
  if (prepare) must(["sh", "-c", prepare], { stdio: "ignore" });
  return usage(run, folder, program);
}

try {
  const bundle = makeBundles(root, join(folder, "bundle"));
  const program = buildUsage(root, folder);
  for (const name of names) {
    const all = runtimes.map((runtime) => ({
      name: runtime.name,
      commands: timings[name](runtime, bundle, `compare-${runtime.name}-${process.pid}`),
      taken: [],
    }));
    try {
      for (const { commands } of all) begin(commands);
      for (let run = 0; run < runs; run++) {
        for (const { commands, taken } of run % 2 ? all : all.toReversed()) taken.push(once(commands, program));
      }
    } finally {
      for (const { commands } of all) end(commands);
    }
    for (const { name: which, taken } of all) {
      const middle = (key) => median(taken.map((each) => each[key]));
      const least = Math.min(...taken.map(({ wall }) => wall));
      const texts = [
        `wall ${middle("wall").toFixed(2)} (least ${least.toFixed(2)})`,
        `cpu ${middle("cpu").toFixed(2)} ms`,
      ];
      console.log(`${name.padEnd(8)} ${which.padEnd(4)} ${[...texts, `${middle("faults")} page faults`].join(", ")}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
