// restore: processes go on where they were, in what config.json says; and an image that says otherwise is refused.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { cgroupsNamed } from "../helpers/cgroup.js";
import type { TestConfig } from "../helpers/config.js";
import { checkpoint, counting, fine, gone, noCriu, numbers, restore } from "../helpers/criu.js";
import { patience, type Sandbox, sandbox, until } from "../helpers/sandbox.js";
import { consoleSocket } from "../helpers/terminal.js";

const withCriu = { skip: noCriu } as const;
const procFile = (box: Sandbox, id: string, file: string) =>
  readFileSync(`/proc/${box.state(id)!.pid}/${file}`, "utf8");
/** Mount points with root, options and type, whatever their order. */
const mountsOf = (box: Sandbox, id: string) =>
  procFile(box, id, "mountinfo")
    .trim()
    .split("\n")
    .map((line) => {
      const [before, after] = line.split(" - ");
      const [, , , root, point, options] = before!.split(" ");
      const type = after!.split(" ")[0]!;
      // Of cgroups the name is another one.
      return [point, type === "cgroup2" ? "" : root, options, type].join(" ");
    })
    .sort();

t.test("a counter goes on: memory, pid, output; mounts, limits and rights are as before", withCriu, async (t) => {
  const box = sandbox(t);
  const hooked = join(box.dir, "hooks");
  mkdirSync(hooked);
  const data = join(box.dir, "data");
  mkdirSync(data);
  writeFileSync(join(data, "file"), "of the host\n");
  const edit = (config: TestConfig, name: string) => {
    config.process.args = [
      "/bin/sh",
      "-c",
      "i=0; while :; do i=$((i+1)); echo $i; cat /data/file >/kept; sleep 0.1; done",
    ];
    config.process.noNewPrivileges = true;
    config.hostname = "kept";
    config.mounts.push(
      { destination: "/data", source: data, options: ["rbind", "ro"] },
      { destination: "/var/deep/er", source: data, options: ["bind", "rw"] },
      { destination: "/dev/one", source: join(data, "file"), options: ["bind"] },
    );
    config.linux.maskedPaths = ["/proc/kcore", "/proc/acpi", "/proc/keys"];
    config.linux.readonlyPaths = ["/proc/sys"];
    config.linux.resources = { pids: { limit: 20 }, memory: { limit: 64 << 20 } };
    config.linux.seccomp = {
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO" }],
    };
    const hook = (kind: string) => [{ path: "/bin/sh", args: ["sh", "-c", `cat > ${hooked}/${name}-${kind}`] }];
    config.hooks = Object.fromEntries(
      ["prestart", "createRuntime", "poststart", "poststop"].map((kind) => [kind, hook(kind)]),
    );
  };
  const { id, bundle, output } = await counting(box, (config) => edit(config, "hook"));
  const mounts = mountsOf(box, id);
  const rights = (of: string) => procFile(box, of, "status").match(/^(Cap\w+|NoNewPrivs|Seccomp):.*$/gm);
  const had = rights(id);
  const images = checkpoint(box, id);
  const other = JSON.parse(readFileSync(join(bundle, "config.json"), "utf8")) as TestConfig;
  const another = [{ names: ["rmdir", "unlinkat"], action: "SCMP_ACT_ERRNO" }];
  other.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: another };
  const folder = join(box.dir, "other");
  mkdirSync(folder);
  box.configure(folder, { ...other, root: { path: join(bundle, "rootfs") } });
  const refused = restore(box, folder, images);
  t.match(refused.result, { status: 1, stderr: /its filter is another one than that of config\.json/ });
  gone(t, box, refused.id);
  const last = numbers(output()).at(-1)!;
  for (const name of readdirSync(hooked)) spawnSync("rm", [join(hooked, name)]);

  const pidFile = join(box.dir, "pid");
  const back = restore(box, bundle, images, "--pid-file", pidFile);
  t.equal(back.result.status, 0, back.result.stderr);
  await until("it prints again", () => numbers(back.output()).length > 2);
  const first = numbers(back.output())[0]!;
  t.ok(first > last && first <= last + 2, `goes on with ${first} after ${last}`);
  const state = box.state(back.id)!;
  t.equal(state.status, "running");
  t.equal(Number(readFileSync(pidFile, "utf8")), state.pid);
  t.match(procFile(box, back.id, "status"), /^NSpid:.*\t1$/m);
  t.same(mountsOf(box, back.id), mounts, "the same mounts");
  t.same(rights(back.id), had, "the same rights");
  t.equal(fine(box.run(["exec", back.id, "cat", "/data/file"])).stdout, "of the host\n");
  t.equal(fine(box.run(["exec", back.id, "hostname"])).stdout, "kept\n");
  t.equal(box.run(["exec", back.id, "touch", "/data/x"]).status, 1, "read-only");
  t.equal(fine(box.run(["exec", back.id, "touch", "/var/deep/er/x"])).status, 0, "writable");
  t.equal(box.run(["exec", back.id, "mkdir", "/x"]).status, 1, "the filter holds for exec, too");
  const told = JSON.parse(fine(box.run(["events", "--stats", back.id])).stdout).data;
  t.equal(told.pids.limit, 20);
  t.equal(told.memory.usage.limit, 64 << 20);
  t.match(procFile(box, back.id, "cgroup"), new RegExp(`/${back.id}$`, "m"), "in its own cgroup, not in the old one's");
  t.same(cgroupsNamed(id), []);
  for (const kind of ["prestart", "createRuntime", "poststart"]) {
    t.match(JSON.parse(readFileSync(join(hooked, `hook-${kind}`), "utf8")), { id: back.id, pid: state.pid }, kind);
  }
  fine(box.run(["delete", "--force", back.id]));
  t.ok(existsSync(join(hooked, "hook-poststop")));
  gone(t, box, back.id);
});

