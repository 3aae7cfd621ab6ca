// What a container that is being made takes: the journal knows of it first, and a failure gives it back.

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { NoCgroupDriver } from "../../../src/cgroup/none.js";
import { Acquisition } from "../../../src/container/acquisition.js";
import type { CreateRequest } from "../../../src/container/design.js";
import { Resctrl } from "../../../src/container/resctrl.js";
import { isCgroupMarked, readJournal } from "../../../src/container/store.js";
import { native } from "../../../src/host/native.js";
import { smallConfig } from "../plan/fixtures.js";

function folder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), "runt-acquisition-"));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

function acquisition(dir: string, resctrl?: Resctrl, warnings: string[] = []): Acquisition {
  const asked: Partial<CreateRequest> = {
    ...{ root: join(dir, "state"), rootOfUser: false, id: "box", bundle: dir, pidFile: join(dir, "pid") },
    report: { warn: (text) => void warnings.push(text), debug: () => {} },
  };
  const request = asked as CreateRequest;
  const cgroup = new NoCgroupDriver({ version: 2, directories: {} });
  return new Acquisition(request, smallConfig(), cgroup, { netDevices: undefined, resctrl, rootMount: undefined });
}

/** A resctrl without groups, where another runt is quicker to make the class, but not the group for monitoring. */
function overtaken(root: string): Resctrl {
  const group = join(root, "box");
  return new Resctrl({ enableMonitoring: true }, "box", root, {
    ...native(),
    lstat: (path) => native().lstat(path),
    readFileIfAny: (path) => native().readFileIfAny(path),
    mkdir(path, mode) {
      if (path === group) {
        mkdirSync(join(group, "mon_groups"), { recursive: true });
        writeFileSync(join(group, "tasks"), "");
      }
      return native().mkdir(path, mode);
    },
  });
}

t.test("a resctrl group that another runt has made meanwhile is neither claimed nor removed", async (t) => {
  const dir = folder(t);
  const [group, monitoring] = [join(dir, "box"), join(dir, "box/mon_groups/box")];
  const taken = acquisition(dir, overtaken(dir));
  t.same(taken.journal.resctrl?.made, [monitoring, group], "both are missing at first");
  const directory = taken.claim();
  const finish = () => {
    t.same(readJournal(directory, "box")?.resctrl?.made, [monitoring], "delete would find this after a SIGKILL");
    throw new Error("the work fails");
  };
  await t.rejects(taken.make(true, { finish, endProcesses: [] }), { message: "the work fails" });
  t.ok(existsSync(join(group, "tasks")), "the other's is there");
  t.notOk(existsSync(monitoring), "ours is gone");
});

t.test("a failure ends the processes first, each of its parts is tried, and nothing is left", async (t) => {
  const dir = folder(t);
  const warnings: string[] = [];
  const taken = acquisition(dir, undefined, warnings);
  const directory = taken.claim();
  const ended: string[] = [];
  const finish = async () => {
    t.ok(isCgroupMarked(directory));
    await taken.keepForExec({ steps: [], slots: 0, passed: 0, warnings: [] }, []);
    taken.prepare(process.pid, []);
    taken.commit();
    t.ok(existsSync(join(dir, "pid")));
    throw new Error("late");
  };
  const kill = () => {
    if (existsSync(directory)) throw new Error("it does not die");
  };
  await t.rejects(taken.make(true, { finish, endProcesses: [kill, () => void ended.push("closed")] }), {
    message: "late",
  });
  t.same(ended, ["closed"]);
  t.same(warnings, ["undoing the failed container: it does not die"]);
  t.notOk(existsSync(join(dir, "pid")));
  t.notOk(existsSync(directory));
});

t.test("an id is taken once", async (t) => {
  const dir = folder(t);
  const directory = acquisition(dir).claim();
  t.throws(() => acquisition(dir).claim(), { message: "container with given ID already exists" });
  t.ok(existsSync(directory), "the first one has it still");
});
