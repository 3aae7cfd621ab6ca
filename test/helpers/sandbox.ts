// A place for one test: bundles, a state root of its own, and a runtime to run. Everything in it
// goes away at the end of the test, containers first.
//
// The runtime is $RUNT (scripts/test.mjs sets it to the engine under test), else bin/runt.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";
import { defaultConfig, type TestConfig } from "./config.js";
import { parseReport, type Report } from "./report.js";

/** The checkout: this file runs from dist/test/helpers. */
export const repository = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");
export const tools = join(repository, "build/test");
export const runtime = resolve(process.env.RUNT ?? join(repository, "bin/runt"));

export interface Result {
  status: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** Files that hold stdout and stderr: a created container goes on writing there. */
  files: { stdout: string; stderr: string };
}

export interface RunOptions {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Text for stdin; without it stdin is /dev/null. */
  input?: string;
  /** Further descriptors: 3, 4 … of the runtime. */
  fds?: number[];
  timeout?: number;
  /** Runs `via[0] ...via.slice(1) runtime args`, e.g. ["unshare", "-m"]. */
  via?: string[];
}

/** A runtime that goes on in the background. */
export interface Background {
  child: ChildProcess;
  done: Promise<Result>;
  stdout(): string;
  stderr(): string;
}

/** How many times longer than usual everything may take: emulated machines are slow. */
export const patience = Number(process.env.RUNT_TEST_PATIENCE ?? 1);

let count = 0;

/** What everything of this run has in its name: scripts/leftovers.mjs looks for it afterwards. */
export const mark = `runt-test-${process.env.RUNT_TEST_RUN ?? "x"}-`;

export class Sandbox {
  readonly dir: string;
  /** --root of every command. */
  readonly root: string;
  readonly ids: string[] = [];
  #outputs = 0;

  constructor() {
    this.dir = mkdtempSync(join(tmpdir(), mark));
    chmodSync(this.dir, 0o711); // root of a user namespace must get through
    this.root = join(this.dir, "state");
    mkdirSync(this.root, { mode: 0o700 });
  }

  /** A container id that no other test has; the container is deleted at the end of the test. */
  id(): string {
    const id = `${mark}${process.pid}-${++count}`;
    this.ids.push(id);
    return id;
  }

  /** A folder with config.json and a root filesystem of its own (hard links). */
  bundle(edit: (config: TestConfig, bundle: string) => void = () => {}): string {
    const bundle = join(this.dir, `bundle-${++count}`);
    mkdirSync(bundle);
    linkTree(join(tools, "rootfs"), join(bundle, "rootfs"));
    const config = defaultConfig();
    edit(config, bundle);
    this.configure(bundle, config);
    return bundle;
  }

  configure(bundle: string, config: unknown): void {
    writeFileSync(join(bundle, "config.json"), typeof config === "string" ? config : JSON.stringify(config, null, 2));
  }

