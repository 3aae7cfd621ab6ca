// Service notification: $NOTIFY_SOCKET of the caller, READY=1 of the container.

import { chmodSync, readdirSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { TestConfig } from "../helpers/config.js";
import { serviceManager } from "../helpers/manager.js";
import { type Sandbox, sandbox, until } from "../helpers/sandbox.js";

const withSocket = (address: string) => ({ env: { ...process.env, NOTIFY_SOCKET: address } });

function bundleOf(box: Sandbox, script: string, edit: (config: TestConfig) => void = () => {}): string {
  return box.bundle((config) => {
    config.process.args = ["/bin/sh", "-c", script];
    edit(config);
  });
}

t.test("create and start: start returns when the container is ready, and the manager knows its pid", async (t) => {
  const box = sandbox(t);
  const manager = await serviceManager(t, box);
  const id = box.id();
  const script = "echo $NOTIFY_SOCKET; notify STATUS=warming; sleep 0.4; notify READY=1; sleep 60";
  const created = box.run(["create", "--bundle", bundleOf(box, script), id], withSocket(manager.address));
  t.equal(created.status, 0, created.stderr);
  t.same(manager.heard(), [], "create says nothing");
  const begun = Date.now();
  const started = box.run(["start", id], withSocket(manager.address));
  t.equal(started.status, 0, started.stderr);
  t.ok(Date.now() - begun > 350, "it has waited");
  const pid = box.state(id)!.pid;
  const texts = manager.heard().map(({ text }) => text);
  t.same(texts, ["STATUS=warming\n", `READY=1\nMAINPID=${pid}\n`, "BARRIER=1"]);
  t.same(
    manager.heard().map(({ fds }) => fds),
    [0, 0, 1],
  );
  t.match(box.run(["list"]).stdout, id);
});

t.test("of many starts at the same time one starts the container, and hears of it", async (t) => {
  const box = sandbox(t);
  const manager = await serviceManager(t, box);
  const id = box.id();
  const created = box.run(
    ["create", "--bundle", bundleOf(box, "sleep 0.4; notify READY=1; sleep 60"), id],
    withSocket(manager.address),
  );
  t.equal(created.status, 0, created.stderr);
  const starts = Array.from({ length: 6 }, () =>
    box.start(["start", id], { ...withSocket(manager.address), timeout: 20_000 }),
  );
  const results = await Promise.all(starts.map(({ done }) => done));
  const [started, refused] = [0, 1].map((status) => results.filter((result) => result.status === status));
  t.equal(started?.length, 1);
  t.equal(refused?.length, 5);
  for (const { stderr } of refused ?? []) t.match(stderr, /cannot start an already running container/);
  t.same(manager.lines(), ["READY=1", `MAINPID=${box.state(id)!.pid}`, "BARRIER=1"]);
});

t.test("run --detach, an abstract socket of the manager", async (t) => {
  const box = sandbox(t);
  const manager = await serviceManager(t, box, { abstract: true });
  const id = box.id();
  const bundle = bundleOf(box, "sleep 0.3; notify READY=1 'STATUS=a b'; sleep 60");
  const result = box.run(["run", "-d", "--bundle", bundle, id], withSocket(manager.address));
  t.equal(result.status, 0, result.stderr);
  t.same(manager.lines(), ["READY=1", `MAINPID=${box.state(id)!.pid}`, "STATUS=a b", "BARRIER=1"]);
});

t.test("run in the foreground passes on to the end, and stays the main process", async (t) => {
  const box = sandbox(t);
  const manager = await serviceManager(t, box);
  const script = "notify READY=1; notify WATCHDOG=1; notify STOPPING=1 STATUS=bye; exit 7";
  const running = box.start(["run", "--bundle", bundleOf(box, script), box.id()], withSocket(manager.address));
  t.equal((await running.done).status, 7);
  t.same(manager.lines(), ["READY=1", `MAINPID=${running.child.pid}`, "WATCHDOG=1", "STOPPING=1", "STATUS=bye"]);
  t.ok(manager.heard().every(({ pid }) => pid === running.child.pid));
});

t.test("a process that outlives the first one and never stops sending does not hold run up", async (t) => {
  const box = sandbox(t);
  const manager = await serviceManager(t, box);
  const bundle = bundleOf(box, "notify --flood & sleep 0.3; exit 7", ({ linux }) => {
    linux.namespaces = linux.namespaces.filter(({ type }) => type !== "pid");
  });
  const result = box.run(["run", "--bundle", bundle, box.id()], { ...withSocket(manager.address), timeout: 20_000 });
  t.equal(result.status, 7, `${result.signal} ${result.stderr}`);
  t.ok(manager.lines().includes("WATCHDOG=1"));
});

t.test("what a container may not say does not reach the manager", async (t) => {
  const box = sandbox(t);
  const manager = await serviceManager(t, box);
  const script = [
    "notify MAINPID=1",
    "notify FDSTORE=1 FDNAME=x",
    "notify WATCHDOG_USEC=1 NOTIFYACCESS=all MAINPIDFDID=1 X_OWN=1 READY=12 'READY=1 ' nonsense =",
    "notify BARRIER=1",
    `notify STATUS=${"x".repeat(5000)}`,
    "notify --file",
    "exit 0",
  ].join("; ");
  const running = box.start(["run", "--bundle", bundleOf(box, script), box.id()], withSocket(manager.address));
  t.equal((await running.done).status, 0);
  t.same(manager.heard(), [{ text: `READY=1\nMAINPID=${running.child.pid}\n`, fds: 0, pid: running.child.pid }]);
});

t.test("a barrier of the container falls when the manager's does", async (t) => {
  const box = sandbox(t);
  const manager = await serviceManager(t, box, { delay: 0.4 });
  const bundle = bundleOf(box, "notify READY=1; notify --barrier");
  const result = await box.start(["run", "--bundle", bundle, box.id()], withSocket(manager.address)).done;
  t.equal(result.status, 0, result.stderr);
  const took = Number(/barrier fell after (\d+) ms/.exec(result.stdout)?.[1]);
  t.ok(took >= 350 && took < 5000, result.stdout);
});

t.test("a descriptor of the container is never runt's: closing it could take for ever (FUSE)", async (t) => {
  const box = sandbox(t);
  const manager = await serviceManager(t, box, { delay: 0.5 });
  const bundle = bundleOf(box, "notify STATUS=before; sleep 0.3; notify --file; notify --barrier");
  const running = box.start(["run", "--bundle", bundle, box.id()], withSocket(manager.address));
  const open = () => readdirSync(`/proc/${running.child.pid}/fd`).length;
  await until("it talks", () => manager.lines().includes("STATUS=before"));
  const before = open();
  await until("the barrier stands", () => manager.lines().includes("BARRIER=1"));
  t.equal(open(), before + 1, "what hangs up when the manager's barrier falls");
  t.equal((await running.done).status, 0);
});

t.test(
  "a manager that knows no barriers: the first one of the container falls after 5 s, others at once",
  async (t) => {
    const box = sandbox(t);
    const manager = await serviceManager(t, box, { delay: 1000 });
    const bundle = bundleOf(box, "notify --barrier; notify --barrier; notify STATUS=after; exit 0");
    const result = await box.start(["run", "--bundle", bundle, box.id()], withSocket(manager.address)).done;
    const [first, second] = [...result.stdout.matchAll(/barrier fell after (\d+) ms/g)].map(([, took]) => Number(took));
    t.ok(first! > 4500, result.stdout);
    t.ok(second! < 4500, result.stdout);
  },
);

t.test("a container that ends without being ready, or right after", async (t) => {
  const box = sandbox(t);
  const manager = await serviceManager(t, box);
  const options = withSocket(manager.address);
  const never = box.run(["run", "-d", "--bundle", bundleOf(box, "exit 3"), box.id()], options);
  t.equal(never.status, 0, never.stderr);
  t.match(never.stderr, /NOTIFY_SOCKET: the container has ended without having been ready/);
  t.same(manager.heard(), []);
  const id = box.id();
  box.run(["create", "--bundle", bundleOf(box, "exec notify READY=1"), id], options);
  const started = box.run(["start", id], options);
  t.same([started.status, started.stderr], [0, ""]);
  t.match(manager.lines(), ["READY=1", /MAINPID=\d+/, "BARRIER=1"]);
});

t.test("any user of the container, in a user namespace, with a read-only root, whatever the umask", async (t) => {
  const box = sandbox(t);
  const manager = await serviceManager(t, box);
  const seen = "touch /run/notify/x 2>/dev/null && echo writable; grep ' /run/notify ' /proc/self/mountinfo";
  const bundle = bundleOf(box, `notify READY=1 && echo sent; ${seen}; exit 0`, (config) => {
    config.process.user = { uid: 1000, gid: 1000 };
    config.root.readonly = true;
    config.mounts.push({ destination: "/run", type: "tmpfs", options: ["mode=755"] });
    config.linux.namespaces.push({ type: "user" });
    const map = [{ containerID: 0, hostID: 200000, size: 65536 }];
    Object.assign(config.linux, { uidMappings: map, gidMappings: map });
  });
  chmodSync(box.dir, 0o711);
  const words = ["run", "--bundle", bundle, box.id()];
  const via = ["sh", "-c", 'umask 077; exec "$@"', "sh"];
  const result = await box.start(words, { ...withSocket(manager.address), via }).done;
  t.equal(result.status, 0, result.stderr);
  t.match(result.stdout, /^sent\n/);
  t.notMatch(result.stdout, /writable/);
  t.match(result.stdout, / ro,nosuid,nodev,noexec/);
  t.equal(manager.lines()[0], "READY=1");
});

t.test("a hostile root file system leads nowhere else", async (t) => {
  const box = sandbox(t);
  const manager = await serviceManager(t, box);
  const victim = join(box.dir, "victim");
  const bundle = box.bundle((config, bundle) => {
    config.process.args = ["/bin/sh", "-c", "notify READY=1; exit 0"];
    symlinkSync(victim, join(bundle, "rootfs/run/notify"));
  });
  const running = box.start(["run", "--bundle", bundle, box.id()], withSocket(manager.address));
  await running.done;
  t.throws(() => statSync(victim), { code: "ENOENT" });
});

t.test("a manager that is not there is a warning, an address that is none an error", async (t) => {
  const box = sandbox(t);
  const bundle = bundleOf(box, "echo socket=$NOTIFY_SOCKET.");
  const gone = box.run(["run", "--bundle", bundle, box.id()], withSocket("/no/such/socket"));
  t.equal(gone.status, 0);
  t.match(gone.stderr, /NOTIFY_SOCKET: connect \/no\/such\/socket: no such file or directory/);
  t.equal(gone.stdout, "socket=.\n");
  for (const address of ["relative", "vsock:2:1234", "@", "/"]) {
    const id = box.id();
    const result = box.run(["run", "--bundle", bundle, id], withSocket(address));
    t.equal(result.status, 1, address);
    t.match(result.stderr, /NOTIFY_SOCKET: .* is neither an absolute path nor an abstract socket/);
    t.equal(box.state(id), undefined);
  }
});

t.test("only one of create and start has the variable", async (t) => {
  const box = sandbox(t);
  const manager = await serviceManager(t, box);
  const bundle = bundleOf(box, "sleep 60");
  const created = box.id();
  box.run(["create", "--bundle", bundle, created], withSocket(manager.address));
  t.equal(box.run(["start", created]).status, 0, "nobody waits");
  const plain = box.create(bundle).id;
  const started = box.run(["start", plain], withSocket(manager.address));
  t.same([started.status, started.stderr], [0, ""], "no socket that it could notify by: nothing to wait for");
  t.same(manager.heard(), []);
});

t.test("a full queue of the manager loses nothing", async (t) => {
  const box = sandbox(t);
  const manager = await serviceManager(t, box, { delay: 0.5 });
  const script = "notify --barrier & i=0; while [ $i -lt 60 ]; do notify STATUS=$i; i=$((i+1)); done; wait; exit 0";
  const running = box.start(["run", "--bundle", bundleOf(box, script), box.id()], withSocket(manager.address));
  t.equal((await running.done).status, 0);
  await until("all arrived", () => manager.lines().includes("STATUS=59"));
  t.equal(manager.lines().filter((line) => line.startsWith("STATUS=")).length, 60);
});
