import t from "tap";
import { foldMountOptions, mountOption, mountOptionNames } from "../../../src/plan/mount-options.js";

const fold = (...options: string[]) => foldMountOptions(options);
const REC = 0x4000;

t.test("every option of config.md is known", (t) => {
  const must =
    "async atime bind defaults dev diratime dirsync exec iversion lazytime loud noatime nodev nodiratime noexec " +
    "noiversion nolazytime norelatime nostrictatime nosuid private rbind relatime remount ro rprivate rshared rslave " +
    "runbindable rw shared silent slave strictatime suid sync unbindable";
  const should =
    "nosymfollow ratime rdev rdiratime rexec rnoatime rnodiratime rnoexec rnorelatime rnostrictatime rnosuid " +
    "rnosymfollow rrelatime rro rrw rstrictatime rsuid rsymfollow symfollow";
  const may = "mand nomand tmpcopyup idmap ridmap copy-symlink src-nofollow dest-nofollow";
  const listed = mountOptionNames();
  for (const name of `${must} ${should} ${may}`.split(" ")) {
    t.ok(mountOption(name), name);
    t.ok(listed.includes(name), `${name} is listed`);
  }
  t.same(
    listed.filter((name) => !mountOption(name)),
    [],
    "and nothing else is listed",
  );
  t.equal(new Set(listed).size, listed.length, "each once");
  t.end();
});

t.test("names that only look like options are the file system's", (t) => {
  for (const name of ["", "r", "rr", "rrw2", "constructor", "rtoString", "RO", "ro ", "mode=755", "rbind=1"]) {
    t.equal(mountOption(name), undefined, JSON.stringify(name));
  }
  t.equal(fold("mode=755", "ro", "size=1m", "").data, "mode=755,size=1m");
  t.end();
});

t.test("attributes: the last word counts", (t) => {
  const table: [string, number, number][] = [
    ["ro", 0x1, 0],
    ["rw", 0, 0x1],
    ["ro rw", 0, 0x1],
    ["rw ro", 0x1, 0],
    ["nosuid nodev noexec", 0xe, 0],
    ["nosuid suid nodev", 0x4, 0x2],
    ["nodiratime", 0x80, 0],
    ["diratime", 0, 0x80],
    ["nosymfollow", 0x200000, 0],
    ["symfollow", 0, 0x200000],
    ["defaults", 0, 0],
  ];
  for (const [options, set, clear] of table) {
    t.same(fold(...options.split(" ")).own, { set, clear }, options);
    const recursive = options
      .split(" ")
      .filter((name) => name !== "defaults")
      .map((name) => `r${name}`);
    t.same(fold(...recursive).tree, { set, clear }, recursive.join(" "));
  }
  t.same(
    fold("rro", "rw"),
    { ...fold(), own: { set: 0, clear: 1 }, tree: { set: 1, clear: 0 } },
    "own and tree are apart",
  );
  t.end();
});

t.test("access times: one of three values, the field cleared to set it", (t) => {
  const table: [string, number][] = [
    ["relatime", 0x00],
    ["noatime", 0x10],
    ["strictatime", 0x20],
    ["noatime strictatime", 0x20],
    ["strictatime noatime", 0x10],
    ["noatime atime", 0x00],
    ["atime", 0x00],
    ["norelatime", 0x00],
    ["strictatime norelatime", 0x20],
    ["strictatime nostrictatime", 0x00],
    ["noatime nostrictatime", 0x10],
  ];
  for (const [options, value] of table) {
    t.same(fold(...options.split(" ")).own, { set: value, clear: 0x70 }, options);
    t.same(
      fold(...options.split(" ").map((name) => `r${name}`)).tree,
      { set: value, clear: 0x70 },
      `recursive ${options}`,
    );
  }
  t.end();
});

t.test("superblock flags", (t) => {
  const table: [string, number][] = [
    ["sync", 1 << 4],
    ["sync async", 0],
    ["dirsync", 1 << 7],
    ["lazytime", 1 << 25],
    ["lazytime nolazytime", 0],
    ["iversion", 1 << 23],
    ["iversion noiversion", 0],
    ["mand", 1 << 6],
    ["mand nomand", 0],
    ["silent", 1 << 15],
    ["silent loud", 0],
  ];
  for (const [options, flags] of table) t.equal(fold(...options.split(" ")).superblock, flags, options);
  t.end();
});

t.test("propagation in its order", (t) => {
  t.same(fold("rslave", "shared").propagation, [(1 << 19) | REC, 1 << 20]);
  t.same(fold("private", "rprivate").propagation, [1 << 18, (1 << 18) | REC]);
  t.same(fold("unbindable", "runbindable").propagation, [1 << 17, (1 << 17) | REC]);
  t.same(fold("slave", "rshared").propagation, [1 << 19, (1 << 20) | REC]);
  t.end();
});

t.test("bind, rbind, remount, tmpcopyup", (t) => {
  t.same(fold("bind").bind, { recursive: false });
  t.same(fold("rbind").bind, { recursive: true });
  t.same(fold("rbind", "bind").bind, { recursive: true });
  t.equal(fold("ro").bind, undefined);
  t.equal(fold("remount").remount, true);
  t.equal(fold("tmpcopyup").tmpcopyup, true);
  t.end();
});

t.test("idmap and ridmap: the last word counts, and neither reaches the file system", (t) => {
  t.same(fold("bind", "idmap").idmap, { recursive: false });
  t.same(fold("ridmap", "bind").idmap, { recursive: true });
  t.same(fold("ridmap", "idmap").idmap, { recursive: false });
  t.equal(fold("ridmap", "idmap").data, "");
  t.equal(fold("bind").idmap, undefined);
  t.end();
});
