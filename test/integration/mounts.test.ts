// Mounts: those of the default config, binds, readonly, masked, propagation, order.

import { existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { withUserNamespace } from "../helpers/config.js";
import { mountAt, parseMount } from "../helpers/report.js";
import { repository, sandbox } from "../helpers/sandbox.js";

t.test("the mounts of the default config, in order, and no mount of the host", async (t) => {
  const report = sandbox(t).probe();
  const mounts = report.mounts.map(parseMount);
  const first = (destination: string) => mounts.findIndex((mount) => mount.destination === destination);
  const order = ["/", "/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys"].map(first);
  t.notOk(order.includes(-1), "all are there");
  t.same(
    [...order].sort((a, b) => a - b),
    order,
    "in the order of the config",
  );
  t.match(mountAt(report, "/proc"), { type: "proc" });
  t.match(mountAt(report, "/dev"), { type: "tmpfs", source: "tmpfs" });
  t.ok(mountAt(report, "/dev")!.options.includes("nosuid"));
  t.notOk(mountAt(report, "/dev")!.options.includes("relatime"), "strictatime");
  t.ok(mountAt(report, "/dev")!.superOptions.includes("size=65536k"));
  t.match(mountAt(report, "/dev/pts"), { type: "devpts" });
  t.ok(mountAt(report, "/dev/pts")!.superOptions.includes("ptmxmode=666"));
  t.ok(mountAt(report, "/dev/pts")!.superOptions.includes("gid=5"));
  for (const option of ["nosuid", "nodev", "noexec"]) {
    t.ok(mountAt(report, "/dev/shm")!.options.includes(option), `/dev/shm ${option}`);
    t.ok(mountAt(report, "/dev/mqueue")!.options.includes(option), `/dev/mqueue ${option}`);
  }
  t.match(mountAt(report, "/dev/mqueue"), { type: "mqueue" });
  t.match(mountAt(report, "/sys"), { type: "sysfs" });
  t.ok(mountAt(report, "/sys")!.options.includes("ro"));
  const hosts = mounts.filter(({ destination }) => destination.startsWith(repository) || destination.includes("/old"));
  t.same(hosts, [], "the old root is gone");
  for (const mount of mounts) t.same(mount.propagation, [], `${mount.destination} is private`);
});

t.test("/sys/fs/cgroup shows the container's own cgroups, read-only", async (t) => {
  const box = sandbox(t);
  const report = box.probe();
  const below = report.mounts.map(parseMount).filter(({ destination }) => destination.startsWith("/sys/fs/cgroup"));
  t.ok(below.length > 0);
  for (const mount of below.filter(({ type }) => type.startsWith("cgroup"))) {
    t.equal(mount.root, "/", `${mount.destination} is rooted at the container's cgroup`);
    t.ok(mount.options.includes("ro"), `${mount.destination} is read-only`);
  }
  t.ok(below.some(({ type }) => type.startsWith("cgroup")));
});

t.test("a bind mount shows the host's files; changes go both ways", async (t) => {
  const box = sandbox(t);
  const shared = join(box.dir, "shared");
  mkdirSync(shared);
  writeFileSync(join(shared, "file"), "from the host");
  const text = box.shell("cat /made/here/file; echo from inside > /made/here/other", (config) => {
    config.mounts.push({ destination: "/made/here", type: "none", source: shared, options: ["bind"] });
  });
  t.equal(text, "from the host");
  t.equal(readFileSync(join(shared, "other"), "utf8"), "from inside\n");
});

t.test("a bind mount of a file, on a destination that is not there", async (t) => {
  const box = sandbox(t);
  writeFileSync(join(box.dir, "one"), "one file");
  const text = box.shell("cat /etc/deep/er/one", (config) => {
    config.mounts.push({
      destination: "/etc/deep/er/one",
      type: "bind",
      source: join(box.dir, "one"),
      options: ["rbind", "ro"],
    });
  });
  t.equal(text, "one file");
});

t.test("a relative bind source is below the bundle", async (t) => {
  const text = sandbox(t).shell("cat /data/name", (config, bundle) => {
    mkdirSync(join(bundle, "data"));
    writeFileSync(join(bundle, "data/name"), "in the bundle");
    config.mounts.push({ destination: "/data", source: "data", options: ["bind"] });
  });
  t.equal(text, "in the bundle");
});

t.test("a missing bind source is named", async (t) => {
  const result = sandbox(t).runContainer((config) => {
    config.mounts.push({ destination: "/data", type: "bind", source: "/no/such/source", options: ["bind"] });
  });
  t.equal(result.status, 1);
  t.match(result.stderr, /mounts\[7\].*\/no\/such\/source.*no such file or directory/);
});

t.test("rbind brings the mounts below along, bind does not", async (t) => {
  const box = sandbox(t);
  const shared = join(box.dir, "shared");
  mkdirSync(join(shared, "below"), { recursive: true });
  // In a mount namespace of our own: the host sees nothing of it.
  const via = [
    "unshare",
    "-m",
    "sh",
    "-c",
    `mount -t tmpfs tmpfs ${shared}/below && touch ${shared}/below/x && exec "$@"`,
    "sh",
  ];
  const look = (option: string) =>
    box.runContainer(
      (config) => {
        config.process.args = ["/bin/ls", "/data/below"];
        config.mounts.push({ destination: "/data", source: shared, options: [option] });
      },
      { via },
    ).stdout;
  t.equal(look("rbind"), "x\n");
  t.equal(look("bind"), "");
});

t.test("root.readonly", async (t) => {
  const box = sandbox(t);
  const script = "touch /file 2>&1; touch /dev/shm/file && echo shm; touch /dev/file && echo dev";
  const text = box.shell(script, (config) => {
    config.root.readonly = true;
    config.mounts.push({ destination: "/made/for/it", type: "tmpfs", source: "tmpfs" });
  });
  t.match(text, /touch: \/file: Read-only file system\nshm\ndev/, "only the root itself, not what is mounted on it");
});

t.test("maskedPaths: directories are empty, files are the null device; none is writable", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config, bundle) => {
    writeFileSync(join(bundle, "rootfs/etc/secret"), "secret");
    mkdirSync(join(bundle, "rootfs/hidden"));
    writeFileSync(join(bundle, "rootfs/hidden/file"), "secret");
    config.linux.maskedPaths = ["/etc/secret", "/hidden", "/proc/kcore", "/proc/no/such/thing", "/sys/firmware"];
    config.process.args = [
      "/bin/sh",
      "-c",
      "cat /etc/secret; ls -a /hidden; touch /hidden/x; cat /proc/kcore; ls /sys/firmware",
    ];
  });
  const result = box.run(["run", "--bundle", bundle, box.id()]);
  t.equal(result.stdout, ".\n..\n");
  t.match(result.stderr, /touch: \/hidden\/x: Read-only file system/);
  t.equal(readFileSync(join(bundle, "rootfs/etc/secret"), "utf8"), "secret", "the image keeps its file");
});

