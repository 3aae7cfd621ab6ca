// Hostile root filesystems (shared/security.md, T1 and T3): symlinks where the runtime works, program
// and working directory that point out. The outcome is a clean refusal or a correct container; the
// canary on the host is never touched.

import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import t, { type Test } from "tap";
import { type TestConfig, withUserNamespace } from "../helpers/config.js";
import { mountAt, parseReport } from "../helpers/report.js";
import { patience, repository, runtime, type Sandbox, sandbox } from "../helpers/sandbox.js";

/** A folder of the host that nothing may change, and what it looks like. */
function canary(box: Sandbox): { path: string; look: () => unknown } {
  const path = join(box.dir, "canary");
  mkdirSync(path, { mode: 0o755 });
  for (const name of ["ptmx", "null", "console", "fd", "file", "0"])
    writeFileSync(join(path, name), `${name} of the host`);
  const look = () =>
    [path, ...readdirSync(path).map((name) => join(path, name))].map((file) => {
      const { mode, uid, gid, ino, mtimeMs, nlink } = lstatSync(file);
      const status = lstatSync(file);
      const text = status.isFile()
        ? readFileSync(file, "utf8")
        : status.isDirectory()
          ? readdirSync(file).join()
          : "link";
      return [file, mode, uid, gid, ino, mtimeMs, nlink, text];
    });
  return { path, look };
}

type Plant = (target: string, place: string) => void;
const shapes: Record<string, Plant> = {
  "absolute symlink": (target, place) => symlinkSync(target, place),
  "relative symlink": (target, place) => symlinkSync(`${"../".repeat(30)}${target.slice(1)}`, place),
  "dangling symlink": (target, place) => symlinkSync(join(target, "not-there"), place),
  "symlink to /proc/self/cwd": (_, place) => symlinkSync("/proc/self/cwd", place),
  "symlink loop": (_, place) => symlinkSync(place.slice(place.lastIndexOf("/") + 1), place),
  file: (_, place) => writeFileSync(place, "a file of the image"),
};

/** Where the runtime works in a root filesystem, and which file of the canary stands for it. */
const places = [
  "/dev",
  "/dev/null",
  "/dev/console",
  "/dev/ptmx",
  "/dev/pts",
  "/dev/shm",
  "/dev/fd",
  "/proc",
  "/sys",
  "/sys/fs/cgroup",
  "/etc",
  "/data",
  "/work",
];

function attempt(t: Test, place: string, shape: string, edit: (config: TestConfig) => void, name: string): void {
  const box = sandbox(t);
  const { path, look } = canary(box);
  const bundle = box.bundle((config, bundle) => {
    const target = join(bundle, "rootfs", place);
    mkdirSync(dirname(target), { recursive: true });
    rmSync(target, { recursive: true, force: true });
    const file = place.split("/").pop()!;
    shapes[shape]!(existsSync(join(path, file)) ? join(path, file) : path, target);
    config.mounts.push({ destination: "/data", type: "tmpfs", source: "tmpfs" });
    config.process.cwd = "/work";
    edit(config);
  });
  const before = look();
  const hostNull = statSync("/dev/null").rdev;
  const mounts = box.hostMounts();
  const id = box.id();
  const result = box.run(["run", "--bundle", bundle, id], { timeout: 20_000 });
  const label = `${place} is a ${shape}, ${name}`;
  t.same(look(), before, `${label}: the canary is as it was`);
  t.equal(statSync("/dev/null").rdev, hostNull, label);
  t.same(box.hostMounts(), mounts, `${label}: no mount on the host`);
  t.equal(box.state(id), undefined, label);
  if (result.status === 0) {
    const report = parseReport(result.stdout);
    t.same(
      report.fds.map(({ fd }) => fd),
      [0, 1, 2],
      `${label}: no descriptor`,
    );
    if (holds(report.mounts, "/proc")) t.equal(mountAt(report, "/proc")?.type, "proc", `${label}: a true /proc`);
  } else {
    t.equal(result.status, 1, `${label}: ${result.stderr}`);
    t.not(result.stderr, "", label);
    t.notMatch(result.stderr, /\n\s+at |TypeError/, label);
  }
}

const holds = (mounts: string[], destination: string) => mounts.some((line) => line.includes(` ${destination} `));

const variants: Record<string, (config: TestConfig) => void> = {
  "default mounts": () => {},
  "no mount on /dev": (config) => {
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith("/dev"));
  },
  "read-only root, user namespace": (config) => {
    config.root.readonly = true;
    withUserNamespace(config);
  },
  "masked and read-only paths": (config) => {
    config.linux.maskedPaths = ["/dev/null", "/etc", "/data", "/proc/kcore"];
    config.linux.readonlyPaths = ["/dev", "/sys", "/work"];
  },
};

// All combinations are some 300 containers. A slow machine, or Node, tries each shape in each place once, under one of the
// variants.
for (const [variant, [name, edit]] of Object.entries(variants).entries()) {
  for (const [kind, shape] of Object.keys(shapes).entries()) {
    t.test(`${name}: ${shape}`, async (t) => {
      for (const [index, place] of places.entries()) {
        const turn = (index + kind) % Object.keys(variants).length === variant;
        if (turn || patience === 1) attempt(t, place, shape, edit, name);
      }
    });
  }
}

