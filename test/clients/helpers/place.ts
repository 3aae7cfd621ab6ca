// Where a caller (Podman, containerd, Docker) does its work in the tests: a folder of its own for its
// data, sockets and configuration, and a network namespace of its own, so that bridges, iptables and
// ports touch nothing of the host.

import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";
import { mark, patience, runtime, until } from "../../helpers/sandbox.js";
import { callersCgroups, mountPoints, removeCgroups, unmountBelow } from "./abandoned.js";

/** The runtime under test as callers name it: runt, runc or crun. */
export const runtimeName = runtime.slice(runtime.lastIndexOf("/") + 1);
export { runtime };

/** The host runs systemd: callers then manage cgroups through it. */
export const hasSystemd = readFileSync("/proc/1/comm", "utf8").trim() === "systemd";
/** cgroup v2 alone. */
export const cgroupV2 = existsSync("/sys/fs/cgroup/cgroup.controllers");

export interface Answer {
  status: number | null;
  stdout: string;
  stderr: string;
  /** Both, for patterns that do not care. */
  text: string;
}

export interface CommandOptions {
  input?: string;
  env?: NodeJS.ProcessEnv;
  /** In ms. */
  timeout?: number;
  cwd?: string;
}

let count = 0;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** What follows them ends with the test, even with one that is killed. */
const MORTAL = ["setpriv", "--pdeathsig", "TERM"];

/** Words as a shell takes them. */
export const quoted = (words: readonly string[]) =>
  words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");

export class Place {
  /** A short path: unix sockets have 107 characters. */
  readonly dir: string;
  /** Holds the network namespace. Not `ip netns`, which leaves a shared mount on /run/netns. */
  readonly #network: ChildProcess;
  /** Cleans up when the test is killed (helpers/abandoned.ts). */
  readonly #cleaner: ChildProcess;
  readonly #services: ChildProcess[] = [];
  readonly #undo: (() => void)[] = [];
  readonly #netnsWasMounted = mountPoints().includes(NETNS);
  readonly #foreignCgroups = callersCgroups();

  constructor() {
    this.dir = mkdtempSync(`/tmp/${mark}`);
    chmodSync(this.dir, 0o711);
    // In a session of its own: what is typed to end the tests does not end it.
    this.#cleaner = spawn(process.execPath, [CLEANER, this.dir, runtime, ...this.#foreignCgroups], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    this.#cleaner.unref();
    this.#network = spawn("unshare", ["--net", ...MORTAL, "sleep", "infinity"], { cwd: this.dir, stdio: "ignore" });
    const namespace = `/proc/${this.#network.pid}/ns/net`;
    while (readlinkSync(namespace) === readlinkSync("/proc/self/ns/net")) Atomics.wait(pause, 0, 0, 5);
    execFileSync("nsenter", [`--net=${namespace}`, "ip", "link", "set", "lo", "up"]);
  }

