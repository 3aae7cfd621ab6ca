// exec into containers that fight back: a process in the container that tries to get at the one
// that joins (shared/security.md, T6), hostile working directories and files.

import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import t from "tap";
import { capabilityNames } from "../../src/plan/capabilities.js";
import { type TestConfig, withUserNamespace } from "../helpers/config.js";
import { execProbe, running } from "../helpers/exec.js";
import { repository, type Sandbox, sandbox, tools, until } from "../helpers/sandbox.js";

const withPtrace = (config: TestConfig) => {
  for (const set of ["bounding", "effective", "permitted"]) {
    config.process.capabilities![set] = [
      ...config.process.capabilities![set]!,
      "CAP_SYS_PTRACE",
      "CAP_DAC_READ_SEARCH",
    ];
  }
};

const capability = (name: string) => 1n << BigInt(capabilityNames().indexOf(name));

/** A container whose first process grabs at whatever appears, and what it has printed so far. */
function hostile(box: Sandbox, edit: (config: TestConfig) => void): { id: string; output: () => string } {
  const bundle = box.bundle((config, bundle) => {
    copyFileSync(join(tools, "grab"), join(bundle, "rootfs/bin/grab"));
    config.process.args = ["/bin/grab"];
    edit(config);
  });
  const { id, result } = box.create(bundle);
  if (box.run(["start", id]).status !== 0) throw new Error("the hostile container did not start");
  return { id, output: () => readFileSync(result.files.stdout, "utf8") };
}

const ours = ["bin/runt", "lib/runt/runt-init", "lib/runt/runt.node"].map((path) => join(repository, path));
const digest = () => ours.map((path) => createHash("sha256").update(readFileSync(path)).digest("hex"));

const attackers: Record<string, (config: TestConfig) => void> = {
  "root of the container": () => {},
  "root of a user namespace": (config) => withUserNamespace(config),
};

for (const [who, edit] of Object.entries(attackers)) {
  t.test(`${who} can't look into, write to or trace who joins`, async (t) => {
    const box = sandbox(t);
    const before = digest();
    const { id, output } = hostile(box, edit);
    await until("it grabs", () => output() === "ready\n");
    for (let i = 0; i < 12; i++) t.equal(box.run(["exec", id, "/bin/noop"]).status, 0);
    t.equal(box.run(["kill", id, "TERM"]).status, 0);
    await until("it tells", () => /looked/.test(output()));
    const [, looked, refused] = /looked (\d+) refused (\d+)/.exec(output())!;
    t.ok(Number(looked) > 0, "it has seen processes come");
    t.ok(Number(refused) > 0, "and was refused");
    t.notMatch(output(), /GOT/);
    t.same(digest(), before, "runt's own files are as they were");
  });
}