t.test("in the foreground: the status, signals, and the end", withCriu, async (t) => {
  const box = sandbox(t);
  const { id, bundle } = await counting(box, (config) => {
    config.process.args = ["/bin/sh", "-c", "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.1; done"];
  });
  const images = checkpoint(box, id);
  const again = box.id();
  const work = join(box.dir, "work");
  const words = ["restore", "--no-subreaper", "--no-pivot", "-b", bundle, "--image-path", images, "--work-path", work];
  const run = box.start([...words, again]);
  await until("it runs", () => box.state(again)?.status === "running", 30_000);
  run.child.kill("SIGTERM");
  const result = await run.done;
  t.equal(result.status, 7, result.stderr);
  t.equal(result.stdout, "bye\n");
  t.ok(existsSync(join(work, "restore.log")));
  gone(t, box, again);
});

t.test("pipes: output goes on into those of the caller", withCriu, async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle(
    (config) => (config.process.args = ["/bin/sh", "-c", "while read x; do echo got $x; done"]),
  );
  const id = box.id();
  const script = `
import json, os, subprocess, sys, time
runt, root, bundle, images, one, two = sys.argv[1:7]
def spawn(*words):
    return subprocess.Popen([runt, "--root", root, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
first = spawn("run", "-b", bundle, one)
first.stdin.write(b"a\\n"); first.stdin.flush()
assert first.stdout.readline() == b"got a\\n"
subprocess.check_call([runt, "--root", root, "checkpoint", "--image-path", images, one])
first.wait()
second = spawn("restore", "-b", bundle, "--image-path", images, two)
second.stdin.write(b"b\\n"); second.stdin.flush()
line = second.stdout.readline().decode()
second.stdin.close()
print(json.dumps({"first": first.returncode, "line": line, "second": second.wait(), "rest": second.stdout.read().decode()}))`;
  const two = box.id();
  const args = ["-c", script, process.env.RUNT ?? "bin/runt", box.root, bundle, join(box.dir, "images"), id, two];
  const { stdout, stderr } = spawnSync("python3", args, { encoding: "utf8", timeout: 60_000 * patience });
  t.same(JSON.parse(stdout || JSON.stringify(stderr)), { first: 137, line: "got b\n", second: 0, rest: "" });
  gone(t, box, two);
});

t.test("a terminal goes to the console socket", withCriu, async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.terminal = true;
    config.process.args = ["/bin/sh", "-c", "echo ready; touch /ready; read a; echo got $a; tty"];
  });
  const before = await consoleSocket(box);
  const id = box.id();
  fine(box.run(["run", "-d", "--console-socket", before.path, "-b", bundle, id]));
  await until("it reads", () => existsSync(join(bundle, "rootfs/ready")));
  const images = checkpoint(box, id);
  t.match((await before.received).out, /ready/);
  const after = await consoleSocket(box, "typed\n");
  const back = restore(box, bundle, images, "--console-socket", after.path);
  t.equal(back.result.status, 0, back.result.stderr);
  const seen = await after.received;
  t.match(seen.out, /got typed\r?\n/);
  t.match(seen.out, /\/dev\/pts\/0\r?\n/);
  t.match(box.run(["restore", "-d", "-b", bundle, "--image-path", images, box.id()]), {
    status: 1,
    stderr: /cannot allocate tty if .* will detach without setting console socket/,
  });
});