  /** A folder of the place, made. */
  folder(name: string): string {
    const path = join(this.dir, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** A file of the place, written. */
  file(name: string, text: string): string {
    const path = join(this.dir, name);
    writeFileSync(path, text);
    return path;
  }

  /** What undoes something, before the folder goes; the last comes first. */
  atEnd(work: () => void): void {
    this.#undo.unshift(work);
  }

  /**
   * A mount namespace that lasts as long as the place, in which shell commands have been run: what they mount
   * is seen by nobody else. Out: the words that enter it.
   */
  mountNamespace(commands: readonly string[]): string[] {
    const ready = join(this.dir, `namespace-${++count}`);
    // Shared among themselves: Podman wants it so.
    const script = ["mount --make-rshared /", ...commands, `touch ${ready}`, "exec sleep infinity"].join(" && ");
    const holder = spawn("unshare", ["--mount", "--propagation", "private", ...MORTAL, "sh", "-c", script], {
      cwd: this.dir,
      stdio: "ignore",
    });
    this.#services.push(holder);
    const end = Date.now() + 10_000 * patience;
    while (!existsSync(ready) && Date.now() < end) Atomics.wait(pause, 0, 0, 5);
    if (!existsSync(ready)) throw new Error(`not all of these could be run: ${commands.join(", ")}`);
    return ["nsenter", `--mount=/proc/${holder.pid}/ns/mnt`, "--"];
  }

  #words(words: readonly string[]): string[] {
    return ["nsenter", `--net=/proc/${this.#network.pid}/ns/net`, "--", ...words];
  }

  /** Runs a command in the place's network and waits for it. */
  run(words: readonly string[], options: CommandOptions = {}): Answer {
    const [out, err] = [join(this.dir, `out-${++count}`), join(this.dir, `err-${count}`)];
    const [stdout, stderr] = [openSync(out, "w"), openSync(err, "w")];
    const [command, ...args] = this.#words(words);
    const result = spawnSync(command!, args, {
      cwd: options.cwd ?? this.dir,
      env: { ...process.env, ...options.env },
      input: options.input,
      // Files in place of pipes: what a caller leaves running does not keep us waiting.
      stdio: [options.input === undefined ? "ignore" : "pipe", stdout, stderr],
      timeout: (options.timeout ?? 60_000) * patience,
      killSignal: "SIGKILL",
    });
    closeSync(stdout);
    closeSync(stderr);
    const answer = { status: result.status, stdout: readFileSync(out, "utf8"), stderr: readFileSync(err, "utf8") };
    rmSync(out);
    rmSync(err);
    return { ...answer, text: answer.stdout + answer.stderr };
  }

  /** Runs a command under a terminal of its own (script(1)); `text` is what it showed. */
  runInTerminal(words: readonly string[], options: CommandOptions = {}): Answer {
    return this.run(["script", "-qec", quoted(words), "/dev/null"], options);
  }

  /** Starts a service in the place's network; it ends with the place. */
  service(words: readonly string[], log: string, env: NodeJS.ProcessEnv = {}): ChildProcess {
    const output = openSync(join(this.dir, log), "a");
    const [command, ...args] = this.#words([...MORTAL, ...words]);
    const child = spawn(command!, args, {
      cwd: this.dir,
      env: { ...process.env, ...env },
      stdio: ["ignore", output, output],
    });
    closeSync(output);
    this.#services.push(child);
    return child;
  }

  log(name: string): string {
    return readFileSync(join(this.dir, name), "utf8");
  }

  /** Ends services (SIGTERM, then SIGKILL after 15 s), network and folder. */
  async close(): Promise<void> {
    for (const work of this.#undo) work();
    for (const child of this.#services.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGTERM");
      await until("a service ends", () => child.exitCode !== null || child.signalCode !== null, 15_000).catch(() =>
        child.kill("SIGKILL"),
      );
    }
    this.#unmount();
    // Processes of the callers may be about to end in them; or somebody else has begun to use them.
    await until("the cgroups are gone", () => removeCgroups(this.#foreignCgroups), 3000).catch(() => {});
    this.#network.kill("SIGKILL");
    rmSync(this.dir, { recursive: true, force: true });
    this.#cleaner.stdin!.end();
  }

  /**
   * What callers leave mounted: below the folder (container roots, shm, network namespaces), and Podman's
   * shared mount of /run/netns on itself, when nobody else has a namespace there.
   */
  #unmount(): void {
    unmountBelow(this.dir);
    const isOurs = !this.#netnsWasMounted && mountPoints().includes(NETNS);
    if (isOurs && readdirSync(NETNS).length === 0) spawnSync("umount", [NETNS]);
  }
}

const NETNS = "/run/netns";
const CLEANER = fileURLToPath(new URL("abandoned.js", import.meta.url));

/** A place that is closed when the test (of the file's top level, mostly) ends. */
export function place(t: Test): Place {
  const made = new Place();
  t.teardown(() => made.close());
  return made;
}
