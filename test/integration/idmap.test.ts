// Idmapped mounts: config.md, "Linux mount options" (idmap, ridmap), "POSIX-platform Mounts"
// (uidMappings, gidMappings). What the container sees, and whose the files are on the host.

import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import t from "tap";
import { type TestConfig, type TestMount, withUserNamespace } from "../helpers/config.js";
import { sandbox } from "../helpers/sandbox.js";

const [major, minor] = release().split(".").map(Number) as [number, number];
const tmpfsCan = major > 6 || (major === 6 && minor >= 3);
const NO_TMPFS = "tmpfs takes mappings since Linux 6.3";

const map = (containerID: number, hostID: number, size: number) => [{ containerID, hostID, size }];

/** A folder with a file of 1000:1001; and mount points, which root of a user namespace could not make. */
function data(bundle: string): string {
  const folder = join(bundle, "data");
  mkdirSync(folder);
  points(bundle, "data", "plain");
  chmodSync(folder, 0o777);
  writeFileSync(join(folder, "file"), "");
  chownSync(join(folder, "file"), 1000, 1001);
  return folder;
}

function points(bundle: string, ...names: string[]): void {
  for (const name of names) mkdirSync(join(bundle, "rootfs", name));
}

const owners = "stat -c '%n %u:%g'";

t.test("a bind mount with mappings of its own shows the owners that they say", async (t) => {
  const text = sandbox(t).shell(`${owners} /plain/file /own/file /own /two/file`, (config, bundle) => {
    const source = data(bundle);
    const own = { uidMappings: map(1000, 2000, 2), gidMappings: map(1000, 3000, 2) };
    config.mounts.push(
      { destination: "/plain", source, options: ["bind"] },
      { destination: "/own", source, options: ["bind", "idmap"], ...own },
      // Not the option, the mappings are what counts.
      {
        destination: "/two",
        source,
        options: ["bind"],
        uidMappings: map(0, 500, 2000),
        gidMappings: map(0, 600, 2000),
      },
    );
  });
  t.same(text.split("\n"), [
    "/plain/file 1000:1001",
    "/own/file 2000:3001",
    "/own 65534:65534", // root's: not mapped
    "/two/file 1500:1601",
  ]);
});

t.test("crun's option with mappings, absolute and of the container's ids", async (t) => {
  const box = sandbox(t);
  const text = box.shell(`${owners} /own/file /relative/file`, (config, bundle) => {
    const source = data(bundle);
    points(bundle, "own", "relative");
    withUserNamespace(config, 100000);
    config.mounts.push(
      {
        destination: "/own",
        source,
        options: ["bind", "idmap=uids=1000-100000-1#5000-100500-1;gids=1001-100007-1"],
      },
      { destination: "/relative", source, options: ["bind", "ridmap=uids=@1000-3-1;gids=@1001-4-1"] },
    );
  });
  t.same(text.split("\n"), ["/own/file 0:7", "/relative/file 3:4"]);
  const refused = box.runContainer((config, bundle) => {
    config.mounts.push({
      destination: "/own",
      source: data(bundle),
      options: ["bind", "idmap=uids=@0-0-1;gids=0-0-1"],
    });
  });
  t.equal(refused.status, 1);
  t.match(refused.stderr, /mounts\[\d+\]\.options\[1\].*expected .*idmap=uids=ID-HOSTID-SIZE/);
});

t.test(
  "without mappings of its own: the user namespace's, and what is written belongs to the host's ids",
  async (t) => {
    const box = sandbox(t);
    let folder = "";
    const text = box.shell(
      `${owners} /plain/file /data/file && echo > /data/new && chown 7:8 /data/new`,
      (config, bundle) => {
        withUserNamespace(config);
        folder = data(bundle);
        config.process.capabilities = undefined as never;
        delete config.process.capabilities;
        config.process.capabilities = { bounding: ["CAP_CHOWN"], effective: ["CAP_CHOWN"], permitted: ["CAP_CHOWN"] };
        config.mounts.push(
          { destination: "/plain", source: folder, options: ["bind"] },
          { destination: "/data", source: folder, options: ["bind", "idmap"] },
        );
      },
    );
    t.same(text.split("\n"), ["/plain/file 65534:65534", "/data/file 1000:1001"]);
    const { uid, gid } = statSync(join(folder, "new"));
    t.same([uid, gid], [7, 8], "ids of the container are written as they are");
  },
);

t.test("a user namespace that is joined lends its mapping", async (t) => {
  const box = sandbox(t);
  const keeper = box.bundle((config) => {
    withUserNamespace(config, 300000);
    config.process.args = ["/bin/probe", "pause"];
  });
  const { id } = box.create(keeper);
  const { pid } = box.state(id)!;
  const text = box.shell(`${owners} /data/file`, (config, bundle) => {
    config.linux.namespaces.push({ type: "user", path: `/proc/${pid}/ns/user` });
    config.mounts.push({ destination: "/data", source: data(bundle), options: ["bind", "idmap"] });
  });
  t.equal(text, "/data/file 1000:1001");
});

