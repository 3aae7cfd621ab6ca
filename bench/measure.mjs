// How each number is taken. A runtime here is { name, path, root }.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { waitingBundle } from "./bundle.mjs";

/** A command line for hyperfine -N, which splits words as a shell does. */
const quote = (words) => words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
const shell = (lines) => quote(["sh", "-c", lines]);

export const command = ({ path, root }, ...args) => [path, "--root", root, ...args];
const text = (runtime, ...args) => command(runtime, ...args).join(" ");

/** Runs something that must work. */
export function must(words, options = {}) {
  const result = spawnSync(words[0], words.slice(1), {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 60_000,
    ...options,
  });
  if (result.status !== 0)
    throw new Error(`${words.join(" ")}: status ${result.status} ${result.stderr}${result.stdout}`);
  return result.stdout;
}

/** What is timed: name → how to do it once, with what comes before. */
export const timings = {
  version: (runtime) => ({ run: quote([runtime.path, "--version"]) }),
  run: (runtime, bundle, id) => ({ run: quote(command(runtime, "run", "--bundle", bundle, id)) }),
  "create + start + delete": (runtime, bundle, id) => ({
    run: shell(
      [
        text(runtime, "create", "--bundle", bundle, id),
        text(runtime, "start", id),
        text(runtime, "delete", "--force", id),
      ].join(" && "),
    ),
  }),
  create: (runtime, bundle, id) => ({
    prepare: shell(`${text(runtime, "delete", "--force", id)} 2>/dev/null; true`),
    run: quote(command(runtime, "create", "--bundle", bundle, id)),
    after: text(runtime, "delete", "--force", id),
  }),
  start: (runtime, bundle, id) => ({
    prepare: shell(
      `${text(runtime, "delete", "--force", id)} 2>/dev/null; ${text(runtime, "create", "--bundle", bundle, id)}`,
    ),
    run: quote(command(runtime, "start", id)),
    after: text(runtime, "delete", "--force", id),
  }),
  state: (runtime, bundle, id) => ({
    before: text(runtime, "create", "--bundle", bundle, id),
    run: quote(command(runtime, "state", id)),
    after: text(runtime, "delete", "--force", id),
  }),
  kill: (runtime, bundle, id) => ({
    // SIGCONT does nothing to a process that is not stopped.
    before: text(runtime, "create", "--bundle", bundle, id),
    run: quote(command(runtime, "kill", id, "CONT")),
    after: text(runtime, "delete", "--force", id),
  }),
  // In a container that sleeps: see waitingBundle of bundle.mjs.
  exec: (runtime, bundle, id) => ({
    before: `${text(runtime, "run", "--detach", "--bundle", waitingBundle(bundle), id)} </dev/null`,
    run: quote(command(runtime, "exec", id, "/bin/noop")),
    after: text(runtime, "delete", "--force", id),
  }),
  delete: (runtime, bundle, id) => ({
    prepare: text(runtime, "create", "--bundle", bundle, id),
    run: quote(command(runtime, "delete", "--force", id)),
  }),
};

/** What comes before the first run and after the last one. */
export function begin({ before }) {
  if (before) must(["sh", "-c", `${before} >/dev/null`], { stdio: "ignore" });
}
export function end({ after }) {
  if (after) spawnSync("sh", ["-c", after], { stdio: "ignore", timeout: 60_000 });
}

/** Times in ms of `runs` runs. */
export function time(what, runtime, bundle, runs, folder) {
  const id = `bench-${runtime.name}-${process.pid}`;
  const commands = timings[what](runtime, bundle, id);
  const { prepare, run } = commands;
  const out = join(folder, "hyperfine.json");
  const words = ["hyperfine", "-N", "--style", "none", "--warmup", "2", "--runs", String(runs), "--export-json", out];
  try {
    begin(commands);
    must([...words, ...(prepare ? ["--prepare", prepare] : []), run]);
  } finally {
    end(commands);
  }
  return JSON.parse(readFileSync(out, "utf8")).results[0].times.map((seconds) => seconds * 1000);
}

