// What tests of the cgroup drivers share: drivers with directories of their own (runt-cgtest-PID…), processes in them,
// and the end of both.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import t from "tap";
import { detectCgroups } from "../../src/cgroup/detect.js";
import type { CgroupDriver } from "../../src/cgroup/driver.js";
import { cgroupDriver } from "../../src/cgroup/index.js";

const children: ChildProcess[] = [];
/** Removed after each test. */
export const drivers: CgroupDriver[] = [];
let counter = 0;

/** A driver of the machine's layout. */
export function newDriver(id = `runt-cgtest-${process.pid}-${counter++}`): CgroupDriver {
  const driver = cgroupDriver({ layout: detectCgroups(), id, rootless: false });
  drivers.push(driver);
  return driver;
}

/** Every directory that a process of the container is in. */
export const placesOf = (driver: CgroupDriver) =>
  [driver.placement()].flatMap(({ join, into }) => [...join, ...(into === undefined ? [] : [into])]);

const joining = (directories: readonly string[]) =>
  directories.map((path) => `echo $$ > ${path}/cgroup.procs;`).join(" ");

/** Runs a shell in directories; resolves when it is there. */
export async function processIn(directories: readonly string[], command = "exec sleep 300"): Promise<ChildProcess> {
  const words = ["-c", `${joining(directories)} echo joined; ${command}`];
  const child = spawn("/bin/sh", words, { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  await new Promise((resolve) => child.stdout!.once("data", resolve));
  return child;
}

/** Resolves when a process has ended. */
export const ended = (child: ChildProcess) =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise<void>((resolve) => child.once("exit", () => resolve()));

/** The output and errors of a shell command that runs in directories. */
export function runIn(directories: readonly string[], command: string): string {
  const { stdout, stderr } = spawnSync("/bin/sh", ["-c", `${joining(directories)} ${command}`], { encoding: "utf8" });
  return stdout + stderr;
}

/** What a file of a driver's directory says. */
export const value = (driver: CgroupDriver, controller: string, file: string) =>
  readFileSync(`${driver.paths.directories[controller]}/${file}`, "utf8").trim();

t.afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill("SIGKILL");
    await ended(child);
  }
  for (const driver of drivers.splice(0)) driver.remove(2000);
});
