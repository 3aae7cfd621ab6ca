// Checkpoints without criu: names of external mounts, the files beside the images, what is told of criu's failures.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { readCheckpoint, unmarkCheckpoint, writeCheckpoint } from "../../../src/container/checkpoint-files.js";
import { criuFailure } from "../../../src/container/criu-failure.js";
import { parsePageServer } from "../../../src/container/criu-settings.js";
import { findExternalMounts } from "../../../src/container/external-mounts.js";
import { RuntError } from "../../../src/errors.js";
import type { MountEntry } from "../../../src/host/mountinfo.js";
import type { Spec } from "../../../src/spec/types.gen.js";

const config = (mounts: Spec["mounts"], linux: Spec["linux"] = {}): Spec => ({
  ociVersion: "1.3.0",
  process: { args: ["x"], cwd: "/", user: { uid: 0, gid: 0 } },
  root: { path: "rootfs" },
  mounts: mounts ?? [],
  linux,
});

const mounted = (...points: string[]): MountEntry[] =>
  points.map((point, id) => {
    const [path, root = "/"] = point.split(" ");
    return { id, parent: 0, device: "0:1", root, point: path!, options: [], type: "t", superOptions: [] };
  });

const same = (path: string) => path;

t.test("external mounts have names of our own", async (t) => {
  const asked = config(
    [
      { destination: "/proc", type: "proc" },
      { destination: "/data//x/", source: "/srv", options: ["rbind"] },
      { destination: "/link", source: "/srv", options: ["bind"] },
      { destination: "/gone", source: "/srv", options: ["bind"] },
    ],
    { maskedPaths: ["/proc/kcore", "/proc/acpi"], devices: [{ path: "/dev/fuse", type: "c", major: 10, minor: 229 }] },
  );
  const inside = mounted("/", "/proc", "/data/x", "/real", "/proc/kcore /null", "/proc/acpi", "/dev/null", "/dev/fuse");
  const found = findExternalMounts(asked, inside, (path) => (path === "/link" ? "/real" : path));
  t.same(
    found.map(({ name, point, source }) => [name, point, source.kind]),
    [
      ["m0", "/data/x", "mount"],
      ["m1", "/real", "mount"],
      ["m2", "/proc/kcore", "null"],
      ["m3", "/dev/null", "device"],
      ["m4", "/dev/fuse", "device"],
    ],
  );
  t.same(found[0]!.source, { kind: "mount", destination: "/data//x/" });
});

t.test("what criu could take for another name is refused", async (t) => {
  const asked = config([{ destination: "/a]:/etc", source: "/srv", options: ["bind"] }]);
  t.throws(() => findExternalMounts(asked, mounted("/a]:/etc"), same), /can't name a mount point/);
  const turned = config([{ destination: "/a", source: "/srv", options: ["bind"] }]);
  t.throws(() => findExternalMounts(turned, mounted("/b]:/etc"), () => "/b]:/etc"), RuntError);
  const link = config([{ destination: "/a", source: "/srv", options: ["bind", "dest-nofollow"] }]);
  t.throws(() => findExternalMounts(link, mounted("/a"), same), /can't keep a mount with the option "dest-nofollow"/);
});

t.test("the files beside the images", async (t) => {
  const dir = t.testdir();
  t.throws(() => readCheckpoint(dir), /no whole checkpoint is there/);
  const links = ["/dev/null", "pipe:[12]", "file"];
  writeCheckpoint(
    dir,
    {
      criu: "3.17.1",
      mounts: [{ name: "m0", point: "/x", source: { kind: "mount", destination: "/x" } }],
      streams: ["file[1a:4]", "pipe:[12]", null],
      joined: ["network"],
      terminal: false,
    },
    links,
  );
  t.same(JSON.parse(readFileSync(join(dir, "descriptors.json"), "utf8")), links, "as runc and crun have it");
  t.match(readCheckpoint(dir), { mounts: { m0: { kind: "mount", destination: "/x" } }, joined: ["network"] });
  const whole = readFileSync(join(dir, "runt-checkpoint.json"), "utf8");
  for (const [from, to] of [
    ['"format":1', '"format":2'],
    ['"m0"', '"m0]:x"'],
    ['"m0"', '"/etc"'],
    ['"kind":"mount"', '"kind":"host"'],
    ['"pipe:[12]"', '"extRootNetNS"'],
    ['"file[1a:4]"', '"/etc/passwd"'],
    ['"joined"', '"parted"'],
    ["}", ""],
  ]) {
    writeFileSync(join(dir, "runt-checkpoint.json"), whole.replace(from!, to!));
    t.throws(() => readCheckpoint(dir), /damaged, or of another version/, `${from} → ${to}`);
  }
  unmarkCheckpoint(dir);
  t.match(readCheckpoint(dir), { mounts: null, streams: [null, "pipe:[12]", null] }, "a checkpoint of runc's");
});

t.test("what criu says of a failure", async (t) => {
  const dir = t.testdir();
  const log = join(dir, "dump.log");
  writeFileSync(
    log,
    "(00.1) Error (criu/sk-inet.c:191): inet: Connected TCP socket, consider using --tcp-established option.\n",
  );
  const { message } = criuFailure("checkpoint", { type: 1, success: false, errno: 3 }, log, "");
  t.match(message, /^checkpoint: criu failed with errno 3: inet: Connected TCP socket/);
  t.match(message, /\(--tcp-established keeps TCP connections; all of criu's log is in .*dump\.log\)$/);
  const silent = criuFailure("restore", null, join(dir, "none"), "Error (criu/x.c:1): early\n").message;
  t.match(silent, /^restore: criu ended without an answer: early \[criu\/x\.c:1\]/);
  t.match(
    criuFailure("restore", { type: 2, success: false, message: "word" }, "none", "").message,
    /criu failed: word/,
  );
});

t.test("--page-server", async (t) => {
  t.same(parsePageServer("10.0.0.1:27"), { address: "10.0.0.1", port: 27 });
  t.same(parsePageServer("[::1]:65535"), { address: "::1", port: 65535 });
  for (const text of ["", "x", ":1", "x:", "::1:5"]) {
    t.throws(
      () => parsePageServer(text),
      { message: "Use --page-server ADDRESS:PORT to specify page server" } as Error,
      text,
    );
  }
  for (const text of ["x:y", "x:65536", "x:-1"])
    t.throws(() => parsePageServer(text), { message: "Invalid port number" } as Error);
});
