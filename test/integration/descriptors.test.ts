// Descriptors on their way from the caller to the program: stdio of every kind, socket activation,
// --preserve-fds, --pidfd-socket, --pid-file.

import { execFileSync, spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import t from "tap";
import { receivePidfd } from "../helpers/pidfd.js";
import { parseReport } from "../helpers/report.js";
import { runtime, sandbox, until } from "../helpers/sandbox.js";

/** Runs with descriptors 3, 4 … open on these files. */
function withFiles<T>(files: string[], use: (fds: number[]) => T): T {
  const fds = files.map((file) => openSync(file, "r"));
  try {
    return use(fds);
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

const activation = (line: string) => ({ via: ["sh", "-c", `${line} exec "$@"`, "sh"] });

t.test("socket activation: descriptors, count, pid and names; --preserve-fds counts after them", (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.env = ["LISTEN_FDS=9", "LISTEN_PID=9", "A=b"];
  });
  const files = ["/etc/hostname", "/etc/passwd", "/etc/group", "/etc/shells"];
  withFiles(files, (fds) => {
    const words = ["run", "--preserve-fds", "1", "--bundle", bundle, box.id()];
    const names = "LISTEN_FDS=2 LISTEN_PID=$$ LISTEN_FDNAMES=web:tls";
    const result = box.run(words, { fds, ...activation(names) });
    t.equal(result.status, 0, result.stderr);
    const report = parseReport(result.stdout);
    t.same(
      report.fds.slice(3).map(({ fd, target }) => [fd, target]),
      [
        [3, files[0]],
        [4, files[1]],
        [5, files[2]],
      ],
    );
    t.same(report.env.filter((entry) => entry.startsWith("LISTEN")).sort(), [
      "LISTEN_FDNAMES=web:tls",
      "LISTEN_FDS=2",
      "LISTEN_PID=1",
    ]);
  });
  t.end();
});

t.test("socket activation that is for another process is not passed on", (t) => {
  const box = sandbox(t);
  withFiles(["/etc/hostname"], (fds) => {
    const words = ["run", "--bundle", box.bundle(), box.id()];
    for (const line of ["LISTEN_FDS=1 LISTEN_PID=1", "LISTEN_FDS=1", "LISTEN_FDS=x LISTEN_PID=$$"]) {
      const report = parseReport(box.run(words, { fds, ...activation(line) }).stdout);
      t.equal(report.fds.length, 3, line);
      t.notOk(
        report.env.some((entry) => entry.startsWith("LISTEN")),
        line,
      );
    }
  });
  t.end();
});

t.test("descriptors that are not there: an error, and nothing left", (t) => {
  const box = sandbox(t);
  withFiles(["/etc/hostname"], (fds) => {
    const id = box.id();
    const words = ["run", "--preserve-fds", "3", "--bundle", box.bundle(), id];
    const result = box.run(words, { fds });
    t.equal(result.status, 1);
    t.match(result.stderr, /unable to stat preserved-fd 1 \(of 3\)/);
    const many = box.run(["run", "--bundle", box.bundle(), id], activation("LISTEN_FDS=40 LISTEN_PID=$$"));
    t.equal(many.status, 1);
    t.match(many.stderr, /unable to stat LISTEN_FDS descriptor \d+ \(of 40\)/);
    t.notOk(existsSync(join(box.root, id)));
  });
  t.end();
});

t.test("a created container holds its descriptors until start", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/sh", "-c", "cat <&3"];
  });
  const file = join(box.dir, "passed");
  writeFileSync(file, "held\n");
  const id = box.id();
  const created = withFiles([file], (fds) =>
    box.run(["create", "--preserve-fds", "1", "--bundle", bundle, id], { fds }),
  );
  t.equal(created.status, 0, created.stderr);
  t.equal(box.run(["start", id]).status, 0);
  await until("it has written", () => readFileSync(created.files.stdout, "utf8") === "held\n");
});

