// Containers without a mount namespace of their own: what they see, and what the runtime's namespace sees of them.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { withUserNamespace } from "../helpers/config.js";
import { inherits, paused, place, shell, started } from "../helpers/mount-place.js";
import { serviceManager } from "../helpers/manager.js";
import { mountAt, parseReport } from "../helpers/report.js";
import { type Sandbox, sandbox, tools, until } from "../helpers/sandbox.js";
import { consoleSocket } from "../helpers/terminal.js";

t.test("it is the runtime's namespace, with a root of its own, and nothing is left of that", async (t) => {
  const box = sandbox(t);
  const at = await place(t, box, "shared");
  const before = at.mounts();
  const result = box.runContainer(
    (config) => {
      inherits(config);
      config.root.readonly = true;
      config.mounts.push({ destination: "/home", source: "/etc", options: ["bind", "ro", "nosuid"] });
    },
    { via: at.via },
  );
  t.equal(result.status, 0, result.stderr);
  t.equal(result.stderr, "", "no warning: it can't get out");
  const report = parseReport(result.stdout);
  t.equal(report.namespaces.mnt, at.namespace);
  t.equal(report.pid, 1);
  t.equal(report.cwd, "/");
  t.same(
    report.fds.map(({ fd }) => fd),
    [0, 1, 2],
    "no descriptor leads back",
  );
  t.match(mountAt(report, "/"), { root: /rootfs$/, propagation: [] });
  t.ok(mountAt(report, "/")!.options.includes("ro"));
  t.match(mountAt(report, "/proc"), { type: "proc" });
  t.match(mountAt(report, "/proc/sys"), { root: "/sys" });
  t.ok(mountAt(report, "/proc/sys")!.options.includes("ro"), "readonlyPaths");
  t.match(mountAt(report, "/sys/firmware"), { type: "tmpfs" }, "maskedPaths");
  t.match(mountAt(report, "/dev"), { type: "tmpfs" });
  t.ok(mountAt(report, "/home")!.options.includes("ro"));
  t.same(at.mounts(), before);
});

