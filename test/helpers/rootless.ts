// A user without privileges, with a sandbox of the test's own: what root runs, it runs as this user.

import { execFileSync, spawnSync } from "node:child_process";
import {
  chownSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Test } from "tap";
import type { TestConfig } from "./config.js";
import { parseReport, type Report } from "./report.js";
import { type Result, runtime, type Sandbox, sandbox, tools } from "./sandbox.js";

/** Ids that no user of a machine has; nobody needs to be made for them. */
export const UID = 61234;
export const GID = 61235;

/** The subordinate ids that the tests' own /etc/subuid and /etc/subgid give to the user. */
export const SUBORDINATE = 700000;

/** A reason to skip, or false: the user must get to the runtime and to the tools of the tests. */
export function noUser(): string | false {
  if (process.getuid!() !== 0) return "needs root, to become another user";
  for (const file of [runtime, tools]) {
    for (let path = file; path !== "/"; path = dirname(path)) {
      if ((statSync(path).mode & constants.S_IXOTH) === 0) return `other users may not enter ${path}`;
    }
  }
  return false;
}

/** A reason to skip, or false: newuidmap and newgidmap, and files to put the tests' own in the place of. */
export function noMappers(): string | false {
  for (const path of ["/usr/bin/newuidmap", "/usr/bin/newgidmap", "/etc/subuid", "/etc/subgid"]) {
    if (!existsSync(path)) return `${path} is not there (package uidmap)`;
  }
  return false;
}

export interface UserOptions {
  /** Words between setpriv and the runtime: another program around it. */
  via?: string[];
  env?: Record<string, string>;
  input?: string;
  /** In the place of "--root DIR"; [] for the default root. */
  root?: string[];
  /** Further options of setpriv. */
  setpriv?: string[];
  /** A shell script that root runs before, in a mount namespace of its own. */
  prepare?: string;
  cwd?: string;
}

let written: string | undefined;

export class User {
  #outputs = 0;
  readonly runtimeDir: string;
  readonly root: string;

  constructor(readonly box: Sandbox) {
    this.runtimeDir = join(box.dir, "xdg");
    this.root = join(box.dir, "own-state");
    for (const path of [this.runtimeDir, this.root]) {
      mkdirSync(path, { mode: 0o700 });
      chownSync(path, UID, GID);
    }
  }

  /** The words that run a command as the user. */
  words(command: string[], { env, setpriv = [] }: UserOptions = {}): string[] {
    const all = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", XDG_RUNTIME_DIR: this.runtimeDir, ...env };
    const settings = Object.entries(all).map(([name, value]) => `${name}=${value}`);
    const groups = setpriv.some((option) => option.startsWith("--groups")) ? [] : ["--clear-groups"];
    const ids = ["--reuid", String(UID), "--regid", String(GID), ...groups];
    return ["setpriv", ...ids, ...setpriv, "env", "-i", ...settings, ...command];
  }

  /** Runs any command as the user. */
  command(command: string[], options: UserOptions = {}): Result {
    let words = this.words(command, options);
    if (options.prepare !== undefined) {
      words = ["unshare", "--mount", "sh", "-c", `set -e; ${options.prepare}\nexec "$@"`, "sh", ...words];
    }
    // Files, no pipes: a container that is left behind holds them open.
    const number = ++this.#outputs;
    const files = {
      stdout: join(this.box.dir, `user-${number}.out`),
      stderr: join(this.box.dir, `user-${number}.err`),
    };
    const [out, err] = [openSync(files.stdout, "w"), openSync(files.stderr, "w")];
    const { status, signal, error } = spawnSync(words[0]!, words.slice(1), {
      cwd: options.cwd ?? "/",
      stdio: [options.input === undefined ? "ignore" : "pipe", out, err],
      input: options.input,
      timeout: 60_000,
      killSignal: "SIGKILL",
    });
    for (const fd of [out, err]) closeSync(fd);
    if (error) throw error;
    const read = (file: string) => readFileSync(file, "utf8");
    // The log's quotes are escaped; tests look for the words of config.json.
    return { status, signal, stdout: read(files.stdout), stderr: read(files.stderr).replaceAll('\\"', '"'), files };
  }

