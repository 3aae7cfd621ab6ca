// Directories, names, and what a file is.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { PROC_SUPER_MAGIC, S_IFCHR, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from "../../../src/host/constants.js";
import { native } from "../../../src/host/native.js";
import { failsWith } from "../../helpers/native-error.js";

t.test("calls that say whether there was something to do", async (t) => {
  const dir = t.testdir({ file: "" });
  t.equal(native().mkdir(join(dir, "new"), 0o700), true);
  t.equal(native().mkdir(join(dir, "new"), 0o700), false);
  t.equal(native().rmdir(join(dir, "new")), true);
  t.equal(native().rmdir(join(dir, "new")), false);
  t.equal(native().unlink(join(dir, "file")), true);
  t.equal(native().unlink(join(dir, "file")), false);
  t.throws(() => native().mkdir(join(dir, "no", "way"), 0o700), failsWith("ENOENT", "mkdir"));
  t.throws(() => native().rmdir("/proc/self"), failsWith("ENOTDIR", "rmdir", "/proc/self"));
  t.throws(() => native().unlink(dir), failsWith("EISDIR", "unlink"));
});

t.test("rename, readdir, chmod, chown", async (t) => {
  const dir = t.testdir({ one: "", two: "" });
  native().rename(join(dir, "one"), join(dir, "three"));
  t.same(native().readdir(dir).sort(), ["three", "two"]);
  t.throws(() => native().readdir(join(dir, "none")), failsWith("ENOENT"));
  native().chmod(join(dir, "two"), 0o1640);
  t.equal(lstatSync(join(dir, "two")).mode & 0o7777, 0o1640);
  const { uid, gid } = lstatSync(join(dir, "two"));
  native().chown(join(dir, "two"), uid, gid);
  t.throws(() => native().chown(join(dir, "none"), uid, gid), failsWith("ENOENT"));
});

t.test("stat follows symlinks, lstat does not; missing is null", async (t) => {
  const dir = t.testdir({ file: "12345" });
  symlinkSync("file", join(dir, "link"));
  symlinkSync("nowhere", join(dir, "dangling"));
  const seen = statSync(join(dir, "file"));
  const { mode, size, ino, dev, uid, gid, mtime } = native().stat(join(dir, "link"))!;
  t.same({ size, ino, dev, uid, gid }, { size: 5, ino: seen.ino, dev: seen.dev, uid: seen.uid, gid: seen.gid });
  t.equal(mode & S_IFMT, S_IFREG);
  t.equal(mtime, Math.floor(seen.mtimeMs / 1000));
  t.equal(native().lstat(join(dir, "link"))!.mode & S_IFMT, S_IFLNK);
  t.equal(native().stat(dir)!.mode & S_IFMT, S_IFDIR);
  t.equal(native().stat(join(dir, "dangling")), null);
  t.equal(native().stat(join(dir, "file", "below")), null);
  t.equal(native().lstat(join(dir, "none")), null);
  const device = native().stat("/dev/null")!;
  t.equal(device.mode & S_IFMT, S_IFCHR);
  t.equal(device.rdev, statSync("/dev/null").rdev);
});

t.test("file systems", async (t) => {
  t.equal(native().filesystemType("/proc"), PROC_SUPER_MAGIC);
  t.equal(native().filesystemType("/nowhere"), null);
});

t.test("extended attributes", async (t) => {
  const dir = t.testdir({ file: "" });
  t.equal(native().getxattr(join(dir, "file"), "user.runt"), null);
  t.equal(native().getxattr(join(dir, "none"), "user.runt"), null);
  t.throws(() => native().getxattr(join(dir, "file"), "x".repeat(300)), failsWith("ERANGE", "lgetxattr"));
});

t.test("removeTree", async (t) => {
  const dir = t.testdir({ tree: { a: { b: { c: "x" } }, file: "", empty: {} }, outside: { kept: "x" } });
  symlinkSync(join(dir, "outside"), join(dir, "tree", "link"));
  symlinkSync(join(dir, "outside", "kept"), join(dir, "tree", "a", "link"));
  execFileSync("mkfifo", [join(dir, "tree", "fifo")]);
  t.equal(native().removeTree(join(dir, "tree")), true);
  t.notOk(existsSync(join(dir, "tree")));
  t.same(readdirSync(join(dir, "outside")), ["kept"], "symlinks go, not what they lead to");
  t.equal(native().removeTree(join(dir, "tree")), false);
  symlinkSync("outside", join(dir, "top"));
  t.throws(() => native().removeTree(join(dir, "top")), failsWith("ENOTDIR", "open"), "nor is the top one followed");
  t.same(readdirSync(join(dir, "outside")), ["kept"]);
});

t.test("removeTree: many entries, and directories that nobody may read", async (t) => {
  const tree = join(t.testdir({ tree: { locked: { file: "" } } }), "tree");
  for (let i = 0; i < 1000; i++) writeFileSync(join(tree, `file-${i}`), "");
  native().chmod(join(tree, "locked"), 0);
  t.equal(native().removeTree(tree), true);
  t.notOk(existsSync(tree));
});

t.test("removeTree: deeper than descriptors, stack and PATH_MAX would go", async (t) => {
  const tree = join(t.testdir({ tree: { ".runt-remove-0": "taken" } }), "tree");
  const before = readdirSync("/proc/self/fd").length;
  const make = "import os, sys\nos.chdir(sys.argv[1])\nfor _ in range(1500): os.mkdir('deep'); os.chdir('deep')";
  t.teardown(() => execFileSync("rm", ["-rf", tree]));
  execFileSync("python3", ["-c", make, tree]);
  t.equal(native().removeTree(tree), true);
  t.notOk(existsSync(tree));
  t.equal(readdirSync("/proc/self/fd").length, before, "no descriptor is left");
});

// Without openat2 (before Linux 5.6) mounts are told apart in another way.
const enosys = fileURLToPath(new URL("../../../../build/test/enosys", import.meta.url));
for (const via of [[], [enosys, "openat2"]]) {
  t.test(["removeTree never goes into a mount", ...via.slice(1)].join(", without "), async (t) => {
    const dir = t.testdir({ tree: { mounted: {}, file: "" }, outside: { kept: "x" } });
    // In a user and mount namespace of its own, so that it runs without root and the host sees nothing.
    const script = `
      import { native } from ${JSON.stringify(new URL("../../../src/host/native.js", import.meta.url).href)};
      try { native().removeTree(process.argv[1]); console.log("removed"); } catch (error) { console.log(error.code, error.path); }`;
    const shell = 'mount --bind "$0/outside" "$0/tree/mounted" && tree="$0/tree" && shift && exec "$@" "$tree"';
    const node = [...via, process.execPath, "--input-type=module", "-e", script];
    const namespaces = process.getuid!() === 0 ? "-m" : "-rm";
    const { stdout, status } = spawnSync("unshare", [namespaces, "sh", "-c", shell, dir, "--", ...node], {
      encoding: "utf8",
    });
    if (status !== 0 && namespaces === "-rm") return t.pass("no user namespaces here: not looked at");
    t.equal(stdout.trim(), `EXDEV ${join(dir, "tree", "mounted")}`);
    t.same(readdirSync(join(dir, "outside")), ["kept"]);
  });
}
