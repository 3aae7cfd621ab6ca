// Whole files: reading, writing, replacing.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { lstatSync, readFileSync, readdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { O_NONBLOCK, O_RDONLY, O_RDWR } from "../../../src/host/constants.js";
import { native } from "../../../src/host/native.js";
import { failsWith } from "../../helpers/native-error.js";

t.test("reading", async (t) => {
  const dir = t.testdir({ text: "héllo\nworld\n", empty: "", dir: {} });
  t.equal(native().readFile(join(dir, "text")), "héllo\nworld\n");
  t.equal(native().readFile(join(dir, "empty")), "");
  t.same(native().readBytesIfAny(join(dir, "text"))?.subarray(0, 3), new Uint8Array([0x68, 0xc3, 0xa9]));
  t.match(native().readFile("/proc/self/status"), /^Name:/, "files without a size");
  t.throws(() => native().readFile(join(dir, "none")), failsWith("ENOENT", "open"));
  t.throws(() => native().readFile(join(dir, "dir")), failsWith("EISDIR", "read"));
});

t.test("a file larger than one read", async (t) => {
  const path = join(t.testdir(), "large");
  const text = "0123456789abcdef".repeat(10_000);
  writeFileSync(path, text);
  t.equal(native().readFile(path), text);
});

t.test("what is missing is null where that is asked for", async (t) => {
  const dir = t.testdir({ file: "" });
  for (const path of [join(dir, "none"), join(dir, "file", "below"), "/proc/4194305/stat"]) {
    t.equal(native().readFileIfAny(path), null, path);
    t.equal(native().readBytesIfAny(path), null, path);
  }
  t.throws(() => native().readFileIfAny(dir), failsWith("EISDIR"));
});

t.test("a hostile file takes neither all memory nor for ever", async (t) => {
  const dir = t.testdir({ sparse: "" });
  truncateSync(join(dir, "sparse"), 2 ** 40);
  t.throws(() => native().readFile(join(dir, "sparse")), failsWith("EFBIG"));
  execFileSync("mkfifo", [join(dir, "fifo")]);
  t.equal(native().readFile(join(dir, "fifo")), "");
});

t.test("a pipe is read to its end, however slow its writer is", async (t) => {
  const slow = '(echo one; sleep 0.1; echo two) | exec "$0" --input-type=module -e "$1"';
  const script = `
    import { native } from ${JSON.stringify(new URL("../../../src/host/native.js", import.meta.url).href)};
    console.log(JSON.stringify(native().readFile("/dev/stdin")));`;
  const printed = execFileSync("sh", ["-c", slow, process.execPath, script], { encoding: "utf8" });
  t.equal(JSON.parse(printed), "one\ntwo\n");
});

t.test("bytes that are no UTF-8 are replaced", async (t) => {
  const dir = t.testdir({ bytes: Buffer.from([0x61, 0xff, 0x62]) });
  t.equal(native().readFile(join(dir, "bytes")), "a\ufffdb");
});

t.test("writing an existing file", async (t) => {
  const path = join(t.testdir({ file: "something longer" }), "file");
  native().writeFile(path, "short");
  t.equal(readFileSync(path, "utf8"), "short");
  t.throws(() => native().writeFile(`${path}.none`, "x"), failsWith("ENOENT", "open"));
  t.throws(() => native().writeFile("/proc/self/oom_score_adj", "text"), failsWith("EINVAL", "write"));
});

t.test("making a file", async (t) => {
  const dir = t.testdir({ there: "old" });
  native().createFile(join(dir, "bytes"), new Uint8Array([1, 2, 3]), 0o600);
  t.same([...readFileSync(join(dir, "bytes"))], [1, 2, 3]);
  t.equal(lstatSync(join(dir, "bytes")).mode & 0o7777, 0o600);
  t.throws(() => native().createFile(join(dir, "there"), "new", 0o600), failsWith("EEXIST"));
  symlinkSync("elsewhere", join(dir, "link"));
  t.throws(() => native().createFile(join(dir, "link"), "new", 0o600), failsWith("EEXIST"));
  t.notOk(readdirSync(dir).includes("elsewhere"), "a symlink leads nowhere");
});

t.test("replacing a file", async (t) => {
  const dir = t.testdir({ state: "old" });
  const path = join(dir, "state");
  const before = lstatSync(path).ino;
  // What a process of the same pid left that was killed in the middle; as a symlink it must not be followed.
  symlinkSync("elsewhere", join(dir, `.state.${process.pid}`));
  native().replaceFile(path, "new", 0o640);
  t.equal(readFileSync(path, "utf8"), "new");
  t.not(lstatSync(path).ino, before, "readers of the old one keep it");
  t.same(readdirSync(dir), ["state"]);
  t.throws(() => native().replaceFile(join(dir, "none", "state"), "x", 0o600), failsWith("ENOENT"));
});

t.test("a replacement that fails leaves nothing", async (t) => {
  const dir = t.testdir({ taken: { file: "" } });
  t.throws(() => native().replaceFile(join(dir, "taken"), "x", 0o600), failsWith("EISDIR", "rename"));
  t.same(readdirSync(dir), ["taken"]);
});

t.test("memfd: at its start, and sealed when it has data", async (t) => {
  const fd = native().memfd("state", '{"a":1}');
  t.equal(native().readFd(fd), '{"a":1}');
  t.throws(() => native().writeFd(fd, "x"), failsWith("EPERM", "write"));
  native().close(fd);
  const output = native().memfd("output", "");
  native().writeFd(output, "from a child");
  t.equal(native().readFile(`/proc/self/fd/${output}`), "from a child");
  native().close(output);
});

t.test("descriptors", async (t) => {
  const dir = t.testdir({ file: "text", below: { file: "deeper" } });
  const flags = (fd: number) => /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))![1]!;
  const isCloseOnExec = (fd: number) => (Number.parseInt(flags(fd), 8) & 0o2000000) !== 0;
  const directory = native().open(dir, O_RDONLY, 0);
  const file = native().open(join(dir, "below/file"), O_RDONLY, 0);
  const memory = native().memfd("x", "y");
  for (const fd of [directory, file, memory]) t.ok(isCloseOnExec(fd), "close-on-exec");
  t.equal(native().readFd(file), "deeper");
  t.equal(native().fstat(file).size, 6);
  for (const fd of [directory, file, memory]) native().close(fd);
  t.throws(() => native().fstat(file), failsWith("EBADF"));
  t.doesNotThrow(() => native().close(-1));
  t.throws(() => native().close(9999), failsWith("EBADF"));
});

t.test("a full pipe is waited for, and its O_NONBLOCK stays", async (t) => {
  const path = join(t.testdir(), "fifo");
  execFileSync("mkfifo", [path]);
  const fd = native().open(path, O_RDWR | O_NONBLOCK, 0);
  const text = "x".repeat(300_000);
  const reader = spawn("sh", ["-c", 'sleep 0.1; head -c 300000 "$0" | wc -c', path], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  native().writeFd(fd, text);
  const [counted] = await once(reader.stdout, "data");
  t.equal(String(counted).trim(), "300000");
  t.match(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"), /^flags:\s+\d*4\d{3}$/m);
  native().close(fd);
});
