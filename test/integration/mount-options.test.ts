// Every mount option that the spec's config.md ("Linux mount options") says a runtime MUST or SHOULD support.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { type TestConfig, withUserNamespace } from "../helpers/config.js";
import { mountAt, parseMount, type Report } from "../helpers/report.js";
import { sandbox } from "../helpers/sandbox.js";

interface Case {
  options: string[];
  /** Words that the mount's own options must have, or (with "!") must not have. */
  mount?: string[];
  /** The same for the file system's options. */
  superblock?: string[];
  propagation?: RegExp | null;
}

function check(t: Test, report: Report, destination: string, wanted: Case) {
  const mount = mountAt(report, destination);
  if (!mount) return t.fail(`no mount at ${destination}`);
  for (const [have, words] of [
    [mount.options, wanted.mount],
    [mount.superOptions, wanted.superblock],
  ] as const) {
    for (const word of words ?? []) {
      if (word.startsWith("!"))
        t.notOk(have.includes(word.slice(1)), `${wanted.options}: no ${word.slice(1)} in ${have}`);
      else t.ok(have.includes(word), `${wanted.options}: ${word} in ${have}`);
    }
  }
  if (wanted.propagation === null) t.same(mount.propagation, [], `${wanted.options}: private`);
  else if (wanted.propagation) t.match(mount.propagation.join(" "), wanted.propagation, `${wanted.options}`);
}

const tmpfs: Case[] = [
  { options: ["defaults"], mount: ["rw"] },
  { options: ["ro"], mount: ["ro"] },
  { options: ["rw"], mount: ["rw"] },
  { options: ["ro", "rw"], mount: ["rw"] },
  { options: ["nosuid"], mount: ["nosuid"] },
  { options: ["nosuid", "suid"], mount: ["!nosuid"] },
  { options: ["nodev"], mount: ["nodev"] },
  { options: ["nodev", "dev"], mount: ["!nodev"] },
  { options: ["noexec"], mount: ["noexec"] },
  { options: ["noexec", "exec"], mount: ["!noexec"] },
  { options: ["noatime"], mount: ["noatime"] },
  { options: ["noatime", "atime"], mount: ["!noatime"] },
  { options: ["nodiratime"], mount: ["nodiratime"] },
  { options: ["nodiratime", "diratime"], mount: ["!nodiratime"] },
  { options: ["relatime"], mount: ["relatime"] },
  { options: ["norelatime"], mount: ["rw"] },
  { options: ["strictatime"], mount: ["!relatime", "!noatime"] },
  { options: ["nostrictatime"], mount: ["rw"] },
  { options: ["sync"], superblock: ["sync"] },
  { options: ["sync", "async"], superblock: ["!sync"] },
  { options: ["dirsync"], superblock: ["dirsync"] },
  { options: ["lazytime"], superblock: ["lazytime"] },
  { options: ["lazytime", "nolazytime"], superblock: ["!lazytime"] },
  { options: ["iversion"], mount: ["rw"] },
  { options: ["noiversion"], mount: ["rw"] },
  { options: ["silent"], mount: ["rw"] },
  { options: ["loud"], mount: ["rw"] },
  { options: ["nomand"], mount: ["rw"] },
  { options: ["nosymfollow"], mount: ["nosymfollow"] },
  { options: ["nosymfollow", "symfollow"], mount: ["!nosymfollow"] },
  { options: ["size=1m", "mode=700", "nr_inodes=100"], superblock: ["size=1024k", "mode=700", "nr_inodes=100"] },
  { options: ["private"], propagation: null },
  { options: ["rprivate"], propagation: null },
  { options: ["shared"], propagation: /^shared:\d+$/ },
  { options: ["rshared"], propagation: /^shared:\d+$/ },
  { options: ["unbindable"], propagation: /^unbindable$/ },
  { options: ["runbindable"], propagation: /^unbindable$/ },
  { options: ["slave"], mount: ["rw"] },
  { options: ["rslave"], mount: ["rw"] },
];

t.test("options of a new file system (tmpfs)", async (t) => {
  const report = sandbox(t).probe((config) => {
    for (const [index, { options }] of tmpfs.entries()) {
      config.mounts.push({ destination: `/m/${index}`, type: "tmpfs", source: "tmpfs", options });
    }
  });
  for (const [index, wanted] of tmpfs.entries()) check(t, report, `/m/${index}`, wanted);
});

const binds: Case[] = [
  { options: ["bind"], mount: ["rw"] },
  { options: ["bind", "ro"], mount: ["ro"] },
  { options: ["rbind", "ro"], mount: ["ro"] },
  { options: ["bind", "nosuid", "nodev", "noexec"], mount: ["nosuid", "nodev", "noexec", "rw"] },
  { options: ["bind", "noatime"], mount: ["noatime"] },
  { options: ["bind", "nodiratime"], mount: ["nodiratime"] },
  { options: ["bind", "strictatime"], mount: ["!relatime", "!noatime"] },
  { options: ["bind", "nosymfollow"], mount: ["nosymfollow"] },
  { options: ["bind", "private"], propagation: null },
  // On a host that shares its mounts (systemd) the bind also stays a slave of the host's.
  { options: ["bind", "shared"], propagation: /^shared:\d+( master:\d+)?$/ },
  { options: ["bind", "unbindable"], propagation: /^unbindable$/ },
];

t.test("options of a bind mount", async (t) => {
  const report = sandbox(t).probe((config, bundle) => {
    mkdirSync(join(bundle, "data"));
    for (const [index, { options }] of binds.entries()) {
      config.mounts.push({ destination: `/m/${index}`, type: "bind", source: "data", options });
    }
  });
  for (const [index, wanted] of binds.entries()) check(t, report, `/m/${index}`, wanted);
});

