// Containers without a mount namespace of their own, and the namespace that they are in then: one which a process of
// the test holds, so that this machine's stays as it is.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import type { Test } from "tap";
import { type TestConfig, withoutNamespace } from "./config.js";
import { type Sandbox, until } from "./sandbox.js";

/** A mount namespace as long as its process lives. */
export class Place {
  constructor(
    private readonly process: ChildProcess,
    private readonly dir: string,
  ) {}

  get pid(): number {
    return this.process.pid!;
  }

  /** Words that run a command in it. */
  get via(): string[] {
    return ["nsenter", "-t", String(this.pid), "-m"];
  }

  get namespace(): string {
    return readlinkSync(`/proc/${this.pid}/ns/mnt`);
  }

  /** Lines of its mountinfo, but for mounts of other tests: those end as soon as somebody removes their directory. */
  mounts(): string[] {
    const lines = readFileSync(`/proc/${this.pid}/mountinfo`, "utf8").trim().split("\n");
    return lines.filter((line) => {
      const point = line.split(" ")[4]!;
      return !/^\/(run|tmp|var)\//.test(point) || point.startsWith(this.dir);
    });
  }

  shell(script: string): string {
    const { status, stdout, stderr } = spawnSync(this.via[0]!, [...this.via.slice(1), "sh", "-ec", script], {
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`${script}: ${stdout}${stderr}`);
    return stdout.trim();
  }

  end(): void {
    this.process.kill("SIGKILL");
  }
}

/** In: whose mounts count; how mounts propagate there; words that enter another place, to start from. */
export async function place(
  t: Test,
  box: Sandbox,
  propagation: "private" | "shared" | "unchanged",
  from: string[] = [],
): Promise<Place> {
  // Shared among its own peers alone: where systemd has made / shared it would be the machine's peer otherwise.
  const script = propagation === "shared" ? "mount --make-rshared /; exec sleep 1000" : "exec sleep 1000";
  const cut = propagation === "shared" ? "private" : propagation;
  const words = [...from, "unshare", "-m", "--propagation", cut, "sh", "-ec", script];
  const before = from.length ? readlinkSync(`/proc/${from[2]}/ns/mnt`) : readlinkSync("/proc/self/ns/mnt");
  const made = new Place(spawn(words[0]!, words.slice(1), { stdio: "ignore" }), box.dir);
  t.teardown(() => made.end());
  await until("the mount namespace is there", () => {
    const comm = readFileSync(`/proc/${made.pid}/comm`, "utf8").trim();
    return comm === "sleep" && made.namespace !== before;
  });
  return made;
}

export function inherits(config: TestConfig): void {
  withoutNamespace(config, "mount");
}

export const shell = (script: string, edit: (config: TestConfig, bundle: string) => void = () => {}) => {
  return (config: TestConfig, bundle: string) => {
    inherits(config);
    config.process.args = ["/bin/sh", "-c", script];
    edit(config, bundle);
  };
};

export const paused = (edit: (config: TestConfig, bundle: string) => void = () => {}) => {
  return (config: TestConfig, bundle: string) => {
    inherits(config);
    config.process.args = ["/bin/probe", "pause"];
    edit(config, bundle);
  };
};

/** `create` and `start` there. */
export function started(box: Sandbox, at: Place, bundle: string): string {
  const id = box.id();
  for (const words of [
    ["create", "--bundle", bundle, id],
    ["start", id],
  ]) {
    const result = box.run(words, { via: at.via });
    if (result.status !== 0) throw new Error(`${words[0]}: ${result.stderr}`);
  }
  return id;
}
