// A user without privileges: the config of `spec --rootless`, the whole life of a container, what it sees.
// The tests run as root and become that user. (What is refused: rootless-refused.test.ts.)

import { readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { type TestConfig, withoutNamespace } from "../helpers/config.js";
import { parseReport } from "../helpers/report.js";
import { GID, noUser, UID, user } from "../helpers/rootless.js";
import { runtime, until } from "../helpers/sandbox.js";

const options = { skip: noUser() } as const;
const own = (type: string) => readlinkSync(`/proc/self/ns/${type}`);

t.test("spec --rootless runs as it is written", options, async (t) => {
  const me = user(t);
  const bundle = me.bundle();
  // Exactly what spec writes, with its terminal: script(1) lends one.
  t.equal(me.command(["rm", `${bundle}/config.json`]).status, 0);
  t.equal(me.run(["spec", "--rootless", "--bundle", bundle]).status, 0);
  const typed = "id; cat /proc/self/uid_map /proc/self/setgroups; tty; hostname; exit 7\n";
  const command = `${runtime} --root ${me.root} run --bundle ${bundle} ${me.id()}`;
  const result = me.command(["script", "--quiet", "--return", "--command", command, "/dev/null"], { input: typed });
  t.equal(result.status, 7, result.stdout);
  t.match(result.stdout, /uid=0\(root\) gid=0\(root\)/);
  t.match(result.stdout, new RegExp(`^ +0 +${UID} +1\\r?$`, "m"));
  t.match(result.stdout, /^deny\r?$/m);
  t.match(result.stdout, /^\/dev\/pts\/0\r?$/m);
  t.match(result.stdout, /^runt\r?$/m);
  t.notMatch(result.stdout, /level=warning/, "nothing to warn of: no limit was asked for");
});

t.test("with terminal false: what the program gets", options, async (t) => {
  const me = user(t);
  const report = me.probe();
  t.match(report.uid_map[0]!.trim().split(/ +/), ["0", String(UID), "1"]);
  t.match(report.gid_map[0]!.trim().split(/ +/), ["0", String(GID), "1"]);
  t.match(report.setgroups, /deny/);
  t.match(report.status.Groups!.trim(), "", "none of the caller's groups");
  for (const type of ["user", "mnt", "pid", "ipc", "uts"]) t.not(report.namespaces[type], own(type), type);
  t.equal(report.namespaces.net, own("net"), "the host's network");
  t.equal(report.pid, 1);
  t.same(
    report.fds.map(({ fd }) => fd).filter((fd) => fd > 2),
    [],
  );
  t.equal(report.status.NoNewPrivs!.trim(), "1");
  t.match(report.keyring, /_ses|^$/);
});

t.test("the life of a container, and where it is kept", options, async (t) => {
  const me = user(t);
  const id = me.id();
  const bundle = me.bundle((config) => {
    config.process.args = ["/bin/sh", "-c", "sleep 1000 & sleep 1000"];
  });
  const run = (...args: string[]) => me.run(args, { root: [] });
  t.teardown(() => run("delete", "--force", id));
  t.equal(run("list").stdout.trim().split("\n").length, 1, "an empty list before anything was made");
  const created = run("create", "--bundle", bundle, id);
  t.equal(created.status, 0, created.stderr);
  const root = join(me.runtimeDir, "runt");
  t.equal(statSync(root).mode & 0o7777, 0o1700, "$XDG_RUNTIME_DIR/runt, sticky");
  t.equal(statSync(root).uid, UID);
  t.equal(JSON.parse(run("state", id).stdout).status, "created");
  t.match(run("list").stdout, new RegExp(`^${id} +\\d+ +created `, "m"));
  t.equal(run("start", id).status, 0);
  const { pid, status } = JSON.parse(run("state", id).stdout);
  t.equal(status, "running");
  t.match(readFileSync(`/proc/${pid}/status`, "utf8"), new RegExp(`^Uid:\t${UID}\t${UID}\t`, "m"));
  await until("both sleep", () => run("ps", id).stdout.split("sleep").length - 1 >= 2);
  t.match(run("ps", id).stdout.split("\n")[0], /PID/);
  t.match(run("delete", id).stderr, /cannot delete container .* that is not stopped: running/);
  t.equal(run("kill", id, "KILL").status, 0);
  await until("it has stopped", () => JSON.parse(run("state", id).stdout).status === "stopped");
  t.match(run("kill", id, "KILL").stderr, /container not running/);
  t.equal(run("delete", id).status, 0);
  t.match(run("state", id).stderr, /container does not exist/);
  const background = run("run", "--detach", "--bundle", bundle, id);
  t.equal(background.status, 0, background.stderr);
  t.equal(run("delete", "--force", id).status, 0);
});

t.test("root of the host sees a user's container; to act on it is the user's", options, async (t) => {
  const me = user(t);
  const id = me.id();
  t.equal(me.run(["create", "--bundle", me.bundle(({ process }) => (process.args = ["sleep", "60"])), id]).status, 0);
  const root = (...args: string[]) => me.box.run(["--root", me.root, ...args, id]);
  const refuses = (command: string, ...more: string[]) => {
    const refused = root(command, ...more);
    t.not(refused.status, 0, command);
    t.match(refused.stderr, /the container is user \d+'s \(only that user can act on it/, command);
  };
  refuses("start");
  t.equal(me.state(id)?.status, "created");
  t.equal(me.run(["start", id]).status, 0);
  t.match(JSON.parse(root("state").stdout), { status: "running" });
  refuses("kill");
  refuses("delete");
  refuses("delete", "--force");
  t.equal(me.state(id)?.status, "running");
  t.equal(me.run(["delete", "--force", id]).status, 0);
});

t.test("exec into a container that waits for its start", options, async (t) => {
  const me = user(t);
  const made = (edit?: (config: TestConfig) => void) => {
    const id = me.id();
    const bundle = me.bundle((config) => {
      config.process.args = ["sleep", "60"];
      edit?.(config);
    });
    t.equal(me.run(["create", "--bundle", bundle, id]).status, 0);
    return id;
  };
  const id = made();
  const init = me.state(id)!.pid;
  for (const state of ["created", "running"]) {
    t.equal(me.state(id)!.status, state);
    const report = parseReport(me.run(["exec", id, "/bin/probe"]).stdout);
    t.same([report.uid, report.hostname], [0, "runt"], state);
    const namespaces = ["user", "mnt", "pid", "ipc", "uts"];
    const of = (type: string) => readlinkSync(`/proc/${init}/ns/${type}`);
    t.same(
      namespaces.map((type) => report.namespaces[type]),
      namespaces.map(of),
      state,
    );
    if (state === "created") t.equal(me.run(["start", id]).status, 0);
  }
  // Where others could trace it before its filter is loaded it stays hidden, and exec does not guess.
  const open = made((config) => {
    withoutNamespace(config, "pid");
    config.mounts = config.mounts.filter(({ type }) => type !== "proc");
    config.linux.maskedPaths = [];
    config.linux.readonlyPaths = [];
  });
  const refused = me.run(["exec", open, "/bin/true"]);
  t.equal(refused.status, 255);
  t.match(
    refused.stderr,
    /linux\.namespaces: look at the namespaces of the container's first process, \d+: permission denied/,
  );
});

t.test("without a cgroup there is no pause, and that is said", options, async (t) => {
  const me = user(t);
  const bundle = me.bundle((config) => {
    config.process.args = ["/bin/probe", "pause"];
  });
  const id = me.id();
  t.equal(me.run(["run", "--detach", "--bundle", bundle, id]).status, 0);
  const paused = me.run(["pause", id]);
  t.equal(paused.status, 1);
  t.match(paused.stderr, /pause: the container has no cgroup/);
  t.match(me.run(["resume", id]).stderr, /container not paused/);
});

t.test("a pid namespace that is the host's: all that came of it is killed", options, async (t) => {
  const me = user(t);
  const bundle = me.bundle((config) => {
    withoutNamespace(config, "pid");
    config.mounts = config.mounts.filter(({ type }) => type !== "proc");
    config.linux.maskedPaths = [];
    config.linux.readonlyPaths = [];
    config.process.args = ["/bin/sh", "-c", "sleep 1003 & sleep 1003"];
  });
  const id = me.id();
  t.equal(me.run(["run", "--detach", "--bundle", bundle, id]).status, 0);
  const listed = () => [...me.run(["ps", id]).stdout.matchAll(/^\S+ +(\d+)/gm)].map(([, pid]) => pid!).filter(Number);
  await until("both are listed", () => listed().length === 2);
  const pids = listed();
  t.equal(me.run(["kill", id, "KILL"]).status, 0);
  const gone = (pid: string) => {
    try {
      return /^State:\t[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
    } catch {
      return true;
    }
  };
  await until("both have ended", () => pids.every(gone));
});

t.test("sysfs: a new one with a network namespace, else the host's", options, async (t) => {
  const me = user(t);
  const sysfs = { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] };
  const names = (network: boolean) =>
    me.shell("ls /sys/class/net; touch /sys/x 2>/dev/null || echo read-only", (config) => {
      config.mounts = config.mounts.map((mount) => (mount.destination === "/sys" ? sysfs : mount));
      if (network) config.linux.namespaces.push({ type: "network" });
    });
  t.equal(names(true), "lo\nread-only");
  t.match(names(false), /^lo$[\s\S]*read-only$/m);
});

t.test("devices are the host's, and can't be changed", options, async (t) => {
  const me = user(t);
  const text = me.shell(
    "for n in null zero full random urandom tty; do stat -c '%n %F %t:%T' /dev/$n; done; head -c 3 /dev/zero | wc -c; chmod 0 /dev/null 2>/dev/null || echo refused; ls -l /dev/pipe",
    (config) => {
      config.linux.devices = [{ path: "/dev/pipe", type: "p", fileMode: 0o600 }];
    },
  );
  t.match(text, /\/dev\/null character special file 1:3/);
  t.match(text, /\/dev\/tty character special file 5:0/);
  t.match(text, /^3\nrefused\nprw-------/m);
});

t.test("a bind mount keeps the flags that the host has locked", options, async (t) => {
  const me = user(t);
  const text = me.shell(
    "grep ' /mnt ' /proc/self/mountinfo; touch /mnt/x 2>/dev/null || echo read-only",
    (config, bundle) => {
      me.command(["mkdir", "-p", `${bundle}/rootfs/mnt`]);
      config.mounts.push({ destination: "/mnt", type: "none", source: "/mnt", options: ["bind", "ro"] });
    },
    { prepare: "mount -t tmpfs -o nosuid,nodev,noexec tmpfs /mnt; chmod 777 /mnt" },
  );
  t.match(text, / \/mnt ro,nosuid,nodev,noexec/);
  t.match(text, /read-only$/);
});

t.test("an option that would loosen a locked flag is refused, and said what to leave out", options, async (t) => {
  const me = user(t);
  const result = me.runContainer(
    (config) => {
      config.mounts.push({ destination: "/mnt", type: "none", source: "/mnt", options: ["bind", "exec"] });
    },
    { prepare: "mount -t tmpfs -o nosuid,nodev,noexec tmpfs /mnt; chmod 777 /mnt" },
  );
  t.equal(result.status, 1);
  t.match(
    result.stderr,
    /mounts\[\d+\] .*noexec.*operation not permitted \(a user namespace may not loosen .* leave the opt/,
  );
});

t.test("an overlay root, whose writable layer goes with the container", options, async (t) => {
  const me = user(t);
  const result = me.runContainer((config) => {
    config.root.readonly = false;
    config.annotations = { "runt.rootfs.overlay": "true" };
    config.process.args = [
      "/bin/sh",
      "-c",
      "mkdir -p /new/deep && chmod 0 /new && rm /bin/awk && echo > /file && ls /file",
    ];
  });
  t.equal(result.status, 0, result.stderr);
  t.equal(result.stdout, "/file\n");
  t.match(me.run(["list", "--quiet"]).stdout, "", "nothing is left");
});

t.test("a container joins the namespaces of another", options, async (t) => {
  const me = user(t);
  const first = me.id();
  const bundle = me.bundle((config) => {
    config.linux.namespaces.push({ type: "network" });
    config.process.args = ["/bin/probe", "pause"];
  });
  t.equal(me.run(["run", "--detach", "--bundle", bundle, first]).status, 0);
  const { pid } = me.state(first)!;
  const report = me.probe((config) => {
    config.linux.namespaces = [
      { type: "mount" },
      ...[["user"], ["network", "net"], ["pid"], ["ipc"], ["uts"]].map(([type, file]) => ({
        type: type!,
        path: `/proc/${pid}/ns/${file ?? type}`,
      })),
    ];
    delete config.hostname;
    delete config.linux.uidMappings;
    delete config.linux.gidMappings;
  });
  for (const type of ["user", "net", "pid", "ipc", "uts"]) {
    t.equal(report.namespaces[type], readlinkSync(`/proc/${pid}/ns/${type}`), type);
  }
  t.not(report.pid, 1);

  // Root joins it as well: setgroups is denied there, and none of root's groups go along.
  const rooted = me.box.run(
    [
      "run",
      "--bundle",
      me.box.bundle((config) => {
        config.linux.namespaces = [{ type: "mount" }, { type: "pid" }, { type: "user", path: `/proc/${pid}/ns/user` }];
        config.process.user.additionalGids = [5];
        config.mounts = config.mounts.filter(({ type }) => type === "proc" || type === "tmpfs");
        delete config.hostname;
      }),
      me.box.id(),
    ],
    { via: ["setpriv", "--groups", "5,6"] },
  );
  t.equal(rooted.status, 0, rooted.stderr);
  t.match(rooted.stderr, /additional groups are not set: the user namespace denies it/);
  t.equal(parseReport(rooted.stdout).status.Groups!.trim(), "", "not 5, not 6, not nogroup");
});
