// Devices: the default ones, those of the config, links, and that the host's nodes are left alone.

import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { type TestConfig, withUserNamespace } from "../helpers/config.js";
import { mountAt } from "../helpers/report.js";
import { type Sandbox, sandbox } from "../helpers/sandbox.js";

interface Node {
  path: string;
  error?: string;
  type?: string;
  mode?: string;
  uid?: number;
  gid?: number;
  major?: number;
  minor?: number;
}

function stat(box: Sandbox, paths: string[], edit?: (config: TestConfig, bundle: string) => void): Node[] {
  const result = box.runContainer((config, bundle) => {
    edit?.(config, bundle);
    config.process.args = ["/bin/probe", "stat", ...paths];
  });
  if (result.status !== 0) throw new Error(result.stderr);
  return result.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Node);
}

// Type 2 is a character device, 6 a block device, 1 a FIFO (S_IFMT >> 12, in octal).
const defaults: Node[] = [
  { path: "/dev/null", type: "2", mode: "666", major: 1, minor: 3 },
  { path: "/dev/zero", type: "2", mode: "666", major: 1, minor: 5 },
  { path: "/dev/full", type: "2", mode: "666", major: 1, minor: 7 },
  { path: "/dev/random", type: "2", mode: "666", major: 1, minor: 8 },
  { path: "/dev/urandom", type: "2", mode: "666", major: 1, minor: 9 },
  { path: "/dev/tty", type: "2", mode: "666", major: 5, minor: 0 },
];
const paths = defaults.map(({ path }) => path);

t.test("the default devices", async (t) => {
  t.match(stat(sandbox(t), paths), defaults);
});

t.test("the default devices in a user namespace", async (t) => {
  const nodes = stat(sandbox(t), paths, (config) => withUserNamespace(config));
  t.match(
    nodes,
    defaults.map(({ mode: _, ...node }) => node),
  );
  const report = sandbox(t).probe((config) => withUserNamespace(config));
  for (const path of paths) {
    const options = mountAt(report, path)?.options ?? [];
    t.same(
      ["ro", "nosuid", "noexec"].filter((option) => !options.includes(option)),
      [],
      path,
    );
  }
});

t.test("a device that a user namespace can't make, and the host does not have", async (t) => {
  const { status, stderr } = sandbox(t).runContainer((config) => {
    withUserNamespace(config);
    config.linux.devices = [{ path: "/dev/runt-none", type: "c", major: 1, minor: 5 }];
  });
  t.equal(status, 1);
  t.match(stderr, /linux\.devices\[0\] \(\/dev\/runt-none\).*no such file or directory \(in a user namespace/);
});

t.test("the default devices where /dev is a folder of the image", async (t) => {
  const nodes = stat(sandbox(t), paths, (config) => {
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith("/dev"));
  });
  t.match(nodes, defaults);
});

t.test("they work", async (t) => {
  const text = sandbox(t).shell(
    "echo x > /dev/null && head -c 3 /dev/zero | od -An -tx1; head -c 4 /dev/urandom | wc -c; echo x > /dev/full || echo full; cat /dev/null | wc -c",
  );
  t.match(text, /^ *00 00 00\n *4\nfull\n *0$/);
});

t.test("the links in /dev", async (t) => {
  const text = sandbox(t).shell(
    "for n in fd stdin stdout stderr ptmx; do readlink /dev/$n; done; echo via >>/dev/stdout",
  );
  t.match(
    text,
    /^\/proc\/self\/fd\n\/proc\/self\/fd\/0\n\/proc\/self\/fd\/1\n\/proc\/self\/fd\/2\n(\/dev\/)?pts\/ptmx\nvia$/,
  );
});

t.test("devices of the config: character, block, FIFO; mode and owner", async (t) => {
  const nodes = stat(sandbox(t), ["/dev/fuse", "/dev/blk", "/dev/deep/pipe"], (config) => {
    config.linux.devices = [
      { path: "/dev/fuse", type: "c", major: 10, minor: 229, fileMode: 0o600, uid: 7, gid: 8 },
      { path: "/dev/blk", type: "b", major: 8, minor: 0, fileMode: 0o660, uid: 0, gid: 6 },
      { path: "/dev/deep/pipe", type: "p", fileMode: 0o622, uid: 0, gid: 0 },
    ];
    config.process.user.umask = 0o077;
  });
  t.match(nodes, [
    { type: "2", mode: "600", uid: 7, gid: 8, major: 10, minor: 229 },
    { type: "6", mode: "660", uid: 0, gid: 6, major: 8, minor: 0 },
    { type: "1", mode: "622" },
  ]);
});

