// Containers that are checkpointed and restored, where criu works.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import { cgroupsNamed } from "./cgroup.js";
import type { TestConfig } from "./config.js";
import { type Result, type Sandbox, until } from "./sandbox.js";

// In a cgroup namespace of its own: criu mounts cgroup2 without options, which otherwise would hold for the host's.
const check = spawnSync("unshare", ["--cgroup", "criu", "check"], { encoding: "utf8" });

/** Why nothing can be checkpointed here; false where it can. */
export const noCriu: string | false =
  check.status === 127
    ? "criu is not installed"
    : check.status === 0
      ? false
      : `criu check fails here: ${check.stderr.trim().split("\n").at(-2) ?? `status ${check.status}`}`;

/** Counts on its standard output, in memory of its own, as pid 1 of its namespace. */
export const counter = ["/bin/sh", "-c", "i=0; while :; do i=$((i+1)); echo $i; sleep 0.1; done"];

/** Throws when a command failed. */
export function fine(result: Result): Result {
  if (result.status !== 0) throw new Error(`status ${result.status}: ${result.stderr}`);
  return result;
}

export interface Counting {
  id: string;
  bundle: string;
  /** What it has printed. */
  output: () => string;
}

/** A detached container that counts, or does what the edit says, and has printed something. */
export async function counting(
  box: Sandbox,
  edit: (config: TestConfig, bundle: string) => void = () => {},
  ...options: string[]
): Promise<Counting> {
  const bundle = box.bundle((config, folder) => {
    config.process.args = counter;
    edit(config, folder);
  });
  const id = box.id();
  const { files } = fine(box.run([...options, "run", "-d", "-b", bundle, id]));
  const output = () => readFileSync(files.stdout, "utf8");
  await until("it has printed something", () => /\n/.test(output()));
  return { id, bundle, output };
}

/** Checkpoints a container. Out: the image directory. */
export function checkpoint(box: Sandbox, id: string, ...options: string[]): string {
  const images = join(box.dir, `images-${id}`);
  fine(box.run(["checkpoint", "--image-path", images, ...options, id]));
  return images;
}

/** Restores, detached, under a new id. */
export function restore(
  box: Sandbox,
  bundle: string,
  images: string,
  ...options: string[]
): { id: string; result: Result; output: () => string } {
  const id = box.id();
  const result = box.run(["restore", "-d", "-b", bundle, "--image-path", images, ...options, id]);
  return { id, result, output: () => readFileSync(result.files.stdout, "utf8") };
}

/** The numbers of lines that hold nothing else. */
export const numbers = (text: string): number[] =>
  text
    .split("\n")
    .filter((line) => /^\d+$/.test(line))
    .map(Number);

/** Nothing of a container: no state, cgroup, process. */
export function gone(t: Test, box: Sandbox, id: string): void {
  t.equal(box.state(id), undefined);
  t.notOk(existsSync(join(box.root, id)), "no state");
  t.same(cgroupsNamed(id), [], "no cgroup");
}
