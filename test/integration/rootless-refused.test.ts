// What a user without privileges is refused, or goes on without, and what is said about it.

import t from "tap";
import { withoutNamespace } from "../helpers/config.js";
import { parseReport } from "../helpers/report.js";
import { noUser, user } from "../helpers/rootless.js";

const options = { skip: noUser() } as const;

t.test("a directory that is not the user's to keep containers in", options, async (t) => {
  const me = user(t);
  const bundle = me.bundle();
  for (const root of [[], ["--root", "/run/runt-test-nowhere"], ["--root", "/root"]]) {
    const result = me.run(["run", "--bundle", bundle, me.id()], { root, env: { XDG_RUNTIME_DIR: "" } });
    t.equal(result.status, 1);
    t.match(result.stderr, /permission denied \(containers are kept in .*--root.*XDG_RUNTIME_DIR/);
  }
});

t.test("no cgroup: the limits that are not applied are named, once", options, async (t) => {
  const me = user(t);
  const limits = { memory: { limit: 100_000_000 }, pids: { limit: 50 }, devices: [{ allow: false, access: "rwm" }] };
  const limited = me.runContainer((config) => {
    config.linux.resources = limits;
  });
  t.equal(limited.status, 0, limited.stderr);
  const warnings = limited.stderr.split("\n").filter((line) => line.includes("level=warning"));
  t.equal(warnings.length, 1, limited.stderr);
  t.match(
    warnings[0],
    /not applied: linux\.resources\.memory\.limit, linux\.resources\.pids\.limit; .*\((cgroup v1 has|run in a delegated)/,
  );
  t.equal(me.runContainer().stderr, "", "no limits, no warning");
  t.equal(me.runContainer(undefined, { root: ["--root", me.root, "--rootless=true"] }).status, 0);

  const asked = me.runContainer(undefined, { root: ["--root", me.root, "--rootless=false"] });
  t.equal(asked.status, 1, "--rootless=false: cgroups or nothing");
  t.match(asked.stderr, /create cgroup \/sys\/fs\/cgroup\/.*: permission denied \((cgroup v1 has|run in a delegated)/);
  const exact = me.runContainer((config) => {
    config.linux.cgroupsPath = "/runt-test-not-mine";
  });
  t.equal(exact.status, 1, "a path that is given is kept to");
  t.match(exact.stderr, /create cgroup \/sys\/fs\/cgroup\/.*runt-test-not-mine: permission denied/);
});

t.test("refused, with the cause", options, async (t) => {
  const me = user(t);
  const refused = (edit: Parameters<typeof me.bundle>[0], message: RegExp) => {
    const result = me.runContainer(edit);
    t.equal(result.status, 1, String(message));
    t.match(result.stderr, message);
  };
  refused((config) => {
    config.process.oomScoreAdj = -900;
  }, /process\.oomScoreAdj: write "-900" to \/proc\/self\/oom_score_adj: permission denied \(only CAP_SYS_RESOURCE/);
  refused((config) => {
    config.process.ioPriority = { class: "IOPRIO_CLASS_RT", priority: 1 };
  }, /process\.ioPriority \(IOPRIO_CLASS_RT\): .*operation not permitted \(the real-time class needs CAP_SYS_ADMIN/);
  refused((config) => {
    config.linux.namespaces.push({ type: "network", path: "/proc/1/ns/net" });
  }, /network from \/proc\/1\/ns\/net.*permission denied \(the process is another user's/);
  refused((config) => {
    config.process.rlimits = [{ type: "RLIMIT_RTPRIO", soft: 10, hard: 99 }];
  }, /process\.rlimits\[0\] \(RLIMIT_RTPRIO\): .*operation not permitted \(raising a hard limit needs CAP_SYS_RESOURCE\)/);
  refused((config) => {
    config.process.user = { uid: 5, gid: 0 };
  }, /process\.user: set uid 5: invalid argument \(the id is not mapped/);
  refused((config) => {
    withoutNamespace(config, "user");
    delete config.linux.uidMappings;
    delete config.linux.gidMappings;
  }, /linux\.namespaces: .*CAP_SYS_ADMIN.*\(add \{ "type": "user" \}/);
  refused(
    (config) => withoutNamespace(config, "pid"),
    /mounts\[0\] \(\/proc → proc\): proc shows a pid namespace that does not/,
  );
  refused((config) => withoutNamespace(config, "ipc"), /mqueue shows a ipc namespace that does not .*bind the host's/);
  refused((config) => {
    config.linux.devices = [{ path: "/dev/runt-none", type: "c", major: 1, minor: 3 }];
  }, /linux\.devices\[0\] \(\/dev\/runt-none\): open \/dev\/runt-none: no such file or directory/);
  refused((config) => {
    config.mounts.find(({ type }) => type === "devpts")!.options!.push("gid=5");
  }, /mounts\[2\] \(\/dev\/pts → devpts\): mount devpts.*invalid argument/);
});

t.test("groups that can't be set are a warning", options, async (t) => {
  const me = user(t);
  const result = me.runContainer((config) => {
    config.process.user = { uid: 0, gid: 0, additionalGids: [5] };
  });
  t.equal(result.status, 0, result.stderr);
  t.match(result.stderr, /process\.user\.additionalGids: not set: this user namespace does not allow setgroups/);
  t.equal(parseReport(result.stdout).status.Groups!.trim(), "");
});

t.test("a /proc that is covered in part: what covers it is named", options, async (t) => {
  const me = user(t);
  // One that is whole anywhere else in sight would do for the kernel.
  const others = `awk '$3 == "proc" && $2 != "/proc" { print $2 }' /proc/mounts | xargs -r umount -l`;
  const result = me.runContainer(undefined, { prepare: `${others}; mount -t tmpfs tmpfs /proc/tty` });
  t.equal(result.status, 1);
  t.match(
    result.stderr,
    /mounts\[0\] \(\/proc → proc\): mount proc: .*operation not permitted \(.*it is, by \/proc\/tty;/,
  );
});
