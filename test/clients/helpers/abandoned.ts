// What a test of the callers leaves when it is killed: processes, containers, mounts, cgroups, its folder. A program
// that waits until its standard input ends, which is when the test does, in whatever way, and cleans up after it:
// abandoned.js FOLDER RUNTIME [CGROUP ...]; the cgroups are those of callers that were there before.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const pause = new Int32Array(new SharedArrayBuffer(4));

/** Takes away what is mounted below a folder: container roots, shm, network namespaces. */
export function unmountBelow(folder: string): void {
  const points = mountPoints().filter((point) => point.startsWith(`${folder}/`));
  for (const point of points.reverse()) spawnSync("umount", ["-l", point]);
}

/** Where something is mounted, in the order of the mounts. */
export function mountPoints(): string[] {
  const lines = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return lines.map((line) => line.split(" ")[4] ?? "");
}

/**
 * What callers put the cgroups of their containers into, and do not take away everywhere, whatever the runtime; what
 * is deepest comes first.
 */
export function callersCgroups(): string[] {
  const root = "/sys/fs/cgroup";
  const isV2 = existsSync(join(root, "cgroup.controllers"));
  const roots = isV2 ? [root] : readdirSync(root).map((name) => join(root, name));
  const parents = ["default", "k8s.io", "docker", "libpod_parent"].flatMap((name) =>
    roots.map((path) => join(path, name)),
  );
  return parents.filter((path) => existsSync(path)).flatMap(cgroupsBelow);
}

function cgroupsBelow(path: string): string[] {
  try {
    const below = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [...below.flatMap(({ name }) => cgroupsBelow(join(path, name))), path];
  } catch {
    return []; // just removed
  }
}

/** Removes those that were not there before. Out: none of them is left. */
export function removeCgroups(before: readonly string[]): boolean {
  const ours = callersCgroups().filter((path) => !before.includes(path));
  for (const path of ours) {
    try {
      rmdirSync(path);
    } catch {} // busy
  }
  return ours.length === 0;
}

/** Processes that have the folder's name in their arguments or environment, and the children of these: containers. */
function processesOf(folder: string): number[] {
  const found: number[] = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    try {
      const facts = ["cmdline", "environ"].map((name) => readFileSync(`/proc/${pid}/${name}`, "utf8"));
      if (!facts.some((fact) => fact.includes(folder))) continue;
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
      found.push(Number(pid), ...children.split(" ").filter(Boolean).map(Number));
    } catch {} // it has just ended
  }
  return found;
}

function killAllOf(folder: string): void {
  for (let tries = 0; tries < 100; tries++) {
    const left = processesOf(folder);
    if (left.length === 0) return;
    for (const pid of left) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {} // it has just ended
    }
    Atomics.wait(pause, 0, 0, 50);
  }
}

/** Containers of the folder's bundles in the runtime's default state root, where root's Podman has them. */
function deleteContainers(folder: string, runtime: string): void {
  const listed = execFileSync(runtime, ["list", "--format", "json"], { encoding: "utf8" });
  const containers = (JSON.parse(listed) ?? []) as { id: string; bundle: string }[];
  for (const { id } of containers.filter(({ bundle }) => bundle.startsWith(`${folder}/`)))
    spawnSync(runtime, ["delete", "--force", id]);
}

function main([folder, runtime, ...cgroups]: string[]): void {
  readFileSync(0);
  if (!existsSync(folder!)) return; // the test has cleaned up itself
  killAllOf(folder!);
  try {
    deleteContainers(folder!, runtime!);
  } catch {} // crun lists in another form
  unmountBelow(folder!);
  for (let tries = 0; tries < 60 && !removeCgroups(cgroups); tries++) Atomics.wait(pause, 0, 0, 50);
  rmSync(folder!, { recursive: true, force: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