t.test("a bind mount has its source's flags, or those of its options", async (t) => {
  const box = sandbox(t);
  const source = join(box.dir, "flagged");
  mkdirSync(source);
  const flags = "nosuid,nodev,noexec,ro";
  const via = ["unshare", "-m", "sh", "-ec", `mount -t tmpfs t ${source}; mount -o remount,bind,${flags} ${source}`];
  via[4] += '; exec "$@"';
  const look = (edit: (config: TestConfig) => void, ...options: string[]) => {
    const report = box.probe(
      (config) => {
        edit(config);
        config.mounts.push({ destination: "/home", type: "bind", source, options: ["bind", "rprivate", ...options] });
      },
      { via: [...via, "sh"] },
    );
    const all = [...flags.split(","), "rw"];
    return all.filter((option) => mountAt(report, "/home")?.options.includes(option)).join();
  };
  const plain = () => {};
  t.equal(look(plain), flags);
  t.equal(look(plain, "ro"), "ro");
  t.equal(look(plain, "rw"), "rw");
  t.equal(look(plain, "nodev", "nosuid"), "nosuid,nodev,rw");
  t.equal(look(plain, "rnosuid"), flags, "what is of a whole tree is in addition");
  t.equal(look(withUserNamespace, "nodev"), flags, "a user namespace has no say in the host's flags");
});

// Recursive attributes reach the mounts below a bind; the plain ones only the first.
const recursive: { options: string[]; top: string[]; below: string[] }[] = [
  { options: ["rbind", "ro"], top: ["ro"], below: ["rw"] },
  { options: ["rbind", "rro"], top: ["ro"], below: ["ro"] },
  { options: ["rbind", "rro", "rrw"], top: ["rw"], below: ["rw"] },
  { options: ["rbind", "rnosuid"], top: ["nosuid"], below: ["nosuid"] },
  { options: ["rbind", "rnosuid", "rsuid"], top: ["!nosuid"], below: ["!nosuid"] },
  { options: ["rbind", "rnodev"], top: ["nodev"], below: ["nodev"] },
  { options: ["rbind", "rnodev", "rdev"], top: ["!nodev"], below: ["!nodev"] },
  { options: ["rbind", "rnoexec"], top: ["noexec"], below: ["noexec"] },
  { options: ["rbind", "rnoexec", "rexec"], top: ["!noexec"], below: ["!noexec"] },
  { options: ["rbind", "rnoatime"], top: ["noatime"], below: ["noatime"] },
  { options: ["rbind", "rnodiratime"], top: ["nodiratime"], below: ["nodiratime"] },
  { options: ["rbind", "rnodiratime", "rdiratime"], top: ["!nodiratime"], below: ["!nodiratime"] },
  { options: ["rbind", "rrelatime"], top: ["relatime"], below: ["relatime"] },
  { options: ["rbind", "rstrictatime"], top: ["!relatime"], below: ["!relatime"] },
  { options: ["rbind", "rnosymfollow"], top: ["nosymfollow"], below: ["nosymfollow"] },
  { options: ["rbind", "rnosymfollow", "rsymfollow"], top: ["!nosymfollow"], below: ["!nosymfollow"] },
];

t.test("recursive attributes", async (t) => {
  const box = sandbox(t);
  const shared = join(box.dir, "shared");
  mkdirSync(join(shared, "below"), { recursive: true });
  const report = box.probe(
    (config) => {
      for (const [index, { options }] of recursive.entries()) {
        config.mounts.push({ destination: `/m/${index}`, type: "none", source: shared, options });
      }
    },
    { via: ["unshare", "-m", "sh", "-c", `mount -t tmpfs tmpfs ${shared}/below && exec "$@"`, "sh"] },
  );
  for (const [index, { options, top, below }] of recursive.entries()) {
    check(t, report, `/m/${index}`, { options, mount: top });
    check(t, report, `/m/${index}/below`, { options, mount: below });
  }
});

t.test("slave: what the host mounts later arrives, what the container mounts does not", async (t) => {
  const box = sandbox(t);
  const shared = join(box.dir, "shared");
  mkdirSync(shared);
  const report = box.probe(
    (config) => {
      config.mounts.push({ destination: "/data", type: "none", source: shared, options: ["rbind", "rslave"] });
      config.linux.rootfsPropagation = "slave";
    },
    {
      via: [
        "unshare",
        "-m",
        "--propagation",
        "private",
        "sh",
        "-c",
        `mount -t tmpfs --make-shared tmpfs ${shared} && exec "$@"`,
        "sh",
      ],
    },
  );
  t.match(mountAt(report, "/data")!.propagation.join(" "), /master:\d+/);
});

t.test("tmpcopyup fills a tmpfs with what the image has there", async (t) => {
  const box = sandbox(t);
  const text = box.shell("cat /etc/group; stat -f -c %T /etc; touch /etc/new && echo new", (config) => {
    config.mounts.push({ destination: "/etc", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"] });
  });
  t.match(text, /^root:x:0:\nuser:x:1000:\ntmpfs\nnew$/);
});

t.test("an unknown option goes to the file system, which refuses it", async (t) => {
  const result = sandbox(t).runContainer((config) => {
    config.mounts.push({ destination: "/m", type: "tmpfs", source: "tmpfs", options: ["no-such-option=1"] });
  });
  t.equal(result.status, 1);
  t.match(result.stderr, /mounts\[7\].*invalid argument/);
});

t.test("the mounts that are not asked about have no surprise", async (t) => {
  const report = sandbox(t).probe((config) => {
    config.mounts.push({ destination: "/m", type: "tmpfs", source: "tmpfs" });
  });
  t.equal(report.mounts.map(parseMount).filter(({ destination }) => destination === "/m").length, 1);
});