t.test("a device of the config in the place of a default one", async (t) => {
  const nodes = stat(sandbox(t), ["/dev/null"], (config) => {
    config.linux.devices = [{ path: "/dev/null", type: "c", major: 1, minor: 3, fileMode: 0o622, uid: 0, gid: 0 }];
  });
  t.match(nodes, [{ type: "2", major: 1, minor: 3, mode: "622" }]);
});

t.test("what is not allowed can't be opened or made", async (t) => {
  const result = sandbox(t).runContainer((config) => {
    config.process.capabilities = Object.fromEntries(
      ["bounding", "effective", "permitted"].map((set) => [set, ["CAP_MKNOD"]]),
    );
    config.linux.devices = [
      { path: "/dev/mem", type: "c", major: 1, minor: 1, fileMode: 0o666 },
      { path: "/dev/loop-control", type: "c", major: 10, minor: 237, fileMode: 0o666 },
    ];
    config.linux.resources.devices = [
      { allow: false, access: "rwm" },
      { allow: true, type: "c", major: 10, minor: 237, access: "r" },
    ];
    config.process.args = [
      "/bin/probe",
      "tries",
      "open",
      "/dev/mem",
      "--",
      "open",
      "/dev/loop-control",
      "--",
      "write",
      "/dev/loop-control",
      "x",
      "--",
      "open",
      "/dev/null",
    ];
  });
  t.match(
    result.stdout,
    /^open: Operation not permitted\nopen: (ok|No such device or address|No such device|No such file.*)\nwrite: Operation not permitted\nopen: ok\n$/,
  );
});

t.test("one allow rule does not open the others", async (t) => {
  // GHSA-g54h-m393-cpwq: rules without a leading deny-all must not be a deny list.
  const result = sandbox(t).runContainer((config) => {
    config.linux.devices = [{ path: "/dev/mem", type: "c", major: 1, minor: 1, fileMode: 0o666 }];
    config.linux.resources.devices = [{ allow: true, type: "c", major: 10, minor: 229, access: "rwm" }];
    config.process.args = ["/bin/probe", "try", "open", "/dev/mem"];
  });
  t.equal(result.stdout, "open: Operation not permitted\n", result.stderr);
});

t.test("the host's device nodes keep owner and mode whoever runs in the container", async (t) => {
  const box = sandbox(t);
  const look = () =>
    ["/dev/null", "/dev/zero", "/dev/tty", "/dev/full"].map((path) => {
      const { uid, gid, mode, rdev, ino } = statSync(path);
      return [path, uid, gid, mode, rdev, ino];
    });
  const before = look();
  for (const namespace of [false, true]) {
    const result = box.runContainer((config) => {
      if (namespace) withUserNamespace(config);
      config.process.user = { uid: 1000, gid: 1000 };
      config.process.args = ["/bin/sh", "-c", "echo x > /dev/null; echo ok"];
    });
    t.equal(result.stdout, "ok\n", result.stderr);
    t.same(look(), before, `user namespace: ${namespace}`);
  }
});

t.test("stdio that is the host's /dev/null is not given away", async (t) => {
  // CVE-2026-88265: a chown of stdin would change the host's node.
  const box = sandbox(t);
  const before = statSync("/dev/null");
  box.runContainer((config) => {
    config.process.user = { uid: 1000, gid: 1000 };
  });
  t.match(statSync("/dev/null"), { uid: before.uid, gid: before.gid, mode: before.mode });
});

t.test("a device over something else in the image", async (t) => {
  const box = sandbox(t);
  const edit = (config: TestConfig, bundle: string) => {
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith("/dev"));
    mkdirSync(join(bundle, "rootfs/dev"), { recursive: true });
    writeFileSync(join(bundle, "rootfs/dev/null"), "not a device");
  };
  const bundle = box.bundle(edit);
  const result = box.run(["run", "--bundle", bundle, box.id()]);
  // Either a clear refusal, or a true device: never a container that writes into the image's file.
  if (result.status === 0) t.equal(statSync(join(bundle, "rootfs/dev/null")).isCharacterDevice(), true);
  else t.match(result.stderr, /\/dev\/null/);
  if (result.status !== 0) t.equal(readFileSync(join(bundle, "rootfs/dev/null"), "utf8"), "not a device");
});

t.test("/dev/console without a terminal is not made", async (t) => {
  const report = sandbox(t).probe();
  t.equal(mountAt(report, "/dev/console"), undefined);
  t.equal(report.tty, false);
});