t.test("one with CAP_SYS_PTRACE finds nothing of the host, and a program that it can't write to", async (t) => {
  const box = sandbox(t);
  const before = digest();
  const { id, output } = hostile(box, withPtrace);
  await until("it grabs", () => output() === "ready\n");
  for (let i = 0; i < 12; i++) box.run(["exec", id, "/bin/noop"], { timeout: 10_000 });
  t.equal(box.run(["kill", id, "KILL"]).status, 0);
  const lines = output()
    .split("\n")
    .filter((line) => line.startsWith("GOT"));
  t.ok(
    lines.some((line) => line.startsWith("GOT exe /memfd:runt-init")),
    "it sees more: the test can see it, too",
  );
  t.notMatch(output(), /GOT writable/);
  t.notMatch(output(), /GOT directory/);
  const descriptors = lines.filter((line) => line.startsWith("GOT descriptor"));
  t.same(
    // Its own passwd is read for HOME.
    descriptors.filter((line) => !/ (socket|pipe|anon_inode):\S+$/.test(line) && !/ \/(etc\/passwd)?$/.test(line)),
    [],
    "the channel to the engine, and what belongs to the container",
  );
  const rights = lines.flatMap((line) => /^GOT rights (\w+)$/.exec(line)?.[1] ?? []).map((bits) => BigInt(`0x${bits}`));
  t.ok(rights.length > 0, "it sees the rights");
  const dangerous = ["CAP_SYS_ADMIN", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_MKNOD", "CAP_BPF"];
  for (const name of dangerous)
    t.notOk(
      rights.some((bits) => bits & capability(name)),
      `never ${name}`,
    );
  t.same(digest(), before, "runt's own files are as they were");
});

t.test("no way out through the working directory (CVE-2024-21626)", async (t) => {
  const box = sandbox(t);
  const id = running(box, (_, bundle) => {
    symlinkSync("/proc/self/fd/7", join(bundle, "rootfs/tmp/seven"));
    symlinkSync("/../../../../..", join(bundle, "rootfs/tmp/up"));
  });
  const { ino } = statSync("/");
  const paths = ["3", "4", "5", "6", "7", "8", "9", "20"].map((fd) => `/proc/self/fd/${fd}`);
  for (const path of [...paths, "/proc/thread-self/fd/7", "/proc/1/fd/7"]) {
    const result = box.run(["exec", "--cwd", path, id, "/bin/probe"], { fds: Array(20).fill("ignore") });
    t.equal(result.status, 255, path);
  }
  t.equal(box.run(["exec", "--cwd", "/tmp/seven", id, "/bin/probe"]).status, 255);
  const up = box.run(["exec", "--cwd", "/tmp/up", id, "/bin/sh", "-c", "pwd; stat -c %i ."]);
  t.equal(up.stdout.split("\n")[0], "/");
  t.not(up.stdout.split("\n")[1], String(ino));
});

t.test("the joining program itself is not to be had as a program (CVE-2019-5736)", async (t) => {
  const box = sandbox(t);
  const before = digest();
  const id = running(box, (_, bundle) => {
    writeFileSync(join(bundle, "rootfs/bin/script"), "#!/proc/self/exe\n", { mode: 0o755 });
    symlinkSync("/proc/self/exe", join(bundle, "rootfs/bin/self"));
  });
  for (const program of ["/proc/self/exe", "/bin/script", "/bin/self"]) {
    const { status } = box.run(["exec", id, program], { timeout: 10_000 });
    t.not(status, 0, `${program}: status ${status}`);
  }
  t.same(digest(), before);
});

t.test(
  "the container's files have no say: a passwd of the host, ld.so.preload, nsswitch, /proc and /dev (CVE-2019-14271)",
  async (t) => {
    const box = sandbox(t);
    const canary = join(box.dir, "canary");
    mkdirSync(canary);
    const id = running(box, (_, bundle) => {
      writeFileSync(join(bundle, "rootfs/etc/ld.so.preload"), "/evil.so\n");
      writeFileSync(join(bundle, "rootfs/etc/nsswitch.conf"), "passwd: evil\n");
      rmSync(join(bundle, "rootfs/etc/passwd"), { force: true });
      symlinkSync(join(canary, "passwd"), join(bundle, "rootfs/etc/passwd"));
    });
    const report = execProbe(box, id, ["--user", "12:13"]);
    t.equal(report.uid, 12);
    t.same(
      report.env.filter((entry) => entry.startsWith("HOME=")),
      ["HOME=/"],
    );
  },
);

t.test("a container without /proc, and with something else at /dev/pts", async (t) => {
  const box = sandbox(t);
  const id = running(box, (config) => {
    config.mounts = config.mounts.filter(({ destination }) => destination !== "/proc");
    config.mounts.push({ destination: "/dev/pts", type: "tmpfs", source: "tmpfs" });
    config.linux.maskedPaths = [];
    config.linux.readonlyPaths = [];
  });
  const result = box.run(["exec", id, "/bin/sh", "-c", "echo in; ls /proc"]);
  t.equal(result.stdout, "in\n");
  t.equal(result.status, 0, result.stderr);
  const socket = join(box.dir, "nobody");
  const terminal = box.run(["exec", "-t", "-d", "--console-socket", socket, id, "/bin/true"]);
  t.equal(terminal.status, 255);
  t.match(terminal.stderr, /process\.terminal: open a terminal: no devpts at \/dev\/pts/);
});