t.test("readonlyPaths: readable, not writable, with the mounts below", async (t) => {
  const box = sandbox(t);
  const script =
    "cat /proc/sys/kernel/ostype; touch /etc/x; touch /tmp/x && echo tmp; ls -d /etc/sub/x; echo x > /proc/sys/kernel/domainname";
  const result = box.runContainer((config, bundle) => {
    mkdirSync(join(bundle, "rootfs/etc/sub"));
    mkdirSync(join(bundle, "sub/x"), { recursive: true });
    config.mounts.push({ destination: "/etc/sub", source: "sub", options: ["bind"] });
    config.linux.readonlyPaths = ["/proc/sys", "/etc", "/not/there"];
    config.process.args = ["/bin/sh", "-c", script];
  });
  t.equal(result.stdout, "Linux\ntmp\n/etc/sub/x\n");
  t.equal(result.stderr.match(/Read-only file system/g)?.length, 2, result.stderr);
});

t.test("rootfsPropagation", async (t) => {
  const box = sandbox(t);
  const root = (propagation?: string) =>
    mountAt(
      box.probe((config) => {
        config.linux.rootfsPropagation = propagation;
      }),
      "/",
    )!.propagation;
  t.match(root("shared"), [/^shared:/]);
  t.same(root("private"), []);
  t.match(root("unbindable"), ["unbindable"]);
  t.same(root(undefined), []);
});

