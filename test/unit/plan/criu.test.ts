// The programs around criu.

import t from "tap";
import { findBind, findDevice, planCriu, planMountPoints, planRestore } from "../../../src/plan/criu.js";
import type { Plan } from "../../../src/plan/types.js";
import { ROOT, smallConfig } from "./fixtures.js";

const command = { path: "/usr/sbin/criu", args: ["swrk", "3"], env: ["PATH=/bin"], preserve: 2 };
const request = {
  id: "box",
  bundle: "/bundle",
  stateDir: "/run/runt/box",
  notifyDirectory: "/run/runt/box/notify",
  stage: "/run/runt",
  sources: [],
  cgroups: { join: ["/cg/v1"], into: "/cg/v2" },
};
const ops = ({ steps }: Plan) => steps.map(({ step }) => step.op);
const stepOf = ({ steps }: Plan, op: string) => steps.find(({ step }) => step.op === op)?.step;

t.test("criu by itself", async (t) => {
  const plan = planCriu(command);
  t.same(ops(plan), ["find_program", "close_descriptors", "execute"]);
  t.match(stepOf(plan, "close_descriptors"), { first: 5 }, "nothing of the engine's stays open");
  t.match(stepOf(plan, "execute"), { args: ["criu", "swrk", "3"], env: ["PATH=/bin"] });
});

t.test("criu for a restore", async (t) => {
  const config = { ...smallConfig(), root: { path: "rootfs", readonly: true } };
  config.process.noNewPrivileges = true;
  const plan = planRestore(config, ROOT, request, command);
  t.same(ops(plan), [
    ...["join_cgroup", "join_cgroup", "unshare", "set_host_propagation", "clone_tree", "make_filesystem"],
    ...[
      "attach_root",
      "make_directory",
      "attach_root",
      "set_root",
      "set_no_new_privs",
      "find_program",
      "close_descriptors",
      "execute",
    ],
  ]);
  t.match(stepOf(plan, "clone_tree"), { path: "/bundle/rootfs" });
  t.match(stepOf(plan, "attach_root"), { path: "/run/runt" });
  const systemd = planRestore(
    smallConfig(),
    ROOT,
    { ...request, cgroups: { join: [], into: "/cg", wait: true } },
    command,
  );
  t.same(ops(systemd).slice(0, 2), ["sync", "unshare"], "systemd puts it into the cgroup");
  t.notOk(ops(systemd).includes("set_no_new_privs"));
});

t.test("sources of external mounts have the flags that config.json says", async (t) => {
  const config = smallConfig();
  config.mounts = [{ destination: "/data/", source: "/srv", options: ["bind", "ro", "nosuid"] }];
  const sources = [
    { name: "m0", source: { kind: "mount", destination: "/data" }, mountPoint: "/srv" },
    { name: "m1", source: { kind: "null" } },
    { name: "m2", source: { kind: "device", path: "/dev/zero" }, mountPoint: "/dev" },
    { name: "m3", source: { kind: "notify" } },
  ] as const;
  const { steps } = planRestore(config, ROOT, { ...request, sources }, command);
  const shown = steps.flatMap(({ step }) => {
    if (step.op === "clone_tree") return [step.path];
    return step.op === "attach_tree" || step.op === "attach_root"
      ? [`at ${"path" in step ? step.path : step.target}`]
      : [];
  });
  t.same(shown, [
    ...["/srv", "/dev/null", "/dev", "/run/runt/box/notify", "/bundle/rootfs", "at /run/runt"],
    ...["at /m0", "at /m1", "at /m2", "at /m3", "at /run/runt/root"],
  ]);
  t.ok(
    steps.some(({ step }) => step.op === "set_tree" && step.set === 3),
    "read-only, nosuid",
  );
  t.equal(findBind(config, "/data//").mount.source, "/srv");
  t.throws(() => findBind(config, "/other"), /a bind mount at \/other, and config\.json has none there/);
  t.equal(findDevice(config, "/dev/null"), "/dev/null");
  for (const path of ["/dev/sda", "/dev/../etc/shadow"]) {
    t.throws(() => findDevice(config, path), /the host's device .*, and config\.json has none there/);
  }
});

t.test("the root of a user namespace is opened with the host's rights", async (t) => {
  const config = smallConfig();
  config.linux!.namespaces!.push({ type: "user" });
  const list = ops(planRestore(config, ROOT, request, command));
  t.ok(list.indexOf("clone_tree") > list.indexOf("unshare"), "in the mount namespace of criu");
  t.equal(list.includes("sync"), false, "criu makes the user namespace");
});

t.test("mount points that are missing", async (t) => {
  const config = smallConfig();
  config.mounts = [
    { destination: "/proc", type: "proc" },
    { destination: "/dev", type: "tmpfs" },
    { destination: "/dev/shm", type: "tmpfs" },
    { destination: "/sys/fs/cgroup", type: "cgroup" },
    { destination: "/data", source: "/srv/data", options: ["rbind", "ro"] },
    { destination: "/dev/file", source: "/srv/file", options: ["bind"] },
    { destination: "/data/sub/", source: "here", options: ["bind"] },
    { destination: "/data", options: ["remount", "rw"] },
  ];
  const steps = planMountPoints(config, ROOT, request).steps.map(({ step }) => step);
  const paths = steps.flatMap((step) => {
    if (step.op === "make_directory") return [`directory ${step.path}`];
    if (step.op === "attach_tree") return [`bind ${step.target}`];
    return [];
  });
  t.same(
    paths,
    ["directory /proc", "directory /dev", "bind /data", "bind /data/sub"],
    "what lies on a tmpfs comes with it",
  );
  t.same(
    steps.flatMap((step) => (step.op === "clone_tree" ? [step.path] : [])),
    ["/bundle/rootfs", "/srv/data", "/bundle/here"],
  );
  t.equal(
    steps.some(({ op }) => op === "execute"),
    false,
  );
});