/** System calls of a command and everything it starts (strace -cf). */
export function systemCalls(runtime, args, folder) {
  const out = join(folder, "strace.txt");
  must(["strace", "-f", "-c", "-o", out, ...command(runtime, ...args)]);
  const total = readFileSync(out, "utf8").trim().split("\n").at(-1).trim().split(/\s+/);
  return Number(total[3] ?? total[2]);
}

/** The same of an exec into a container that sleeps. */
export function execCalls(runtime, bundle, folder) {
  const id = `bench-${runtime.name}-exec`;
  must(command(runtime, "run", "--detach", "--bundle", waitingBundle(bundle), id), { stdio: "ignore" });
  try {
    return systemCalls(runtime, ["exec", id, "/bin/noop"], folder);
  } finally {
    spawnSync(runtime.path, command(runtime, "delete", "--force", id).slice(1));
  }
}

/** Builds bench/usage.c. Out: its path. */
export function buildUsage(root, folder) {
  const program = join(folder, "usage");
  must(["musl-gcc", "-std=gnu11", "-Os", "-static", "-D_GNU_SOURCE", "-o", program, join(root, "bench/usage.c")]);
  return program;
}

/** What a command and what it waits for took: { wall, cpu (ms), faults, peak (kB) }. In: its words, or a line of them for sh. */
export function usage(words, folder, program) {
  const out = join(folder, "usage.json");
  const line = Array.isArray(words) ? [program, out, ...words] : ["sh", "-c", `exec ${program} ${out} ${words}`];
  // No pipes: a container that was created would hold their other ends.
  must(line, { stdio: "ignore" });
  return JSON.parse(readFileSync(out, "utf8"));
}

const isV2 = existsSync("/sys/fs/cgroup/cgroup.controllers");

function memoryFolder(pid) {
  for (const line of readFileSync(`/proc/${pid}/cgroup`, "utf8").split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (isV2 ? controllers === "" : controllers?.split(",").includes("memory")) {
      return join("/sys/fs/cgroup", isV2 ? "" : "memory", path);
    }
  }
  throw new Error(`process ${pid} has no memory cgroup`);
}

/** A created container that waits for start, in kB: its own memory, what its cgroup is charged with, the peak of that. */
export function waiting(runtime, bundle) {
  const id = `bench-${runtime.name}-waiting`;
  must(command(runtime, "create", "--bundle", bundle, id), { stdio: "ignore" });
  try {
    const { pid } = JSON.parse(must(command(runtime, "state", id)));
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    const field = (name) => Number(new RegExp(`^${name}: +(\\d+) kB`, "m").exec(rollup)[1]);
    const read = (name) => Math.round(Number(readFileSync(join(memoryFolder(pid), name), "utf8")) / 1024);
    return {
      own: field("Private_Clean") + field("Private_Dirty"),
      charged: read(isV2 ? "memory.current" : "memory.usage_in_bytes"),
      peak: read(isV2 ? "memory.peak" : "memory.max_usage_in_bytes"),
    };
  } finally {
    spawnSync(runtime.path, command(runtime, "delete", "--force", id).slice(1));
  }
}

/** The smallest limit in kB of a list with which `run` works three times in a row. */
export function smallestLimit(runtime, bundleFor, limits) {
  const works = (limit) =>
    [1, 2, 3].every(() => {
      const id = `bench-${runtime.name}-limit`;
      const words = command(runtime, "run", "--bundle", bundleFor(limit), id);
      const { status } = spawnSync(words[0], words.slice(1), {
        stdio: "ignore",
        timeout: 20_000,
        killSignal: "SIGKILL",
      });
      if (status !== 0)
        spawnSync(runtime.path, command(runtime, "delete", "--force", id).slice(1), { stdio: "ignore" });
      return status === 0;
    });
  return limits.find(works) ?? Number.NaN;
}
