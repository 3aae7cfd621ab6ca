// What a rootless container goes on without, and how its processes are found without a cgroup.

import t from "tap";
import type { CgroupWrite } from "../../../src/cgroup/driver.js";
import { processesOf, type ProcessTable } from "../../../src/cgroup/process-tree.js";
import { LostLimits, noCgroupWarnings, requestedLimits } from "../../../src/cgroup/rootless.js";
import { RuntError } from "../../../src/errors.js";

const [EPERM, ENOENT, EACCES, EINVAL, EROFS] = [1, 2, 13, 22, 30];
const write = (property: string): CgroupWrite => ({
  controller: "",
  file: "x",
  value: "1",
  pointer: `/linux/resources/${property}`,
});
const error = (errno: number | undefined, hint?: string) =>
  new RuntError({ attempt: "write 1 to", path: "/sys/fs/cgroup/x", cause: "permission denied", hint, errno });

t.test("properties that are limits", async (t) => {
  t.same(requestedLimits(undefined), []);
  t.same(requestedLimits({ devices: [{ allow: false }] }), []);
  t.same(
    requestedLimits({ memory: { limit: 1 }, hugepageLimits: [], unified: { "io.max": "1" }, pids: { limit: 3 } }),
    ["linux.resources.memory.limit", 'linux.resources.unified["io.max"]', "linux.resources.pids.limit"],
  );
});

t.test("no cgroup at all: named when a limit is lost by it", async (t) => {
  const refused = error(EACCES, "a hint of its own");
  t.same(noCgroupWarnings(refused, undefined, 2), [], "nothing was asked for");
  t.same(noCgroupWarnings(refused, { devices: [{ allow: false }] }, 2), []);
  const [text, ...more] = noCgroupWarnings(refused, { pids: { limit: 3 } }, 2);
  t.match(text, /without a cgroup of its own; not applied: linux\.resources\.pids\.limit; write 1 to .*permission/);
  t.match(text, /\(run in a delegated scope: systemd-run --user --scope -p Delegate=yes.*Delegate=cpu cpuset io/);
  t.notMatch(text, /a hint of its own/);
  t.same(more, []);
  t.match(noCgroupWarnings(refused, { pids: { limit: 3 } }, 1)[0], /cgroup v1 has no safe delegation/);
});

t.test("limits without right or controller become one warning, bad values stay errors", async (t) => {
  const lost = new LostLimits(2);
  t.same(lost.warnings(), []);
  for (const errno of [EPERM, EACCES, EROFS, ENOENT, undefined]) lost.take(error(errno), write(`pids/limit${errno}`));
  lost.take(error(EPERM), write("pids/limit1"));
  const [text, ...more] = lost.warnings();
  t.same(more, []);
  t.equal(text!.match(/pids\.limit\w+/g)!.length, 5, "each once");
  t.same(lost.warnings(), [], "said once");
  t.throws(() => lost.take(error(EINVAL), write("pids/limit")), { message: /permission/ });
});

/** pid → [parent, pid namespace]; namespace 0: may not be looked at. */
function table(processes: Record<number, [number, number]>): ProcessTable {
  return {
    pids: () => Object.keys(processes).map(Number),
    parent: (pid) => processes[pid]?.[0],
    pidNamespace: (pid) => processes[pid]?.[1] || undefined,
  };
}

t.test("processes of a container without a cgroup", async (t) => {
  const processes: Record<number, [number, number]> = {
    1: [0, 100],
    20: [1, 100],
    50: [20, 200], // the first process
    51: [50, 200],
    52: [51, 300], // a pid namespace inside
    60: [20, 200], // of exec
    61: [60, 300],
    70: [20, 400], // another container
    71: [1, 0],
  };
  t.same(processesOf(50, table(processes), 100), [50, 51, 52, 60, 61]);
  const shared = { 1: [0, 100], 50: [1, 100], 51: [50, 100], 60: [1, 100] } as Record<number, [number, number]>;
  t.same(processesOf(50, table(shared), 100), [50, 51], "in the host's pid namespace: descendants alone");
  t.same(processesOf(99, table(processes), 100), [], "gone");
  t.same(processesOf(5, table({ 5: [6, 2], 6: [5, 2], 7: [8, 1], 8: [7, 1] }), 1), [5, 6], "a circle ends");
});
