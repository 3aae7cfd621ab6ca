// More ids than the own one: newuidmap and newgidmap; and a caller that is root of a user namespace
// which an engine has made, as rootless Podman calls.

import { chownSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { TestConfig } from "../helpers/config.js";
import { withoutNamespace } from "../helpers/config.js";
import { GID, noMappers, noUser, SUBORDINATE, UID, user, withSubordinateIds } from "../helpers/rootless.js";

const options = { skip: noUser() || noMappers() } as const;
const words = (line: string) => line.trim().split(/ +/);

t.test("ids of /etc/subuid and /etc/subgid", options, async (t) => {
  const me = user(t);
  const report = me.probe(
    (config) => {
      withSubordinateIds(config);
      config.process.user = { uid: 5, gid: 6, additionalGids: [7, 8] };
    },
    { prepare: me.names() },
  );
  t.same(report.uid_map.map(words), [
    ["0", String(UID), "1"],
    ["1", String(SUBORDINATE), "999"],
  ]);
  t.same(report.gid_map.map(words), [
    ["0", String(GID), "1"],
    ["1", String(SUBORDINATE), "999"],
  ]);
  t.match(report.setgroups, /allow/);
  t.same([report.uid, report.gid], [5, 6]);
  t.equal(report.status.Groups!.trim(), "7 8");
});

t.test("run.oci.keep_original_groups: what a group of the user's may read, the container may", options, async (t) => {
  const me = user(t);
  const group = SUBORDINATE - 1;
  const secret = join(me.box.dir, "secret");
  writeFileSync(secret, "for the group", { mode: 0o640 });
  chownSync(secret, 0, group);
  const read = (annotations: Record<string, string>) =>
    me.runContainer(
      (config) => {
        withSubordinateIds(config);
        config.annotations = annotations;
        config.mounts.push({ destination: "/secret", type: "bind", source: secret, options: ["bind"] });
        config.process.args = ["/bin/cat", "/secret"];
      },
      { prepare: me.names(), setpriv: [`--groups=${group}`] },
    );
  t.match(read({}), { status: 1, stderr: /Permission denied/ });
  t.match(read({ "run.oci.keep_original_groups": "1" }), { status: 0, stdout: "for the group" });
});

t.test("an overlay root with files of many users goes with the container", options, async (t) => {
  const me = user(t);
  const id = me.id();
  const bundle = me.bundle((config) => {
    withSubordinateIds(config);
    config.root.readonly = false;
    config.annotations = { "runt.rootfs.overlay": "true" };
    const sets = config.process.capabilities!;
    for (const set of Object.values(sets)) set.push("CAP_CHOWN", "CAP_DAC_OVERRIDE");
    config.process.args = [
      "/bin/sh",
      "-c",
      "mkdir -p /a/b && touch /a/b/c && chmod 700 /a && chown -R 5:6 /a && stat -c %u:%g /a",
    ];
  });
  const result = me.run(["run", "--bundle", bundle, id], { prepare: me.names() });
  t.equal(result.status, 0, result.stderr);
  t.equal(result.stdout, "5:6\n");
  t.equal(result.stderr, "");
  t.equal(statSync(join(me.root, id), { throwIfNoEntry: false }), undefined, "nothing is left");
});

t.test("mappings that are not the user's to make: the cause is named", options, async (t) => {
  const me = user(t);
  const fails = (prepare: string | undefined, message: RegExp, setpriv: string[] = []) => {
    const result = me.runContainer(withSubordinateIds, { ...(prepare ? { prepare } : {}), setpriv });
    t.equal(result.status, 1, String(message));
    t.match(result.stderr, message);
    t.match(result.stderr, /linux\.uidMappings: run \/usr\/bin\/newuidmap PID 0 61234 1 1 700000 999: exit status 1/);
  };
  fails(
    me.names("somebody:1:2"),
    /\(\/etc\/subuid gives user runt-tester nothing, and not 700000-700998; .*usermod --add-subuids/,
  );
  fails(me.names(`${UID}:700000:10`), /\(\/etc\/subuid gives user runt-tester 700000-700009, and not 700000-700998/);
  fails(undefined, /\(user 61234 has no name in \/etc\/passwd/);
  fails(me.names(), /\(this process has no_new_privs set/, ["--no-new-privs"]);
  const groups = me.runContainer(withSubordinateIds, { prepare: me.names(undefined, "nobody:1:1") });
  t.equal(groups.status, 1);
  t.match(
    groups.stderr,
    /linux\.gidMappings: run \/usr\/bin\/newgidmap .*\(\/etc\/subgid gives user runt-tester nothing/,
  );
  t.same(me.run(["list", "--quiet"]).stdout, "", "nothing is left");
});

/** What rootless Podman hands over: no user namespace, no cgroupsPath; the namespace around is its own. */
function asPodman(config: TestConfig): void {
  withoutNamespace(config, "user");
  delete config.linux.uidMappings;
  delete config.linux.gidMappings;
  delete config.linux.cgroupsPath;
  config.linux.namespaces.push({ type: "network" });
  config.mounts = config.mounts.map((mount) =>
    mount.destination === "/sys" ? { ...mount, type: "sysfs", source: "sysfs", options: ["nosuid", "ro"] } : mount,
  );
}

const inside = ["unshare", "--user", "--map-auto", "--map-root-user", "--mount", "--propagation", "slave"];

t.test("root of a user namespace that an engine made", options, async (t) => {
  const me = user(t);
  const podman = { prepare: me.names(), via: inside, root: [] };
  const report = me.probe((config) => {
    asPodman(config);
    config.process.user = { uid: 5, gid: 6, additionalGids: [7] };
  }, podman);
  t.same([report.uid, report.gid, report.status.Groups!.trim()], [5, 6, "7"]);
  t.same(words(report.uid_map[0]!), ["0", String(UID), "1"], "the engine's user namespace");
  t.equal(statSync(join(me.runtimeDir, "runt")).mode & 0o7777, 0o1700, "kept below $XDG_RUNTIME_DIR");
  const nested = me.probe((config) => {
    config.linux.uidMappings = [{ containerID: 0, hostID: 1, size: 100 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: 1, size: 100 }];
  }, podman);
  t.same(words(nested.uid_map[0]!), ["0", "1", "100"], "a user namespace inside");
  const missing = me.runContainer((config) => {
    config.linux.uidMappings = [{ containerID: 0, hostID: 5000, size: 1 }];
  }, podman);
  t.equal(missing.status, 1);
  t.match(
    missing.stderr,
    /linux\.uidMappings: write "0 5000 1" to .*operation not permitted \(the caller's own user namespace has the ids 0, 1-\d+, and not 5000\)/,
  );
});

t.test("root of a user namespace that has no mount namespace of its own", options, async (t) => {
  const me = user(t);
  const result = me.runContainer(
    (config) => {
      config.process.args = ["/bin/cat", "/proc/self/uid_map"];
      for (const map of ["uidMappings", "gidMappings"] as const) {
        config.linux[map] = [{ containerID: 0, hostID: 0, size: 1 }];
      }
      config.mounts.push({ destination: "/etc", source: "/etc", options: ["rbind", "rro"] });
    },
    { via: ["unshare", "--user", "--map-root-user"], root: [] },
  );
  t.same([result.status, words(result.stdout)], [0, ["0", "0", "1"]], result.stderr);
});

t.test("root of a user namespace where setgroups is denied", options, async (t) => {
  const me = user(t);
  const result = me.runContainer(
    (config) => {
      asPodman(config);
      config.process.user = { uid: 0, gid: 0, additionalGids: [7] };
      config.process.args = ["/bin/cat", "/proc/self/setgroups"];
    },
    { via: ["unshare", "--user", "--map-root-user", "--mount", "--propagation", "slave"], root: [] },
  );
  t.equal(result.status, 0, result.stderr);
  t.equal(result.stdout, "deny\n");
  t.match(result.stderr, /additionalGids: not set: this user namespace does not allow setgroups/);
});

t.test("host's proc and mqueue in a user namespace, made by root", { skip: noUser() }, async (t) => {
  const { box } = user(t);
  const mounts = box.shell("grep -c . /proc/1/comm; stat -f -c %T /proc; ls -d /dev/mqueue", (config) => {
    config.linux.namespaces = [{ type: "mount" }, { type: "user" }, { type: "uts" }];
    config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 1000 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 1000 }];
    config.mounts = config.mounts.filter(({ type }) => type !== "cgroup");
  });
  t.equal(mounts, "1\nproc\n/dev/mqueue");
  const pid = readFileSync("/proc/self/stat", "utf8").split(" ")[0]!;
  const joined = box.runContainer((config) => {
    config.linux.namespaces = [{ type: "mount" }, { type: "user" }, { type: "pid", path: `/proc/${pid}/ns/pid` }];
    config.linux.uidMappings = [{ containerID: 0, hostID: 100000, size: 1000 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 1000 }];
    delete config.hostname;
  });
  t.equal(joined.status, 1);
  t.match(joined.stderr, /mounts\[0\].*proc shows a pid namespace that does not belong .*join the user namespace/);
});