t.test("stdio of every kind is the caller's own", (t) => {
  const box = sandbox(t);
  const python = `
import json, os, socket, subprocess, sys
log, command = sys.argv[1], sys.argv[2:]
def kinds():
    left, right = socket.socketpair()
    yield "socket", left.fileno(), right
    end, other = os.pipe()
    yield "pipe", other, end
    yield "append", os.open(log, os.O_WRONLY | os.O_APPEND), None
    yield "null", os.open("/dev/null", os.O_RDWR), None
said = {}
for number, (kind, fd, other) in enumerate(kinds()):
    words = [word.replace("NUMBER", str(number)) for word in command]
    done = subprocess.run(words, stdin=fd if kind in ("socket", "null") else subprocess.DEVNULL, stdout=fd, stderr=subprocess.PIPE, text=True)
    got = other.recv(99).decode() if kind == "socket" else os.read(other, 99).decode() if kind == "pipe" else ""
    said[kind] = [done.returncode, os.readlink("/proc/self/fd/%d" % fd), done.stderr, got]
print(json.dumps(said))
`;
  const log = join(box.dir, "appended");
  writeFileSync(log, "before\n");
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/sh", "-c", "echo out; own=$(readlink /proc/$$/fd/1); echo $own >&2"];
  });
  const id = box.id();
  for (const number of [0, 1, 2, 3]) box.ids.push(`${id}-${number}`);
  const words = ["-c", python, log, runtime, "--root", box.root, "run", "--bundle", bundle, `${id}-NUMBER`];
  const { stdout, stderr } = spawnSync("python3", words, { encoding: "utf8", timeout: 30_000 });
  const said = JSON.parse(stdout || "{}") as Record<string, [number, string, string, string]>;
  t.same(Object.keys(said), ["socket", "pipe", "append", "null"], stderr);
  for (const [kind, [status, own, inside, got]] of Object.entries(said)) {
    t.equal(status, 0, `${kind}: ${inside}`);
    if (kind === "socket" || kind === "pipe") t.same([inside.trim(), got], [own, "out\n"], kind);
  }
  t.equal(readFileSync(log, "utf8"), "before\nout\n", "O_APPEND");
  t.end();
});

t.test("--pid-file is replaced whole, and what a symlink there leads to is left alone", (t) => {
  const box = sandbox(t);
  const victim = join(box.dir, "victim");
  writeFileSync(victim, "untouched");
  mkdirSync(join(box.dir, "run"));
  symlinkSync(victim, join(box.dir, "run/link"));
  box.create(box.bundle(), "--pid-file", "run/link");
  rmSync(join(box.dir, "run/link"));
  writeFileSync(join(box.dir, "run/pid"), "an old one, longer than any pid");
  const { id } = box.create(box.bundle(), "--pid-file", "run/pid");
  t.equal(readFileSync(join(box.dir, "run/pid"), "utf8"), String(box.state(id)!.pid));
  t.equal(readFileSync(victim, "utf8"), "untouched");
  t.same(readdirSync(join(box.dir, "run")), ["pid"]);
  t.end();
});

t.test("--pid-file that is a device, a pipe or a link to one: refused, and it is still there", (t) => {
  const box = sandbox(t);
  const paths = ["device", "pipe", "link"].map((name) => join(box.dir, name));
  const [device, pipe, link] = paths as [string, string, string];
  execFileSync("mknod", [device, "c", "1", "3"]);
  execFileSync("mkfifo", [pipe]);
  symlinkSync(device, link);
  for (const path of paths) {
    const { rdev, mode, ino } = lstatSync(path);
    const { status, stderr } = box.run(["create", "--bundle", box.bundle(), "--pid-file", path, box.id()]);
    t.equal(status, 1);
    t.match(stderr, `--pid-file: write ${path}: not a regular file`);
    t.match(lstatSync(path), { rdev, mode, ino });
  }
  t.same(readdirSync(box.root), [], "no container");
  t.end();
});

t.test("--pid-file that can't be written: no container", (t) => {
  const box = sandbox(t);
  const id = box.id();
  const result = box.run(["create", "--pid-file", "/proc/no/pid", "--bundle", box.bundle(), id]);
  t.equal(result.status, 1);
  t.match(result.stderr, /--pid-file: write \/proc\/no\/pid: no such file or directory/);
  t.equal(box.state(id), undefined);
  t.end();
});

t.test("--pidfd-socket is sent a pidfd of the first process, relative to the bundle, on a long path too", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle();
  const folder = "d".repeat(120);
  mkdirSync(join(bundle, folder));
  // The receiver binds through a symlink: the whole path is too long for an address.
  const path = join(bundle, folder, "s");
  symlinkSync(join(bundle, folder), join(box.dir, "short"));
  const received = await receivePidfd(t, join(box.dir, "short/s"));
  t.ok(path.length > 108);
  const { id } = box.create(bundle, "--pidfd-socket", `${folder}/s`);
  t.same(await received(), { count: 1, pid: box.state(id)!.pid });
});

t.test("a socket that nobody listens at: an error, and nothing left", (t) => {
  const box = sandbox(t);
  const id = box.id();
  const result = box.run(["create", "--pidfd-socket", "/no/such/socket", "--bundle", box.bundle(), id]);
  t.equal(result.status, 1);
  t.match(result.stderr, /--pidfd-socket: send the pidfd to \/no\/such\/socket: no such file or directory/);
  t.notOk(existsSync(join(box.root, id)));
  t.end();
});
