// checkpoint: what it refuses, everywhere; what it writes and what becomes of the container, where criu works.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import t from "tap";
import { cgroupsNamed } from "../helpers/cgroup.js";
import type { TestConfig } from "../helpers/config.js";
import { checkpoint, counting, fine, noCriu, numbers } from "../helpers/criu.js";
import { running } from "../helpers/exec.js";
import { sandbox, until } from "../helpers/sandbox.js";

const withCriu = { skip: noCriu } as const;

t.test("states and options that are refused", async (t) => {
  const box = sandbox(t);
  const refused = (words: string[], stderr: RegExp) =>
    t.match(box.run(["checkpoint", ...words]), { status: 1, stderr }, words.join(" "));
  refused(["nobody"], /container does not exist/);
  refused(["a/b"], /invalid container ID format/);
  const { id } = box.create(box.bundle((config) => (config.process.args = ["/bin/true"])));
  refused([id], /Container cannot be checkpointed in created state/);
  fine(box.run(["start", id]));
  await until("it has ended", () => box.state(id)?.status === "stopped");
  refused([id], /Container cannot be checkpointed in stopped state/);

  refused(["--parent-path", "/x", id], /--parent-path must be relative/);
  refused(["--manage-cgroups-mode", "hard", id], /invalid manage-cgroups-mode value/);
  refused(["--empty-ns", "pid", id], /namespace \\?"pid\\?" is not supported/);
  refused(["--page-server", "here", id], /Use --page-server ADDRESS:PORT to specify page server/);
  refused(["--page-server", "here:x", id], /Invalid port number/);
  refused(["--status-fd", "77", id], /invalid --status-fd argument 77/);
  refused(["--status-fd", "x", id], /invalid value/);
});

t.test("what no checkpoint can keep is refused before criu is asked", async (t) => {
  const box = sandbox(t);
  const refused = (edit: (config: TestConfig) => void, stderr: RegExp) => {
    const id = running(box, edit);
    t.match(box.run(["checkpoint", "--image-path", join(box.dir, "images"), id]), { status: 1, stderr });
    t.equal(box.state(id)!.status, "running");
    t.notOk(existsSync(join(box.dir, "images")));
  };
  refused((config) => (config.annotations = { "runt.rootfs.overlay": "true" }), /writable layer would be deleted/);

  const listenerPath = join(box.dir, "agent");
  const agent = createServer().listen(listenerPath);
  t.teardown(() => agent.close());
  await once(agent, "listening");
  const syscalls = [{ names: ["mkdirat"], action: "SCMP_ACT_NOTIFY" }];
  refused((config) => {
    config.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", listenerPath, syscalls };
  }, /a filter that notifies an agent/);
});

