// The files that a container is kept in, good and bad.

import t from "tap";
import { salvageInit } from "../../../src/container/delete.js";
import {
  formatTime,
  hookState,
  parseState,
  publicState,
  STATE_FORMAT,
  type StateDocument,
} from "../../../src/container/state.js";

const STATE: StateDocument = {
  format: STATE_FORMAT,
  id: "web1",
  init: { pid: 42, startTime: 4711 },
  ociVersion: "1.3.0",
  bundle: "/srv/web",
  rootfs: "/srv/web/rootfs",
  created: "2026-08-01T10:20:30.000000001Z",
  engine: { pid: 40, startTime: 4710 },
  cgroup: { version: 1, directories: { memory: "/sys/fs/cgroup/memory/web1" } },
  startHooks: false,
  ownPidNamespace: true,
  late: [],
};
const PATH = "/run/runt/web1/state.json";
const read = (value: unknown) => parseState(typeof value === "string" ? value : JSON.stringify(value), PATH, "web1");

t.test("what was written is read", async (t) => {
  t.same(read(STATE), STATE);
});

t.test("a file cut in half names itself and the way out", async (t) => {
  const text = JSON.stringify(STATE);
  for (const length of [1, 10, text.length >> 1, text.length - 1]) {
    t.throws(() => read(text.slice(0, length)), {
      message: `read ${PATH}: the file is cut off or damaged (delete --force web1 removes what is left of the container)`,
    });
  }
  t.throws(() => read(""), { message: /: the file is empty \(delete --force web1/ });
});

t.test("properties that are missing or of another type", async (t) => {
  const wrong: Record<string, unknown[]> = {
    ociVersion: [undefined, 1],
    init: [
      undefined,
      {},
      { pid: 0, startTime: 1 },
      { pid: -1, startTime: 1 },
      { pid: 1.5, startTime: 1 },
      { pid: "1", startTime: 1 },
      { pid: 1 },
    ],
    engine: [undefined, null],
    cgroup: [
      undefined,
      {},
      { version: 3, directories: {} },
      { version: 1 },
      { version: 1, directories: { cpu: "relative" } },
      { version: 1, directories: { cpu: 1 } },
    ],
    startHooks: [undefined, "no"],
    rootMount: [
      "/rootfs",
      { point: "/rootfs", below: 20 },
      { point: "rootfs", below: 20, directory: "1:2", namespace: "mnt:[1]", boot: "b" },
      { point: "/rootfs", below: "20", directory: "1:2", namespace: "mnt:[1]", boot: "b" },
    ],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values)
      t.throws(
        () => read({ ...STATE, [name]: value }),
        { message: new RegExp(`: ${name} is missing or wrong`) },
        `${name}: ${JSON.stringify(value)}`,
      );
  }
  for (const value of ["[]", "null", "1", '"x"']) t.throws(() => read(value), { message: /the file holds no object/ });
  t.throws(() => read({ ...STATE, format: 99 }), {
    message: /written by another version of runt \(format 99, here 1\)/,
  });
});

t.test("a journal has no first process yet", async (t) => {
  const { init: _init, late: _late, ...journal } = STATE;
  t.same(parseState(JSON.stringify(journal), PATH, "web1", true), journal);
  t.throws(() => read(journal), { message: /: init is missing or wrong/ });
});

t.test("the first process is found in a file that is cut off behind it", async (t) => {
  const text = JSON.stringify(STATE);
  t.same(salvageInit(text.slice(0, text.length >> 1)), STATE.init);
  t.equal(salvageInit(text.slice(0, text.indexOf("4711") + 2)), null, "half a number is no number");
  t.equal(salvageInit(""), null);
});

t.test("the public state has runc's keys in runc's order", async (t) => {
  t.equal(
    JSON.stringify(publicState(STATE, "running", 42)),
    '{"ociVersion":"1.3.0","id":"web1","pid":42,"status":"running","bundle":"/srv/web","rootfs":"/srv/web/rootfs","created":"2026-08-01T10:20:30.000000001Z","owner":""}',
  );
  t.equal(publicState(STATE, "stopped", 42).pid, 0, "a stopped container has no pid");
  t.equal(publicState({ ...STATE, annotations: {} }, "running", 42).annotations, undefined);
  t.same(publicState({ ...STATE, annotations: { a: "b" } }, "running", 42).annotations, { a: "b" });
});

t.test("hooks get the state of the specification", async (t) => {
  t.same(JSON.parse(hookState({ ...STATE, annotations: { a: "b" } }, "creating", 7)), {
    ociVersion: "1.3.0",
    id: "web1",
    pid: 7,
    status: "creating",
    bundle: "/srv/web",
    annotations: { a: "b" },
  });
});

t.test("times are RFC 3339 with nanoseconds, UTC", async (t) => {
  t.equal(formatTime(0n), "1970-01-01T00:00:00.000000000Z");
  t.equal(formatTime(1_785_579_630_000_000_042n), "2026-08-01T10:20:30.000000042Z");
});