  #spawning(args: string[], options: RunOptions) {
    const number = ++this.#outputs;
    const files = { stdout: join(this.dir, `${number}.out`), stderr: join(this.dir, `${number}.err`) };
    const [out, err] = [openSync(files.stdout, "w"), openSync(files.stderr, "w")];
    const words = [...(options.via ?? []), runtime, "--root", this.root, ...args];
    const settings = {
      cwd: options.cwd ?? this.dir,
      env: options.env ?? process.env,
      stdio: [options.input === undefined ? "ignore" : "pipe", out, err, ...(options.fds ?? [])] as (
        | "ignore"
        | "pipe"
        | number
      )[],
    };
    const close = () => {
      closeSync(out);
      closeSync(err);
    };
    return { files, words, settings, close };
  }

  /** Runs the runtime and waits for it (not for a container that it leaves behind). */
  run(args: string[], options: RunOptions = {}): Result {
    const { files, words, settings, close } = this.#spawning(args, options);
    const limit = {
      timeout: (options.timeout ?? 60_000) * patience,
      killSignal: "SIGKILL" as const,
      input: options.input,
    };
    const { status, signal, error } = spawnSync(words[0]!, words.slice(1), { ...settings, ...limit });
    close();
    if (error && (error as NodeJS.ErrnoException).code !== "ETIMEDOUT") throw error;
    const note = error ? "\n(the test ended it: time-out)" : "";
    return { status, signal, stdout: read(files.stdout), stderr: read(files.stderr) + note, files };
  }

  /** Starts the runtime and goes on. */
  start(args: string[], options: RunOptions = {}): Background {
    const { files, words, settings, close } = this.#spawning(args, options);
    const child = spawn(words[0]!, words.slice(1), settings);
    close();
    const timer = setTimeout(() => child.kill("SIGKILL"), (options.timeout ?? 60_000) * patience);
    const [stdout, stderr] = [() => read(files.stdout), () => read(files.stderr)];
    const done = new Promise<Result>((done, failed) => {
      child.on("error", failed);
      child.on("exit", (status, signal) => {
        clearTimeout(timer);
        done({ status, signal, stdout: stdout(), stderr: stderr(), files });
      });
    });
    return { child, done, stdout, stderr };
  }

  /** `run` of a new container in the foreground. */
  runContainer(edit?: (config: TestConfig, bundle: string) => void, options: RunOptions = {}): Result {
    return this.run(["run", "--bundle", this.bundle(edit), this.id()], options);
  }

  /** What the probe says of a new container. Throws when it did not run. */
  probe(edit?: (config: TestConfig, bundle: string) => void, options: RunOptions = {}): Report {
    const result = this.runContainer(edit, options);
    if (result.status !== 0) throw new Error(`the probe did not run: status ${result.status}: ${result.stderr}`);
    return parseReport(result.stdout);
  }

  /** What a shell command line prints in a new container, without the last newline. */
  shell(script: string, edit?: (config: TestConfig, bundle: string) => void, options: RunOptions = {}): string {
    const result = this.runContainer((config, bundle) => {
      config.process.args = ["/bin/sh", "-c", script];
      edit?.(config, bundle);
    }, options);
    if (result.status !== 0) throw new Error(`${script}: status ${result.status}: ${result.stdout}${result.stderr}`);
    return result.stdout.replace(/\n$/, "");
  }

  /** `create` of a new container; throws when it fails. */
  create(bundle: string, ...options: string[]): { id: string; result: Result } {
    const id = this.id();
    const result = this.run(["create", "--bundle", bundle, ...options, id]);
    if (result.status !== 0) throw new Error(`create: status ${result.status}: ${result.stderr}`);
    return { id, result };
  }

  /** The state document, or undefined when the container is not there. */
  state(id: string): { status: string; pid: number; [key: string]: unknown } | undefined {
    const result = this.run(["state", id]);
    return result.status === 0 ? JSON.parse(result.stdout) : undefined;
  }

  /** Deletes what is left of the containers, then the folder. */
  close(): void {
    // A container without a state folder is gone, or has never been.
    const left = this.ids.filter((id) => existsSync(join(this.root, id)));
    for (const id of left) this.run(["delete", "--force", id]);
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Mounts of the host, but for those in places where other programs mount all the time. */
  hostMounts(): string[] {
    const lines = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
    return lines.filter((line) => {
      const place = line.split(" ")[4] ?? "";
      return !/^\/(run|tmp|var)\//.test(place) || place.startsWith(this.dir);
    });
  }
}

/**
 * A copy of a folder with hard links for its programs; what is small enough to be edited is a file of its own.
 * No command is run: that takes longer than all the links.
 */
function linkTree(from: string, to: string): void {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) linkTree(source, target);
    else if (entry.isFile() && statSync(source).size < 1024) copyFileSync(source, target);
    else linkSync(source, target);
  }
  chmodSync(to, statSync(from).mode);
}

function read(file: string): string {
  return readFileSync(file, "utf8");
}

/** A sandbox that is closed when the test ends. */
export function sandbox(t: Test): Sandbox {
  const made = new Sandbox();
  t.teardown(() => made.close());
  return made;
}

/** Waits until a condition holds; throws when it does not within the time. */
export async function until(what: string, condition: () => boolean, timeout = 10_000): Promise<void> {
  const end = Date.now() + timeout * patience;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited ${timeout} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