t.test("without a criu that works, the container goes on and nothing is written", async (t) => {
  const box = sandbox(t);
  const { id, output } = await counting(box);
  const images = join(box.dir, "images");
  const refused = (PATH: string, stderr: RegExp) => {
    const result = box.run(["checkpoint", "--image-path", images, id], { env: { ...process.env, PATH } });
    t.match(result, { status: 1, stderr });
  };
  refused("/nowhere:relative", /criu is not installed.*apt-get install criu/);
  const folder = join(box.dir, "bin");
  mkdirSync(folder);
  writeFileSync(join(folder, "criu"), "#!/bin/sh\necho 'Error (criu/x.c:1): too old' >&2\nexit 1\n");
  refused(folder, /criu is not installed/);
  chmodSync(join(folder, "criu"), 0o755);
  refused(folder, /ask for the version of .*\/bin\/criu: no answer/);
  if (noCriu && existsSync("/usr/sbin/criu")) refused("/usr/sbin", /criu does not work on this kernel: Error \(criu\//);
  t.notOk(existsSync(images));
  t.equal(box.state(id)?.status, "running");
  const seen = numbers(output()).length;
  await until("it counts on", () => numbers(output()).length > seen);
});

t.test("--leave-running, then without: the container is gone", withCriu, async (t) => {
  const box = sandbox(t);
  const { id, bundle, output } = await counting(box, (config, bundle) => {
    config.hooks = { poststop: [{ path: "/bin/touch", args: ["touch", join(bundle, "poststop")] }] };
  });
  const images = join(box.dir, "made", "images");
  fine(box.run(["checkpoint", "--leave-running", "--image-path", images, id]));
  t.equal(statSync(images).mode & 0o777, 0o700, "memory of processes is nobody else's");
  for (const name of ["runt-checkpoint.json", "descriptors.json", "dump.log", "inventory.img", "core-1.img"]) {
    t.ok(existsSync(join(images, name)), name);
  }
  t.equal(box.state(id)?.status, "running");
  const seen = numbers(output()).length;
  await until("it counts on", () => numbers(output()).length > seen);

  const work = join(box.dir, "work");
  fine(box.run(["checkpoint", "--image-path", images, "--work-path", work, id]));
  t.ok(existsSync(join(work, "dump.log")), "--work-path");
  t.equal(box.state(id), undefined, "it is deleted");
  t.same(cgroupsNamed(id), []);
  t.same(
    readdirSync(box.root).filter((name) => name === id),
    [],
  );
  t.ok(existsSync(join(bundle, "poststop")), "poststop hooks ran");
});

t.test("--pre-dump and --parent-path: memory that has not changed is written once", withCriu, async (t) => {
  const box = sandbox(t);
  const { id } = await counting(box);
  const [first, second] = [join(box.dir, "first"), join(box.dir, "second")];
  const dump = box.run(["checkpoint", "--pre-dump", "--image-path", first, id]);
  // Kernels of arm64 know no changed memory (CONFIG_MEM_SOFT_DIRTY).
  if (spawnSync("criu", ["check", "--feature", "mem_dirty_track"]).status !== 0) {
    t.match(dump, { status: 1, stderr: /memory tracking: this kernel or this criu has none/ });
    t.equal(box.state(id)?.status, "running");
    return;
  }
  fine(dump);
  t.equal(box.state(id)?.status, "running");
  t.notOk(existsSync(join(first, "runt-checkpoint.json")), "no checkpoint that could be restored");
  t.match(box.run(["checkpoint", "--parent-path", "../none", "--image-path", second, id]), {
    status: 1,
    stderr: /invalid --parent-path: stat .*\/none: no such file or directory/,
  });
  fine(box.run(["checkpoint", "--parent-path", "../first", "--image-path", second, id]));
  const pages = (dir: string) =>
    readdirSync(dir)
      .filter((name) => name.startsWith("pages-"))
      .reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
  t.ok(existsSync(join(second, "parent")), "criu's link to the parent");
  t.ok(pages(second) < pages(first), `${pages(second)} < ${pages(first)}`);
});

t.test("what criu can't keep is named, and the container goes on", withCriu, async (t) => {
  const box = sandbox(t);
  const { id } = await counting(box, (config) => {
    const script = "echo a >/x; ln /x /y; exec 9</x; rm /x; echo ready; while :; do sleep 1; done";
    config.process.args = ["/bin/sh", "-c", script];
  });
  const failed = box.run(["checkpoint", "--image-path", join(box.dir, "failed"), id]);
  t.match(failed, { status: 1, stderr: /checkpoint: criu failed.*--link-remap allows open files.*dump\.log/i });
  t.notOk(existsSync(join(box.dir, "failed", "runt-checkpoint.json")));
  t.equal(box.state(id)?.status, "running");
  checkpoint(box, id, "--link-remap");
  t.equal(box.state(id), undefined);
});

t.test("a paused container", withCriu, async (t) => {
  const box = sandbox(t);
  const { id } = await counting(box);
  fine(box.run(["pause", id]));
  const images = checkpoint(box, id, "--leave-running");
  t.equal(box.state(id)?.status, "paused", "it is as it was");
  t.ok(existsSync(join(images, "runt-checkpoint.json")));
  fine(box.run(["resume", id]));
  t.equal(box.state(id)?.status, "running");
});

t.test("a writable layer of the container's own would be lost", withCriu, async (t) => {
  const box = sandbox(t);
  const { id } = await counting(box, (config) => {
    config.annotations = { "runt.rootfs.overlay": "true" };
  });
  t.match(box.run(["checkpoint", "--image-path", join(box.dir, "images"), id]), {
    status: 1,
    stderr: /the container's writable layer would be deleted with it.*runt\.rootfs\.upper.*--leave-running/,
  });
  t.equal(box.state(id)?.status, "running");
});

t.test("the other options reach criu", withCriu, async (t) => {
  const box = sandbox(t);
  const { id } = await counting(box);
  const told = (...words: string[]): Record<string, unknown> => {
    const images = join(box.dir, `told-${words.join("")}`);
    const { stderr } = box.run(["--debug", "checkpoint", "--leave-running", "--image-path", images, ...words, id]);
    const [, json] = /criu is told (\{.*\})"/.exec(stderr) ?? [];
    if (json === undefined) throw new Error(stderr);
    return JSON.parse(json.replaceAll('\\"', '"'));
  };
  t.match(told("--tcp-established", "--ext-unix-sk", "--shell-job", "--file-locks", "--auto-dedup", "--link-remap"), {
    tcpEstablished: true,
    extUnixSk: true,
    shellJob: true,
    autoDedup: true,
    linkRemap: true,
    fileLocks: true,
    lazyPages: false,
    manageCgroupsMode: 3,
    emptyNs: 0x40000000,
    configFile: "/etc/criu/runc.conf",
  });
  t.match(told("--tcp-skip-in-flight", "--manage-cgroups-mode", "ignore", "--empty-ns", "network"), {
    tcpSkipInFlight: true,
    manageCgroupsMode: 0,
    leaveRunning: true,
  });
  // Nobody listens there: criu says so, and the container goes on.
  t.match(told("--page-server", "127.0.0.1:1"), { pageServer: { address: "127.0.0.1", port: 1 } });
  t.equal(box.state(id)?.status, "running");
});

t.test("--lazy-pages: the container goes on before its memory is there", withCriu, async (t) => {
  const box = sandbox(t);
  const { id, bundle, output } = await counting(box);
  const [images, status] = [join(box.dir, "images"), join(box.dir, "status")];
  const ready = openSync(status, "w");
  const port = String(20_000 + (process.pid % 10_000));
  const words = ["--lazy-pages", "--page-server", `127.0.0.1:${port}`, "--status-fd", "3", "--image-path", images];
  const dump = box.start(["checkpoint", ...words, id], { fds: [ready] });
  closeSync(ready);
  let ended = false;
  const dumped = dump.done.finally(() => {
    ended = true;
  });
  await until("its page server is ready", () => ended || statSync(status).size === 1, 40_000);
  if (ended && /CRIU is missing features: lazy pages/.test(dump.stderr())) {
    t.comment("this kernel has no userfaultfd for criu");
    return;
  }
  t.same([...readFileSync(status)], [0]);
  const server = ["--page-server", "--address", "127.0.0.1", "--port", port];
  const pages = spawn("criu", ["lazy-pages", ...server, "--images-dir", images], { stdio: "ignore" });
  t.teardown(() => pages.kill("SIGKILL"));
  await until("its socket is there", () => existsSync(join(images, "lazy-pages.socket")), 20_000);
  const last = numbers(output()).at(-1)!;
  const again = box.id();
  const back = box.run(["restore", "-d", "--lazy-pages", "-b", bundle, "--image-path", images, again]);
  t.equal(back.status, 0, back.stderr);
  await until("it counts on", () => numbers(readFileSync(back.files.stdout, "utf8")).length > 2);
  t.ok(numbers(readFileSync(back.files.stdout, "utf8"))[0]! > last);
  t.equal((await dumped).status, 0, dump.stderr());
  t.equal(box.state(id), undefined, "all memory was fetched, and it is deleted");
});
