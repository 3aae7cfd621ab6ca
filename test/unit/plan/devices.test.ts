import t from "tap";
import type { LinuxDevice, Mount } from "../../../src/spec/types.gen.js";
import { indexOf, linesAt, ops, planOf, stepsOf } from "./fixtures.js";

const plan = (devices: LinuxDevice[], mounts: Mount[] = []) =>
  planOf((config) => {
    config.linux!.devices = devices;
    config.mounts = mounts;
  });
const BOUND: Mount[] = [{ destination: "/dev/", source: "/dev", options: ["rbind"] }];

t.test("default devices and links", (t) => {
  t.same(
    stepsOf(plan([]), "make_node").map(({ path, type, mode, major, minor, uid, gid }) => [
      path,
      type,
      mode,
      major,
      minor,
      uid,
      gid,
    ]),
    [
      ["/dev/null", 0o20000, 0o666, 1, 3, 0, 0],
      ["/dev/zero", 0o20000, 0o666, 1, 5, 0, 0],
      ["/dev/full", 0o20000, 0o666, 1, 7, 0, 0],
      ["/dev/random", 0o20000, 0o666, 1, 8, 0, 0],
      ["/dev/urandom", 0o20000, 0o666, 1, 9, 0, 0],
      ["/dev/tty", 0o20000, 0o666, 5, 0, 0, 0],
    ],
  );
  t.same(
    stepsOf(plan([]), "make_symlink").map(({ path, text }) => [path, text]),
    [
      ["/dev/fd", "/proc/self/fd"],
      ["/dev/stdin", "/proc/self/fd/0"],
      ["/dev/stdout", "/proc/self/fd/1"],
      ["/dev/stderr", "/proc/self/fd/2"],
      ["/dev/ptmx", "pts/ptmx"],
    ],
  );
  t.end();
});

t.test("the config's devices", (t) => {
  const all = plan([
    { type: "c", path: "/dev/fuse", major: 10, minor: 229, fileMode: 0o20600, uid: 1, gid: 2 },
    { type: "b", path: "/disk", major: 8, minor: 0 },
    { type: "u", path: "/dev/u", major: 4, minor: 1 },
    { type: "p", path: "/dev/pipe", fileMode: 0o644 },
  ]);
  const at = (index: number) => linesAt(all, `/linux/devices/${index}`)[0];
  t.equal(at(0), "make_node path=/dev/fuse type=0x2000 mode=0600 major=10 minor=229 uid=1 gid=2");
  t.equal(at(1), "make_node path=/disk type=0x6000 mode=0666 major=8 minor=0 uid=0 gid=0");
  t.equal(at(2), "make_node path=/dev/u type=0x2000 mode=0666 major=4 minor=1 uid=0 gid=0");
  t.equal(at(3), "make_node path=/dev/pipe type=0x1000 mode=0644 major=0 minor=0 uid=0 gid=0");
  t.end();
});

t.test("a device of the config takes the place of a default one", (t) => {
  const nodes = stepsOf(plan([{ type: "c", path: "/dev//null", major: 1, minor: 3, fileMode: 0o600 }]), "make_node");
  t.same(
    nodes.filter(({ path }) => path === "/dev/null").map(({ mode }) => mode),
    [0o600],
  );
  t.end();
});

t.test("what every container has can't be something else", (t) => {
  const message = (device: LinuxDevice) => {
    try {
      plan([device]);
    } catch (error) {
      return (error as Error).message;
    }
    return "planned";
  };
  const expected = /^linux\.devices\[0\] \(\/dev\/\w+\): every container has \/dev\//;
  t.match(message({ type: "c", path: "/dev/null", major: 1, minor: 5 }), expected);
  t.match(message({ type: "b", path: "/dev/zero", major: 1, minor: 5 }), expected);
  t.match(message({ type: "p", path: "/dev//tty" }), expected);
  t.match(message({ type: "c", path: "/dev/ptmx", major: 5, minor: 0 }), expected);
  t.match(message({ type: "p", path: "/dev/stdin" }), expected);
  t.equal(message({ type: "u", path: "/dev/full", major: 1, minor: 7, uid: 5 }), "planned");
  t.equal(message({ type: "c", path: "/other/null", major: 1, minor: 5 }), "planned");
  t.end();
});

t.test("/dev/ptmx is always the link to the container's devpts", (t) => {
  const all = plan([{ type: "c", path: "/dev/ptmx", major: 5, minor: 2 }]);
  t.notOk(stepsOf(all, "make_node").some(({ path }) => path === "/dev/ptmx"));
  t.ok(stepsOf(all, "make_symlink").some(({ path }) => path === "/dev/ptmx"));
  t.end();
});

t.test("nothing is made in the host's /dev", (t) => {
  const all = plan(
    [
      { type: "c", path: "/dev/fuse", major: 10, minor: 229 },
      { type: "c", path: "/other/null", major: 1, minor: 3 },
    ],
    BOUND,
  );
  t.same(
    stepsOf(all, "make_node").map(({ path }) => path),
    ["/other/null"],
  );
  t.notOk(ops(all).includes("make_symlink"));
  t.same(all.warnings, ["linux.devices[0] (/dev/fuse): not made: /dev is a bind mount of the host's directory"]);
  t.end();
});

t.test("after the mounts, before the root is left", (t) => {
  const all = plan([], [{ destination: "/dev", type: "tmpfs" }]);
  t.ok(indexOf(all, "make_node") > indexOf(all, "attach_tree"));
  t.ok(ops(all).lastIndexOf("make_symlink") < indexOf(all, "pivot_root"));
  t.end();
});