t.test("what is inside: devices, a tmpfs with a copy, paths that lead up", async (t) => {
  const box = sandbox(t);
  const at = await place(t, box, "private");
  const before = at.mounts();
  const script = [
    "cat /etc/hostname-of-image; ls -l /dev/null | cut -c1; echo gone >/dev/null",
    "touch /proc/sys/kernel/msgmax 2>/dev/null || echo read-only",
    "cat ../../../../../../etc/hostname-of-image /proc/1/root/etc/hostname-of-image",
    "wc -c </proc/timer_list; echo x >/etc/new; ls /etc/new",
  ].join("\n");
  const bundle = box.bundle(
    shell(script, (config, bundle) => {
      mkdirSync(join(bundle, "rootfs/etc"), { recursive: true });
      writeFileSync(join(bundle, "rootfs/etc/hostname-of-image"), "image\n");
      config.mounts.push({ destination: "/etc", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"] });
    }),
  );
  const result = box.run(["run", "--bundle", bundle, box.id()], { via: at.via });
  t.equal(result.status, 0, result.stderr);
  t.same(result.stdout.split("\n"), ["image", "c", "read-only", "image", "image", "0", "/etc/new", ""]);
  t.notOk(existsSync(join(bundle, "rootfs/etc/new")));
  t.same(at.mounts(), before);
});

t.test("a peer of the namespace sees nothing of the container's mounts, and keeps its own", async (t) => {
  const box = sandbox(t);
  const at = await place(t, box, "shared");
  const peer = await place(t, box, "unchanged", at.via);
  const host = join(box.dir, "host");
  mkdirSync(join(host, "below"), { recursive: true });
  const bundle = box.bundle(
    paused((config) => {
      config.linux.rootfsPropagation = "shared";
      config.mounts.push({ destination: "/home", source: host, options: ["rbind", "rshared"] });
    }),
  );
  at.shell(`mount -t tmpfs kept ${host}/below; touch ${host}/below/file`);
  const before = [at.mounts(), peer.mounts()];
  const id = started(box, at, bundle);
  const mine = peer.mounts().filter((line) => line.includes(bundle));
  t.equal(mine.length, 1, "the cover of the root alone");
  t.match(mine[0], new RegExp(` ${bundle}/rootfs ${bundle}/rootfs | /[^ ]*rootfs ${bundle}/rootfs `));
  const inside = at.mounts().filter((line) => line.includes(`${bundle}/rootfs/home`));
  t.equal(inside.length, 2, "the bind mount and the mount below it");
  t.match(inside[0], / shared:/, "bidirectional, as asked");
  const deleted = box.run(["delete", "--force", id], { via: at.via });
  t.equal(deleted.status, 0, deleted.stderr);
  t.same([at.mounts(), peer.mounts()], before, "the tmpfs below the shared directory too");
  t.equal(at.shell(`ls ${host}/below`), "file");
});

t.test("what the host mounts later shows up below a bind mount that follows it", async (t) => {
  const box = sandbox(t);
  const at = await place(t, box, "shared");
  const host = join(box.dir, "host");
  mkdirSync(join(host, "below"), { recursive: true });
  at.shell(`mount -t tmpfs whole ${host}; mkdir ${host}/below`);
  const bundle = box.bundle(
    paused((config) => config.mounts.push({ destination: "/home", source: host, options: ["rbind", "rslave"] })),
  );
  const id = started(box, at, bundle);
  at.shell(`mount -t tmpfs later ${host}/below; touch ${host}/below/late`);
  t.equal(box.run(["exec", id, "ls", "/home/below"], { via: at.via }).stdout, "late\n");
  // And not the other way round.
  at.shell(`mkdir ${bundle}/rootfs/home/own; mount -t tmpfs inside ${bundle}/rootfs/home/own`);
  t.notMatch(at.mounts().join("\n"), `${host}/own `);
  t.equal(box.run(["delete", "--force", id], { via: at.via }).status, 0);
  t.equal(at.shell(`ls ${host}/below`), "late");
});

t.test("exec enters the container's root, from its mount namespace and from another", async (t) => {
  const box = sandbox(t);
  const at = await place(t, box, "private");
  const id = started(box, at, box.bundle(paused()));
  for (const via of [at.via, []]) {
    const result = box.run(["exec", id, "/bin/probe"], { via });
    t.equal(result.status, 0, result.stderr);
    const report = parseReport(result.stdout);
    t.equal(report.namespaces.mnt, at.namespace);
    t.match(mountAt(report, "/"), { root: /rootfs$/ });
    t.same(
      report.fds.map(({ fd }) => fd),
      [0, 1, 2],
    );
    const up = box.run(["exec", "--cwd", "/tmp", id, "ls", "../../../../.."], { via });
    t.same(up.stdout.split("\n").filter(Boolean), readdirSync(join(rootOf(box, id))).sort());
  }
  t.equal(box.run(["exec", "--user", "65534:65534", id, "ls", "/bin/probe"], { via: at.via }).stdout, "/bin/probe\n");
});

const rootOf = (box: Sandbox, id: string): string => String(box.state(id)!.rootfs);

t.test("a copy-on-write root", async (t) => {
  const box = sandbox(t);
  const at = await place(t, box, "shared");
  const before = at.mounts();
  const bundle = box.bundle(
    shell("echo x >/written; ls -d /written", (config) => {
      config.annotations = { "runt.rootfs.overlay": "true" };
    }),
  );
  const result = box.run(["run", "--bundle", bundle, box.id()], { via: at.via });
  t.equal(result.stdout, "/written\n", result.stderr);
  t.notOk(existsSync(join(bundle, "rootfs/written")));
  t.same(at.mounts(), before);
});

t.test("hooks of create have the mounts in sight, below the root's directory", async (t) => {
  const box = sandbox(t);
  const at = await place(t, box, "private");
  const seen = (kind: string) => join(box.dir, kind);
  const hook = (kind: string, path: string) => ({
    path: "/bin/sh",
    args: ["sh", "-c", `{ readlink /proc/self/ns/mnt; ls -d ${path}; } >${seen(kind)} 2>&1; cat >/dev/null`],
  });
  const result = box.runContainer(
    shell("cat /started", (config, bundle) => {
      const path = `${bundle}/rootfs/proc/version`;
      config.hooks = {
        createRuntime: [hook("createRuntime", path)],
        createContainer: [hook("createContainer", path)],
        startContainer: [{ path: "/bin/sh", args: ["sh", "-c", "readlink /proc/self/ns/mnt >/started"] }],
        poststop: [hook("poststop", path)],
      };
    }),
    { via: at.via },
  );
  t.equal(result.stdout, `${at.namespace}\n`, result.stderr);
  for (const kind of ["createRuntime", "createContainer"]) {
    const [namespace, path] = readFileSync(seen(kind), "utf8").split("\n");
    t.equal(namespace, at.namespace, kind);
    t.match(path, /^\/.*\/rootfs\/proc\/version$/, kind);
  }
  t.match(readFileSync(seen("poststop"), "utf8"), /No such file/, "the root is off again by then");
});

t.test("rootfsPropagation is that of the container's root", async (t) => {
  const box = sandbox(t);
  const at = await place(t, box, "shared");
  const table: [string, RegExp][] = [
    ["private", /^$/],
    ["slave", /^master:\d+$/],
    ["shared", /^shared:\d+$/],
    ["unbindable", /^unbindable$/],
  ];
  for (const [value, expected] of table) {
    const result = box.runContainer(
      (config) => {
        inherits(config);
        config.linux.rootfsPropagation = value;
      },
      { via: at.via },
    );
    t.equal(result.status, 0, result.stderr);
    t.match(mountAt(parseReport(result.stdout), "/")!.propagation.join(" "), expected, value);
  }
  t.match(
    at.mounts().find((line) => line.split(" ")[4] === "/"),
    / shared:/,
    "the host's own root is as it was",
  );
});

t.test("a terminal, and service notification", async (t) => {
  const box = sandbox(t);
  const at = await place(t, box, "shared");
  const before = at.mounts();
  const terminal = await consoleSocket(box);
  const script = "tty; echo by console >/dev/console; stat -c %t:%T /dev/console /dev/pts/0";
  const bundle = box.bundle(
    shell(script, (config) => {
      config.process.terminal = true;
    }),
  );
  const id = box.id();
  const words = ["create", "--bundle", bundle, "--console-socket", terminal.path, id];
  t.equal(box.run(words, { via: at.via }).status, 0);
  t.equal(box.run(["start", id], { via: at.via }).status, 0);
  t.match((await terminal.received).out, /\/dev\/pts\/0\r?\nby console\r?\n88:0\r?\n88:0\r?\n/);
  await until("it has stopped", () => box.state(id)?.status === "stopped");
  t.equal(box.run(["delete", id], { via: at.via }).status, 0);
  t.same(at.mounts(), before);

  const manager = await serviceManager(t, box);
  const options = { via: at.via, env: { ...process.env, NOTIFY_SOCKET: manager.address } };
  const service = box.id();
  const notifying = box.bundle(shell("notify READY=1; sleep 60"));
  for (const command of [
    ["create", "--bundle", notifying, service],
    ["start", service],
  ]) {
    const result = box.run(command, options);
    t.equal(result.status, 0, result.stderr);
  }
  t.ok(manager.lines().includes("READY=1"));
  t.equal(box.run(["delete", "--force", service], { via: at.via }).status, 0);
  t.same(at.mounts(), before);
});

t.test("kernels without some calls: as with them, or refused by name", async (t) => {
  const box = sandbox(t);
  const at = await place(t, box, "shared");
  const enosys = join(tools, "enosys");
  const before = at.mounts();
  const bundle = box.bundle(paused());
  for (const call of ["openat2", "statx", "pidfd_open"]) {
    const id = box.id();
    const via = [...at.via, enosys, `${call}:ENOSYS`];
    for (const words of [
      ["create", "--bundle", bundle, id],
      ["start", id],
      ["exec", id, "/bin/true"],
    ]) {
      const result = box.run(words, { via });
      t.equal(result.status, 0, `${call}: ${words[0]}: ${result.stderr}`);
    }
    t.equal(box.run(["delete", "--force", id], { via }).status, 0, call);
    t.same(at.mounts(), before, call);
  }
  for (const call of ["open_tree", "mount_setattr"]) {
    const result = box.run(["create", "--bundle", bundle, box.id()], { via: [...at.via, enosys, `${call}:ENOSYS`] });
    t.equal(result.status, 1, call);
    t.match(
      result.stderr,
      /root\.path.*mount the root in the runtime's mount namespace: needs mount_setattr\(2\), Linux 5\.12/,
    );
    t.same(at.mounts(), before, call);
  }
});

t.test("refused: what a user namespace may not, the runtime's own root, checkpoint and restore", async (t) => {
  const box = sandbox(t);
  const at = await place(t, box, "private");
  const user = box.runContainer(
    (config) => {
      inherits(config);
      withUserNamespace(config);
    },
    { via: at.via },
  );
  t.equal(user.status, 1);
  t.match(
    user.stderr,
    /linux\.namespaces: a user namespace has no right to mount in the runtime's mount namespace \(add /,
  );
  const root = box.runContainer(
    (config) => {
      inherits(config);
      config.root.path = "/";
    },
    { via: at.via },
  );
  t.equal(root.status, 1);
  t.match(
    root.stderr,
    /root\.path: \/: a container in the runtime's mount namespace can't have the runtime's own root/,
  );
  const bundle = box.bundle(paused());
  const id = started(box, at, bundle);
  const images = join(box.dir, "images");
  const kept = box.run(["checkpoint", "--image-path", images, id], { via: at.via });
  t.equal(kept.status, 1);
  t.match(kept.stderr, /linux\.namespaces: criu can't keep a container that is in the runtime's mount namespace/);
  t.equal(box.state(id)!.status, "running");
  mkdirSync(images, { recursive: true });
  const restored = box.run(["restore", "--image-path", images, "--bundle", bundle, box.id()], { via: at.via });
  t.match(restored.stderr, /criu can't keep a container that is in the runtime's mount namespace/);
});

t.test("capabilities that lead out are warned about", async (t) => {
  const box = sandbox(t);
  const at = await place(t, box, "private");
  const result = box.runContainer(
    (config) => {
      inherits(config);
      const names = [...config.process.capabilities!.bounding!, "CAP_SYS_CHROOT"];
      config.process.capabilities = { bounding: names, effective: names, permitted: names };
    },
    { via: at.via },
  );
  t.equal(result.status, 0);
  t.match(result.stderr, /with CAP_SYS_CHROOT it can reach the host's files/);
});