t.test("a child that has ended and was not waited for", withCriu, async (t) => {
  const box = sandbox(t);
  const { id, bundle } = await counting(box, (config) => {
    config.process.args = ["/bin/sh", "-c", "(exit 3) & exec /bin/probe pause"];
  });
  const children = (of: string) => {
    const { pid } = box.state(of)!;
    const list = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    return list.map((child) => readFileSync(`/proc/${child}/stat`, "utf8").replace(/.*\) /, "").slice(0, 1));
  };
  t.same(children(id), ["Z"]);
  const images = checkpoint(box, id);
  const back = restore(box, bundle, images);
  t.equal(back.result.status, 0, back.result.stderr);
  t.same(children(back.id), ["Z"], "it is there again, and has no rights to be compared");
});

t.test("with a user namespace", withCriu, async (t) => {
  const box = sandbox(t);
  const { id, bundle } = await counting(box, (config) => {
    config.linux.namespaces.push({ type: "user" });
    config.linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
  });
  const mounts = mountsOf(box, id);
  const images = checkpoint(box, id);
  const back = restore(box, bundle, images);
  t.equal(back.result.status, 0, back.result.stderr);
  t.same(mountsOf(box, back.id), mounts);
  t.match(procFile(box, back.id, "uid_map"), /^\s*0\s+100000\s+65536\n$/);
});

t.test(
  "with systemd's cgroups",
  { skip: noCriu || (!existsSync("/run/systemd/system") && "no systemd here") },
  async (t) => {
    const box = sandbox(t);
    const edit = (config: TestConfig, name: string) => (config.linux.cgroupsPath = `system.slice:runt:${name}`);
    const { id, bundle } = await counting(box, (config) => edit(config, `before-${process.pid}`), "--systemd-cgroup");
    const images = checkpoint(box, id);
    const back = box.id();
    const config = JSON.parse(readFileSync(join(bundle, "config.json"), "utf8")) as TestConfig;
    edit(config, `after-${process.pid}`);
    config.linux.resources = { pids: { limit: 33 } };
    box.configure(bundle, config);
    fine(box.run(["--systemd-cgroup", "restore", "-d", "-b", bundle, "--image-path", images, back]));
    t.match(procFile(box, back, "cgroup"), new RegExp(`/system\\.slice/runt-after-${process.pid}\\.scope$`, "m"));
    t.equal(JSON.parse(fine(box.run(["events", "--stats", back])).stdout).data.pids.limit, 33);
    fine(box.run(["delete", "-f", back]));
    gone(t, box, back);
  },
);

t.test("the other options reach criu", withCriu, async (t) => {
  const box = sandbox(t);
  const { id, bundle } = await counting(box);
  const images = checkpoint(box, id);
  const told = (...words: string[]): Record<string, unknown> => {
    const { result } = restore(
      { ...box, run: (args: string[]) => box.run(["--debug", ...args]), id: () => box.id() } as Sandbox,
      bundle,
      images,
      ...words,
    );
    const [, json] = /criu is told (\{.*?\})"\n/.exec(result.stderr) ?? [];
    if (json === undefined) throw new Error(result.stderr);
    return JSON.parse(json.replaceAll('\\"', '"'));
  };
  const words = ["--tcp-established", "--ext-unix-sk", "--shell-job", "--file-locks", "--auto-dedup"];
  t.match(told(...words, "--manage-cgroups-mode=full", "--empty-ns", "network"), {
    tcpEstablished: true,
    extUnixSk: true,
    shellJob: true,
    fileLocks: true,
    autoDedup: true,
    manageCgroupsMode: 4,
    rstSibling: true,
    emptyNs: 0x40000000,
  });
  t.match(told("--work-path", join(box.dir, "lazy"), "--lazy-pages"), { lazyPages: true });
  t.match(told("--lsm-mount-context", "system_u:object_r:x:s0"), { lsmMountContext: "system_u:object_r:x:s0" });
});
