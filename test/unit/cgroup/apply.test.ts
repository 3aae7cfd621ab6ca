// Writing, listing and removing on a tree of ordinary files: what is wanted when files are missing. (What the kernel
// refuses is tried on real cgroups: test/integration/cgroup-v1.test.ts.) Needs the built addon, not root.

import { readFileSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import t from "tap";
import { processStat } from "../../../src/host/proc.js";
import { applyWrites } from "../../../src/cgroup/apply.js";
import { MadeDirectories } from "../../../src/cgroup/create.js";
import type { CgroupWrite } from "../../../src/cgroup/driver.js";
import { NoCgroupDriver } from "../../../src/cgroup/none.js";
import { processesBelow, subCgroups } from "../../../src/cgroup/processes.js";
import { enableControllers } from "../../../src/cgroup/v2/create.js";
import { native } from "../../../src/host/native.js";

let addon = true;
try {
  native();
} catch {
  addon = false;
}
const options = { skip: addon ? false : "the addon is not built" } as const;

const write = (file: string, more: Partial<CgroupWrite> = {}): CgroupWrite => ({
  controller: "memory",
  file,
  value: "1",
  pointer: "/linux/resources/memory/limit",
  ...more,
});

t.test("files that are missing", options, async (t) => {
  const directory = t.testdir({ "there.x": "", "other.x": "" });
  const read = (file: string) => readFileSync(`${directory}/${file}`, "utf8");
  const directories = { memory: directory };
  applyWrites([write("there.x"), write("gone.x", { optional: true })], directories);
  t.equal(read("there.x"), "1");
  applyWrites([write("gone.x", { fallback: { file: "other.x", value: "2" } })], directories);
  t.equal(read("other.x"), "2");
  applyWrites([write("there.x", { value: "3", fallback: { file: "other.x", value: "4" } })], directories);
  t.same([read("there.x"), read("other.x")], ["3", "2"], "no fallback when it is not needed");

  t.throws(() => applyWrites([write("gone.x")], directories), {
    message:
      /^linux.resources.memory.limit: write "1" to .*\/gone.x: no such file or directory \(this kernel has no such file\)$/,
  });
  t.throws(() => applyWrites([write("x", { controller: "pids" })], directories), {
    message: /^linux.resources.memory.limit: write x: the pids controller is not available/,
  });
  t.doesNotThrow(() => applyWrites([write("x", { controller: "pids", optional: true })], directories));

  const noted: string[] = [];
  applyWrites([write("gone.x"), write("there.x", { value: "5" })], directories, (_, { file }) => noted.push(file));
  t.same([noted, read("there.x")], [["gone.x"], "5"], "the others are written all the same");
});

t.test("processes of a tree", options, async (t) => {
  const directory = t.testdir({
    "cgroup.procs": "1\n2\n",
    "memory.max": "",
    "memory.stat": { "cgroup.procs": "3\n", sub: { "cgroup.procs": "4\n" } },
  });
  t.same(processesBelow(directory, "memory"), [1, 2, 3, 4], "also in one that is named like a file");
  t.same(subCgroups(directory, "memory"), [`${directory}/memory.stat`]);
  t.same(processesBelow(`${directory}/gone`, "memory"), []);
  writeFileSync(`${directory}/cgroup.stat`, "nr_descendants 0\nnr_dying_descendants 3\n");
  t.same(subCgroups(directory, ""), [], "cgroup2 says that there are none");
});

t.test("directories are made once and taken back", options, async (t) => {
  const directory = t.testdir({ old: {} });
  const made = new MadeDirectories();
  t.equal(made.make(`${directory}/a/b/c`), true);
  t.equal(made.make(`${directory}/a/b`), false);
  t.equal(made.make(`${directory}/old`), false);
  t.equal(made.has(`${directory}/a/b`), true);
  made.rollback();
  t.throws(() => readFileSync(`${directory}/a`), { code: "ENOENT" });
  t.throws(() => readFileSync(`${directory}/old`), { code: "EISDIR" });
});

t.test("controllers are handed down from the nearest ancestor that has them", options, async (t) => {
  const directory = t.testdir({
    "cgroup.controllers": "cpu memory pids\n",
    "cgroup.subtree_control": "",
    a: {
      "cgroup.controllers": "memory\n",
      "cgroup.subtree_control": "",
      b: { "cgroup.controllers": "\n", "cgroup.subtree_control": "", c: { "cgroup.controllers": "\n" } },
    },
  });
  const written = (path: string) => readFileSync(`${directory}${path}/cgroup.subtree_control`, "utf8");
  enableControllers(`${directory}/a/b/c`, []);
  enableControllers(`${directory}/a/b`, []);
  t.same([written(""), written("/a"), written("/a/b")], ["", "", ""]);
  enableControllers(`${directory}/a/b/c`, ["memory"]);
  t.same([written(""), written("/a"), written("/a/b")], ["", "+memory", "+memory"]);
  enableControllers(`${directory}/a/b/c`, ["memory", "pids"]);
  t.same([written(""), written("/a"), written("/a/b")], ["+memory +pids", "+memory +pids", "+memory +pids"]);
  t.throws(() => enableControllers(`${directory}/a/b/c`, ["io", "memory"]), {
    message: /controller io is not available \(this machine's cgroup2 has: cpu memory pids\)/,
  });
});

t.test("no cgroup at all", options, async (t) => {
  const self = { pid: process.pid, startTime: processStat(process.pid)!.startTime };
  const driver = new NoCgroupDriver({ version: 2, directories: {} }, self);
  driver.create();
  driver.apply({ memory: { limit: 5 }, devices: [{ allow: false }] });
  t.same(driver.warnings, ["cgroups are disabled; not applied: linux.resources.memory.limit"]);
  t.same(driver.processes(), [process.pid]);
  t.same(driver.placement(), { join: [] });
  t.doesNotThrow(() => driver.signalAll(0));
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  const ended = new Promise((done) => child.on("exit", (_, signal) => done(signal)));
  const reused = { pid: child.pid!, startTime: processStat(child.pid!)!.startTime - 1 };
  const stranger = new NoCgroupDriver({ version: 2, directories: {} }, reused);
  t.same(stranger.processes(), [], "the pid is another process's by now");
  stranger.signalAll(9);
  new NoCgroupDriver({ version: 2, directories: {} }, { ...reused, startTime: reused.startTime + 1 }).signalAll(15);
  t.equal(await ended, "SIGTERM", "that one was left alone");
  t.throws(() => driver.freeze(), { message: /freeze the container: the container has no cgroup of its own/ });
  t.throws(() => driver.update(), { message: /no cgroup of its own/ });
  driver.remove();
});
