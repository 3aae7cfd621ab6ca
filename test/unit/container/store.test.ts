// Directories of containers: who gets an id, what a reader sees, what a dead runt leaves.

import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { deleteContainer } from "../../../src/container/delete.js";
import { listContainers, readableIds } from "../../../src/container/list.js";
import { writePidFile } from "../../../src/container/pidfile.js";
import { containerState } from "../../../src/container/query.js";
import { type JournalDocument, STATE_FORMAT, type StateDocument } from "../../../src/container/state.js";
import {
  claim,
  commitState,
  isCgroupMarked,
  listIds,
  lockContainer,
  markCgroup,
  prepareState,
  readContainer,
  release,
  writeJournal,
} from "../../../src/container/store.js";
import { processStat } from "../../../src/host/proc.js";
import { native } from "../../../src/host/native.js";

const report = { warnings: [] as string[], warn: (text: string) => void report.warnings.push(text), debug: () => {} };

const own = { pid: process.pid, startTime: processStat(process.pid)!.startTime };
/** This very pid, but another process: it started at another time. */
const gone = { pid: process.pid, startTime: 1 };

const journal = (id: string, engine = own): JournalDocument => ({
  format: STATE_FORMAT,
  id,
  ociVersion: "1.3.0",
  bundle: "/b",
  rootfs: "/b/rootfs",
  created: "2026-08-01T10:20:30.000000000Z",
  engine,
  cgroup: { version: 1, directories: {} },
  startHooks: false,
  ownPidNamespace: true,
});

t.test("an id is taken once, and its directory is not for others", async (t) => {
  const root = join(t.testdir(), "deep", "root");
  const first = claim(root, "a", false);
  t.equal(statSync(root).mode & 0o7777, 0o700);
  t.equal(statSync(join(root, "a")).mode & 0o7777, 0o711);
  t.throws(() => claim(root, "a", false), { message: "container with given ID already exists" });
  t.throws(() => claim(root, "../a", false), { message: /^invalid container ID format \(letters, / });
  release(first);
  const left =
    "container with given ID already exists (a create that did not end left parts of it: delete a removes them)";
  t.throws(() => claim(root, "a", false), { message: left }, "until it is deleted");
});

t.test("below $XDG_RUNTIME_DIR the root is sticky", async (t) => {
  const root = join(t.testdir(), "runt");
  release(claim(root, "a", true));
  t.equal(statSync(root).mode & 0o7777, 0o1700);
});

t.test("the lock tells who works on a container", async (t) => {
  const root = t.testdir();
  t.equal(lockContainer(root, "a", false), null, "there is none");
  const held = claim(root, "a", false);
  t.equal(lockContainer(root, "a", false), "busy");
  release(held);
  const mine = lockContainer(root, "a", false);
  t.ok(mine !== null && mine !== "busy");
});

function keepState(directory: string, state: StateDocument): void {
  prepareState(directory, state);
  commitState(directory);
}

t.test("what a reader sees while a container comes to be", async (t) => {
  const root = t.testdir();
  t.throws(() => readContainer(root, "a"), { message: "container does not exist" });
  const { directory } = claim(root, "a", false);
  t.same(readContainer(root, "a"), { kind: "half-made", journal: null });
  t.throws(() => containerState(root, "a"), { message: /^container does not exist \(.*delete a removes them\)$/ });
  writeJournal(directory, journal("a"));
  t.match(readContainer(root, "a"), { kind: "half-made", journal: { id: "a" } });
  t.match(containerState(root, "a"), { status: "creating", pid: 0 });
  prepareState(directory, { ...journal("a"), init: own, late: [] });
  t.match(containerState(root, "a"), { status: "creating", pid: 0 }, "nobody looks there");
  commitState(directory);
  t.match(containerState(root, "a"), { status: "running", pid: process.pid });
  keepState(directory, { ...journal("a"), init: gone, late: [] });
  t.match(containerState(root, "a"), { status: "stopped", pid: 0 }, "another process with that pid is not it");
});

t.test("a list goes on after what it can't read", async (t) => {
  const root = t.testdir({ file: "" });
  keepState(claim(root, "good", false).directory, { ...journal("good"), init: gone, late: [] });
  writeFileSync(join(claim(root, "bad", false).directory, "state.json"), "{");
  mkdirSync(join(root, "seccomp~cache"));
  t.same(listIds(root), ["bad", "good"], "directories only, without runt's own");
  t.equal(listIds(join(root, "nowhere")), null);
  report.warnings = [];
  t.same(
    listContainers(root, listIds(root)!, report).map(({ id }) => id),
    ["good"],
  );
  t.same(readableIds(root, listIds(root)!, report), ["good"]);
  t.match(report.warnings, [/^load container bad: .*cut off or damaged/, /^load container bad: /]);
});

t.test("what a killed runt left is deleted without force", async (t) => {
  const root = t.testdir();
  release(claim(root, "bare", false));
  const made = claim(root, "journalled", false);
  writeJournal(made.directory, journal("journalled", gone));
  release(made);
  for (const id of ["bare", "journalled"]) await deleteContainer({ root, id, force: false, report });
  t.same(readdirSync(root), []);
});

t.test("damaged files: an error without force, gone with it", async (t) => {
  const root = t.testdir();
  const made = claim(root, "a", false);
  writeJournal(made.directory, journal("a", gone));
  writeFileSync(join(made.directory, "state.json"), '{"format":1,"id":"a","init":{"pid":1');
  release(made);
  await t.rejects(deleteContainer({ root, id: "a", force: false, report }), { message: /delete --force a removes/ });
  t.ok(existsSync(made.directory));
  await deleteContainer({ root, id: "a", force: true, report });
  t.notOk(existsSync(made.directory));
});

t.test("deleting what is not there", async (t) => {
  const root = t.testdir();
  await t.rejects(deleteContainer({ root, id: "a", force: false, report }), { message: "container does not exist" });
  await deleteContainer({ root, id: "a", force: true, report });
});

t.test("a container that another runt is making is not deleted without force", async (t) => {
  const root = t.testdir();
  const made = claim(root, "a", false);
  writeJournal(made.directory, journal("a"));
  await t.rejects(deleteContainer({ root, id: "a", force: false, report }), {
    message: "cannot delete container a that is not stopped: creating",
  });
});

t.test("a running one is not deleted without force", async (t) => {
  const root = t.testdir();
  const made = claim(root, "a", false);
  keepState(made.directory, { ...journal("a"), init: own, late: [] });
  release(made);
  await t.rejects(deleteContainer({ root, id: "a", force: false, report }), {
    message: "cannot delete container a that is not stopped: running",
  });
  t.ok(existsSync(made.directory));
});

t.test("a pid file is the bare number, and never half of it", async (t) => {
  const folder = t.testdir({ pid: "old", ".pid": "somebody's" });
  writePidFile(join(folder, "pid"), 4711);
  t.equal(native().readFile(join(folder, "pid")), "4711");
  t.same(readdirSync(folder).sort(), [".pid", "pid"]);
  t.equal(native().readFile(join(folder, ".pid")), "somebody's");
  t.throws(() => writePidFile(join(folder, "none", "pid"), 1), {
    message: /^--pid-file: write .*none\/pid: no such file or directory/,
  });
});

t.test("the cgroups of a half-made container are its own only once that is noted", async (t) => {
  const made = claim(t.testdir(), "a", false);
  t.equal(isCgroupMarked(made.directory), false);
  markCgroup(made.directory);
  t.equal(isCgroupMarked(made.directory), true);
});