t.test("idmap maps the mount, ridmap the mounts below it too", { skip: tmpfsCan ? false : NO_TMPFS }, async (t) => {
  const box = sandbox(t);
  const shared = join(box.dir, "shared");
  mkdirSync(join(shared, "below"), { recursive: true });
  const mappings = { uidMappings: map(0, 70, 10), gidMappings: map(0, 80, 10) };
  const result = box.runContainer(
    (config) => {
      config.process.args = ["/bin/sh", "-c", `${owners} /one /one/below /all /all/below`];
      config.mounts.push(
        { destination: "/one", source: shared, options: ["rbind", "idmap"], ...mappings },
        { destination: "/all", source: shared, options: ["rbind", "ridmap"], ...mappings },
      );
    },
    { via: ["unshare", "-m", "sh", "-c", `mount -t tmpfs tmpfs ${shared}/below && exec "$@"`, "sh"] },
  );
  t.equal(result.status, 0, result.stderr);
  t.same(result.stdout.trim().split("\n"), ["/one 70:80", "/one/below 0:0", "/all 70:80", "/all/below 70:80"]);
});

t.test("a new tmpfs, in a user namespace and without", { skip: tmpfsCan ? false : NO_TMPFS }, async (t) => {
  const box = sandbox(t);
  const tmpfs: TestMount = { destination: "/data", type: "tmpfs", source: "tmpfs", options: ["idmap", "mode=755"] };
  const inside = box.shell(`${owners} /data && echo > /data/new && ${owners} /data/new`, (config, bundle) => {
    withUserNamespace(config);
    points(bundle, "data");
    config.mounts.push(tmpfs);
  });
  t.same(inside.split("\n"), ["/data 0:0", "/data/new 0:0"]);
  const outside = box.shell(`${owners} /data`, (config) => {
    config.mounts.push({ ...tmpfs, uidMappings: map(0, 1000, 1), gidMappings: map(0, 1001, 1) });
  });
  t.equal(outside, "/data 1000:1001");
});

t.test("a tmpfs that is filled from the image keeps its owners", { skip: tmpfsCan ? false : NO_TMPFS }, async (t) => {
  const text = sandbox(t).shell(`cat /etc/group | head -1; ${owners} /etc/group`, (config, bundle) => {
    withUserNamespace(config);
    chownSync(join(bundle, "rootfs/etc"), 100000, 100000);
    config.mounts.push({ destination: "/etc", type: "tmpfs", source: "tmpfs", options: ["idmap", "tmpcopyup"] });
  });
  t.match(text, /^root:x:0:\n\/etc\/group \d+:\d+$/);
});

const noLoop = spawnSync("losetup", ["--find"]).status === 0 ? false : "no loop devices here";

t.test("a new ext4", { skip: noLoop }, async (t) => {
  const box = sandbox(t);
  const image = join(box.dir, "image");
  const make = `truncate -s 4M ${image} && mkfs.ext4 -q -E root_owner=1000:1001 ${image} && losetup --find --show ${image}`;
  const device = execFileSync("sh", ["-c", make], { encoding: "utf8" }).trim();
  t.teardown(() => execFileSync("losetup", ["--detach", device]));
  const mount: TestMount = { destination: "/data", type: "ext4", source: device, options: ["idmap", "nosuid"] };
  const inside = box.shell(`${owners} /data; echo > /data/new; ${owners} /data/new`, (config, bundle) => {
    withUserNamespace(config);
    points(bundle, "data");
    config.mounts.push({ ...mount, uidMappings: map(1000, 100000, 1), gidMappings: map(1001, 100000, 1) });
  });
  t.same(inside.split("\n"), ["/data 0:0", "/data/new 0:0"], "a block device in a user namespace, with root's files");
});

const refused: [string, (config: TestConfig, bundle: string) => void, RegExp][] = [
  [
    "a file system that can't is named",
    (config) => {
      const mappings = { uidMappings: map(0, 1, 1), gidMappings: map(0, 1, 1) };
      config.mounts.push({ destination: "/p", type: "mqueue", source: "mqueue", options: ["idmap"], ...mappings });
    },
    /mounts\[7\] \(\/p → mqueue\): map the ids of a mount: mqueue can't.*invalid argument/,
  ],
  [
    "no mapping at all",
    (config, bundle) => {
      config.mounts.push({ destination: "/d", source: data(bundle), options: ["bind", "idmap"] });
    },
    /expected uidMappings and gidMappings, or a user namespace to take them from/,
  ],
  [
    "half a mapping",
    (config, bundle) => {
      const half = { uidMappings: map(0, 1, 1) };
      config.mounts.push({ destination: "/d", source: data(bundle), options: ["bind", "idmap"], ...half });
    },
    /mounts\[7\]\.gidMappings: uidMappings needs gidMappings beside it/,
  ],
];

for (const [what, edit, words] of refused) {
  t.test(`refused: ${what}`, async (t) => {
    const box = sandbox(t);
    const result = box.runContainer(edit);
    t.equal(result.status, 1);
    t.match(result.stderr, words);
    t.notOk(existsSync(join(box.root, box.ids[0]!)), "nothing is left");
  });
}
