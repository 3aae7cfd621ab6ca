// Labels of security modules: who is confined by them, which file systems get them.

import t from "tap";
import { hintFor } from "../../../src/container/hints.js";
import { indexOf, linesAt, ops, planOf, ROOTLESS, stepsOf, withOwnIds } from "./fixtures.js";

const SELINUX = { host: { selinux: true } };
const LABEL = "system_u:object_r:container_file_t:s0:c1,c2";

t.test("selinuxLabel: the program's, and its session keyring's", async (t) => {
  const plan = planOf((config) => {
    config.process.selinuxLabel = "system_u:system_r:container_t:s0:c1,c2";
  }, SELINUX);
  t.same(linesAt(plan, "/process/selinuxLabel"), [
    "write_self file=attr/keycreate text=system_u:system_r:container_t:s0:c1,c2",
    'write_self file=attr/keycreate text="\\n"',
    "set_exec_label lsm=selinux label=system_u:system_r:container_t:s0:c1,c2",
  ]);
  const keyring = indexOf(plan, "join_keyring");
  t.equal(plan.steps[keyring - 1]!.step.op, "write_self");
  t.equal(plan.steps[keyring + 1]!.step.op, "write_self", "later keys are the kernel's to label");
  t.ok(indexOf(plan, "set_exec_label") < ops(plan).indexOf("drop_bounding"));
  const kept = planOf(
    (config) => {
      config.process.selinuxLabel = "a:b:c:d";
    },
    { ...SELINUX, request: { noNewKeyring: true } },
  );
  t.notOk(ops(kept).includes("write_self"), "the caller's keyring keeps its label");
});

t.test("selinuxLabel without SELinux is refused, empty it is nothing", async (t) => {
  const plan = (selinuxLabel: string, noNewKeyring: boolean) =>
    planOf(
      (config) => {
        config.process.selinuxLabel = selinuxLabel;
      },
      { request: { noNewKeyring } },
    );
  for (const noNewKeyring of [false, true]) {
    t.throws(() => plan("a:b:c:d", noNewKeyring), { message: /^process\.selinuxLabel \(a:b:c:d\): the label is for/ });
    t.notOk(ops(plan("", noNewKeyring)).includes("set_exec_label"));
  }
});

t.test("mountLabel: all new file systems but those with contexts of the policy", async (t) => {
  const plan = (selinux: boolean, type: string) =>
    planOf(
      (config) => {
        config.linux!.mountLabel = LABEL;
        config.linux!.namespaces!.push({ type: "ipc" });
        config.mounts = [{ destination: "/x", type, source: type }];
        if (type === "proc") config.mounts[0]!.destination = "/proc";
      },
      { host: { selinux } },
    );
  for (const type of ["tmpfs", "devpts", "ext4", "ramfs"]) {
    t.match(stepsOf(plan(true, type), "make_filesystem")[0], { type, parameters: [`context=${LABEL}`], data: "" });
  }
  for (const type of ["proc", "sysfs", "mqueue"]) {
    t.same(stepsOf(plan(true, type), "make_filesystem")[0]!.parameters, [], type);
  }
  t.throws(() => plan(false, "tmpfs"), { message: /^linux\.mountLabel: the label is for SELinux/ });
  const bind = planOf((config) => {
    config.linux!.mountLabel = LABEL;
    config.mounts = [{ destination: "/x", source: "/srv", options: ["bind"] }];
  }, SELINUX);
  t.notOk(ops(bind).includes("make_filesystem"), "files of the host are not relabelled");
});

t.test("mountLabel: the overlay root and the folder of v1 hierarchies too", async (t) => {
  const plan = planOf((config) => {
    config.linux!.mountLabel = LABEL;
    config.annotations = { "runt.rootfs.overlay": "true" };
    config.mounts = [{ destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup" }];
  }, SELINUX);
  const made = stepsOf(plan, "make_filesystem").map(({ type, parameters }) => [type, parameters.at(-1)]);
  t.match(made, [
    ["overlay", `context=${LABEL}`],
    ["tmpfs", `context=${LABEL}`],
  ]);
});

t.test("both modules' labels, for a user without privileges as well", async (t) => {
  const plan = planOf(
    (config) => {
      withOwnIds(config);
      config.process.apparmorProfile = "some profile";
      config.process.selinuxLabel = "a:b:c:d";
    },
    { host: { ...ROOTLESS, selinux: true, apparmor: true } },
  );
  t.match(stepsOf(plan, "set_exec_label"), [
    { lsm: "apparmor", label: "some profile" },
    { lsm: "selinux", label: "a:b:c:d" },
  ]);
});

t.test("what the kernel's refusals mean", async (t) => {
  t.match(hintFor("set_exec_label", 2, "set apparmor profile x"), /no such profile is loaded/);
  t.match(hintFor("set_exec_label", 22, "set selinux label x"), /no such label/);
  t.match(hintFor("write_self", 22, 'write "x" to /proc/self/attr/keycreate'), /no such label/);
  t.equal(hintFor("write_self", 13, 'write "x" to /proc/self/attr/keycreate'), undefined);
});