t.test("/proc and /sys that are symlinks are refused, in words", async (t) => {
  const box = sandbox(t);
  for (const place of ["/proc", "/sys"]) {
    const bundle = box.bundle((_, bundle) => {
      rmSync(join(bundle, "rootfs", place), { recursive: true });
      mkdirSync(join(bundle, "rootfs/other"));
      symlinkSync("/other", join(bundle, "rootfs", place));
    });
    const result = box.run(["run", "--bundle", bundle, box.id()]);
    t.equal(result.status, 1, "CVE-2019-19921, CVE-2023-27561");
    t.match(result.stderr, new RegExp(`${place}.*(symlink|symbolic link|not a directory)`, "i"));
  }
});

t.test("cwd = /proc/self/fd/N finds nothing, whatever the caller leaks (CVE-2024-21626)", async (t) => {
  const { closeSync, openSync } = await import("node:fs");
  const box = sandbox(t);
  const leaked = Array.from({ length: 8 }, () => openSync("/", "r"));
  for (let fd = 3; fd < 24; fd++) {
    const result = box.runContainer(
      (config) => {
        config.process.cwd = `/proc/self/fd/${fd}`;
        config.process.args = ["/bin/probe", "try", "getcwd"];
      },
      { fds: leaked },
    );
    t.equal(result.status, 1, `/proc/self/fd/${fd}: ${result.stdout}`);
    t.match(result.stderr, /cwd|\/proc\/self\/fd/);
  }
  for (const fd of leaked) closeSync(fd);
});

t.test("cwd through a symlink of the image to /proc/self/fd", async (t) => {
  const box = sandbox(t);
  for (let fd = 3; fd < 12; fd++) {
    const result = box.runContainer((config, bundle) => {
      symlinkSync(`/proc/self/fd/${fd}`, join(bundle, "rootfs/way"));
      config.process.cwd = "/way";
    });
    t.equal(result.status, 1, `${fd} ${result.stdout}`);
  }
});

t.test("the runtime's own files can't be written from the container (CVE-2019-5736)", async (t) => {
  const box = sandbox(t);
  const folder = join(dirname(dirname(runtime)), "lib/runt");
  const files = [runtime, ...(existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [])];
  const hashes = () =>
    files.map((file) => [file, createHash("sha256").update(readFileSync(file)).digest("hex"), statSync(file).mtimeMs]);
  const before = hashes();
  const self = box.runContainer((config) => {
    config.process.args = ["/proc/self/exe", "--version"];
  });
  t.not(self.status, 0, "/proc/self/exe as a program is no way into the runtime");
  t.same(hashes(), before);
  const script = box.runContainer((config, bundle) => {
    writeFileSync(join(bundle, "rootfs/bin/evil"), "#!/proc/self/exe\n", { mode: 0o755 });
    config.process.args = ["/bin/evil"];
  });
  t.not(script.status, null);
  t.same(hashes(), before);
  t.ok(before.length > 0, repository);
});

t.test("what waits in a created container is a sealed copy of runt-init", async (t) => {
  const box = sandbox(t);
  const { id } = box.create(box.bundle());
  const { pid } = box.state(id)!;
  const exe = readlinkSync(`/proc/${pid}/exe`);
  t.match(exe, /memfd:/, "not a file of the host");
  t.throws(() => writeFileSync(`/proc/${pid}/exe`, "x"), "sealed, and busy");
});

t.test("no descriptor of the host is open in the waiting process", async (t) => {
  const box = sandbox(t);
  const { id } = box.create(box.bundle());
  const { pid } = box.state(id)!;
  const open = readdirSync(`/proc/${pid}/fd`).map((fd) => `${fd} ${readlinkSync(`/proc/${pid}/fd/${fd}`)}`);
  for (const line of open) {
    // Its stdio, its sockets, handles on its own root and its own procfs. Paths of the host's tree are none of it.
    t.match(
      line,
      /^([012] .*|\d+ (socket:\[\d+\]|\/|\/proc.*|anon_inode:.*|pipe:.*|\/memfd:.*|pidfd.*|\/bin\/probe))$/,
      line,
    );
  }
  t.ok(open.length >= 3);
});

t.test("a process of the container can't trace what comes from outside before it is dropped", async (t) => {
  const box = sandbox(t);
  const { id } = box.create(box.bundle());
  const { pid } = box.state(id)!;
  const mode = statSync(`/proc/${pid}/environ`).uid;
  t.equal(mode, 0, "/proc/PID of the waiting process belongs to root: it is not dumpable");
});

t.test("masked paths: /dev/null of the image is a trap (CVE-2025-31133)", async (t) => {
  const box = sandbox(t);
  const secret = "/proc/sys/kernel/hostname";
  const result = box.runContainer((config, bundle) => {
    config.mounts = config.mounts.filter(({ destination }) => !destination.startsWith("/dev"));
    rmSync(join(bundle, "rootfs/dev/null"), { force: true });
    symlinkSync(secret, join(bundle, "rootfs/dev/null"));
    config.linux.maskedPaths = ["/proc/kcore", "/etc/passwd"];
    config.process.args = ["/bin/probe", "stat", "/etc/passwd", "/proc/kcore"];
  });
  if (result.status === 0) {
    for (const line of result.stdout.trim().split("\n")) t.match(JSON.parse(line), { type: "2", major: 1, minor: 3 });
  } else t.match(result.stderr, /\/dev\/null/);
});

t.test("a container that has a name like a folder of the state root", async (t) => {
  const box = sandbox(t);
  const outside = join(box.dir, "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "file"), "x");
  symlinkSync(outside, join(box.root, "link"));
  const result = box.run(["delete", "--force", "link"]);
  t.equal(readFileSync(join(outside, "file"), "utf8"), "x", `nothing is deleted through a symlink ${result.stderr}`);
  rmSync(join(box.root, "link"), { force: true });
});