t.test("a mount of the container does not travel to the host", async (t) => {
  const box = sandbox(t);
  const before = box.hostMounts();
  const bundle = box.bundle((config) => {
    config.linux.rootfsPropagation = "shared";
    config.process.args = ["/bin/probe", "pause"];
    config.mounts.push({ destination: "/extra", type: "tmpfs", source: "tmpfs" });
  });
  // With / shared, as systemd makes it: what is made inside must not be seen outside.
  const inside = box.run(["run", "--bundle", bundle, "--detach", box.id()], {
    via: [
      "unshare",
      "-m",
      "--propagation",
      "shared",
      "sh",
      "-c",
      '"$@"; status=$?; cat /proc/self/mountinfo >&2; exit $status',
      "sh",
    ],
  });
  t.equal(inside.status, 0, inside.stderr);
  t.notMatch(inside.stderr, /\/extra/);
  t.notMatch(inside.stderr, new RegExp(`${bundle}/rootfs/`));
  t.same(box.hostMounts(), before);
});

t.test("mount points are made once, and the image gets nothing else", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.mounts.push({ destination: "/new/dir", type: "tmpfs", source: "tmpfs" });
  });
  t.equal(box.run(["run", "--bundle", bundle, box.id()]).status, 0);
  t.ok(lstatSync(join(bundle, "rootfs/new/dir")).isDirectory());
  t.equal(lstatSync(join(bundle, "rootfs/new/dir")).mode & 0o7777, 0o755);
  t.notOk(existsSync(join(bundle, "rootfs/dev/null")), "/dev is a tmpfs: nothing of it is in the image");
});

t.test("mounts in a user namespace", async (t) => {
  const box = sandbox(t);
  const report = box.probe((config) => {
    withUserNamespace(config);
    config.mounts.push({ destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["mode=1777"] });
  });
  for (const destination of ["/proc", "/dev", "/dev/pts", "/dev/shm", "/sys", "/tmp"]) {
    t.ok(mountAt(report, destination), destination);
  }
});

t.test("a later mount covers an earlier one", async (t) => {
  const text = sandbox(t).shell("ls /data", (config, bundle) => {
    for (const name of ["one", "two"]) {
      mkdirSync(join(bundle, name));
      writeFileSync(join(bundle, name, name), "");
      config.mounts.push({ destination: "/data", source: name, options: ["bind"] });
    }
  });
  t.equal(text, "two");
});

t.test("a destination through a symlink of the image stays inside the root", async (t) => {
  const box = sandbox(t);
  const { symlinkSync } = await import("node:fs");
  const outside = join(box.dir, "outside");
  mkdirSync(outside);
  const bundle = box.bundle((config, bundle) => {
    symlinkSync(outside, join(bundle, "rootfs/link"));
    config.mounts.push({ destination: "/link/sub", type: "tmpfs", source: "tmpfs" });
    config.process.args = ["/bin/sh", "-c", "cut -d' ' -f5 /proc/self/mountinfo | grep -c ^/tmp/"];
  });
  const result = box.run(["run", "--bundle", bundle, box.id()]);
  t.equal(result.stdout, "1\n", result.stderr);
  t.notOk(existsSync(join(outside, "sub")), "the host's directory of that name is not touched");
});