  /** Runs the runtime as the user. */
  run(args: string[], options: UserOptions = {}): Result {
    const root = options.root ?? ["--root", this.root];
    return this.command([...(options.via ?? []), runtime, ...root, ...args], options);
  }

  /** The config that `spec --rootless` writes for the user, without terminal, with the probe as its program. */
  bundle(edit: (config: TestConfig, bundle: string) => void = () => {}): string {
    const bundle = this.box.bundle();
    // Folders alone: the files are links to ones that all tests share.
    execFileSync("find", [bundle, "-type", "d", "-exec", "chown", `${UID}:${GID}`, "{}", "+"]);
    const config = this.#defaultConfig(bundle);
    config.process.terminal = false;
    config.process.args = ["/bin/probe"];
    edit(config, bundle);
    this.box.configure(bundle, config);
    return bundle;
  }

  /** What `spec --rootless` writes for the user; asked once, as each command takes long in the guest. */
  #defaultConfig(bundle: string): TestConfig {
    if (written === undefined) {
      execFileSync("rm", [join(bundle, "config.json")]);
      const result = this.run(["spec", "--rootless", "--bundle", bundle]);
      if (result.status !== 0) throw new Error(`spec --rootless: ${result.stderr}`);
      written = readFileSync(join(bundle, "config.json"), "utf8");
    }
    return JSON.parse(written) as TestConfig;
  }

  /** `run` in the foreground. */
  runContainer(edit?: (config: TestConfig, bundle: string) => void, options: UserOptions = {}): Result {
    return this.run(["run", "--bundle", this.bundle(edit), this.id()], options);
  }

  probe(edit?: (config: TestConfig, bundle: string) => void, options: UserOptions = {}): Report {
    const result = this.runContainer(edit, options);
    if (result.status !== 0) throw new Error(`the probe did not run: status ${result.status}: ${result.stderr}`);
    return parseReport(result.stdout);
  }

  /** What a shell command line prints in a new container, without the last newline. */
  shell(script: string, edit?: (config: TestConfig, bundle: string) => void, options: UserOptions = {}): string {
    const result = this.runContainer((config, bundle) => {
      config.process.args = ["/bin/sh", "-c", script];
      edit?.(config, bundle);
    }, options);
    if (result.status !== 0) throw new Error(`${script}: status ${result.status}: ${result.stdout}${result.stderr}`);
    return result.stdout.replace(/\n$/, "");
  }

  /** A container of the user; deleted at the end of the test. */
  id(): string {
    const id = this.box.id();
    this.#ids.push(id);
    return id;
  }
  readonly #ids: string[] = [];

  state(id: string): { status: string; pid: number; [key: string]: unknown } | undefined {
    const result = this.run(["state", id]);
    return result.status === 0 ? JSON.parse(result.stdout) : undefined;
  }

  close(): void {
    for (const id of this.#ids) this.run(["delete", "--force", id]);
  }

  /** For `prepare`: the user has a name and subordinate ids (700000 to 700999 of each kind), or the ids given. */
  names(subuid = `runt-tester:${SUBORDINATE}:1000`, subgid = subuid): string {
    const files = {
      passwd: `root:x:0:0::/root:/bin/sh\nrunt-tester:x:${UID}:${GID}::/:/bin/sh\n`,
      group: `root:x:0:\nrunt-tester:x:${GID}:\n`,
      subuid: `${subuid}\n`,
      subgid: `${subgid}\n`,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.box.dir, name), text, { mode: 0o644 });
    return Object.keys(files)
      .map((name) => `mount --bind ${join(this.box.dir, name)} /etc/${name}`)
      .join("; ");
  }
}

/** Maps the user to root, and the subordinate ids to 1 and on: for newuidmap and newgidmap. */
export function withSubordinateIds(config: TestConfig): void {
  config.linux.uidMappings = [
    { containerID: 0, hostID: UID, size: 1 },
    { containerID: 1, hostID: SUBORDINATE, size: 999 },
  ];
  config.linux.gidMappings = [
    { containerID: 0, hostID: GID, size: 1 },
    { containerID: 1, hostID: SUBORDINATE, size: 999 },
  ];
}

/** A user in a sandbox; both are gone when the test ends. */
export function user(t: Test): User {
  const made = new User(sandbox(t));
  t.teardown(() => made.close());
  return made;
}
