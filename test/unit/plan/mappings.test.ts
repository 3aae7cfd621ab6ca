import t from "tap";
import { deniesSetgroups, hostId, KEEP_GROUPS_ANNOTATION } from "../../../src/plan/mappings.js";
import type { LinuxIDMapping } from "../../../src/spec/types.gen.js";
import { planOf, ROOT, ROOTLESS, smallConfig, stepsOf, withOwnIds, withUserNamespace } from "./fixtures.js";

t.test("ids of the host", (t) => {
  const mappings = [
    { containerID: 0, hostID: 1000, size: 1 },
    { containerID: 1, hostID: 100000, size: 10 },
  ];
  t.equal(hostId(mappings, 0), 1000);
  t.equal(hostId(mappings, 1), 100000);
  t.equal(hostId(mappings, 10), 100009);
  t.equal(hostId(mappings, 11), undefined);
  t.equal(hostId(undefined, 0), undefined);
  t.end();
});

t.test("setgroups is denied only where the kernel asks for it", (t) => {
  const denies = (uid: LinuxIDMapping, gid: LinuxIDMapping, host = ROOTLESS) => {
    const config = smallConfig();
    withOwnIds(config);
    config.linux!.uidMappings = [uid];
    config.linux!.gidMappings = [gid];
    return deniesSetgroups(config, host);
  };
  const own = { containerID: 0, hostID: 1000, size: 1 };
  t.equal(denies(own, own), true);
  t.equal(denies(own, { ...own, hostID: 1001 }), false);
  t.equal(denies(own, { ...own, size: 2 }), false);
  t.equal(denies({ ...own, size: 2 }, own), false);
  const free = { ...ROOTLESS, capabilities: 0xc0n };
  t.equal(denies(own, own, free), false, "with CAP_SETUID and CAP_SETGID over the own user namespace");
  const root = { containerID: 0, hostID: 0, size: 1 };
  t.equal(denies(root, root, { ...ROOT, rootless: true }), false, "root of a user namespace, as Podman calls");
  t.equal(denies(root, root, { ...ROOT, rootless: true, capabilities: 0n }), true, "root without the capabilities");
  t.end();
});

t.test("groups that can't be set are warned about", (t) => {
  const groups = (edit: Parameters<typeof planOf>[0], host = {}) => {
    const plan = planOf(
      (config) => {
        config.process.user.additionalGids = [5, 6];
        edit?.(config);
      },
      { host },
    );
    return { user: stepsOf(plan, "enter_user").at(-1), warnings: plan.warnings };
  };
  t.match(
    groups(() => {}),
    { user: { groups: [5, 6], keepGroups: 0 }, warnings: [] },
  );
  t.match(groups(withUserNamespace), { user: { groups: [5, 6], keepGroups: 0 }, warnings: [] });
  const warnings = ["process.user.additionalGids: not set: this user namespace does not allow setgroups(2)"];
  t.match(groups(withOwnIds, ROOTLESS), { user: { groups: [], keepGroups: 1 }, warnings });
  t.match(
    groups(() => {}, { setgroupsDenied: true }),
    { user: { groups: [], keepGroups: 1 }, warnings },
  );
  t.match(
    groups(withUserNamespace, { setgroupsDenied: true }),
    { user: { groups: [], keepGroups: 1 }, warnings },
    "what is denied outside is denied inside",
  );
  t.match(
    groups((config) => config.linux!.namespaces!.push({ type: "user", path: "/proc/9/ns/user" }), ROOTLESS),
    { user: { groups: [5, 6], keepGroups: 2 }, warnings: [] },
    "only runt-init sees what a namespace that is joined allows",
  );
  const kept = (value: string) => groups((config) => (config.annotations = { [KEEP_GROUPS_ANNOTATION]: value }));
  t.match(kept("1"), {
    user: { groups: [], keepGroups: 1 },
    warnings: [
      "process.user.additionalGids: not set: the annotation run.oci.keep_original_groups keeps the caller's groups",
    ],
  });
  t.match(kept("0"), { user: { groups: [5, 6], keepGroups: 0 }, warnings: [] });
  t.end();
});

t.test("whoever sets up is root of the namespace, or the process's user when root is not mapped", (t) => {
  const plan = planOf((config) => {
    config.process.user = { uid: 7, gid: 8 };
    withUserNamespace(config);
    config.linux!.uidMappings![0]!.containerID = 7;
  });
  t.match(stepsOf(plan, "enter_user")[0], { uid: 7, gid: 0 });
  t.end();
});

t.test("mappings beside a namespace that is joined do nothing, and that is said", (t) => {
  const plan = planOf((config) => {
    withUserNamespace(config);
    config.linux!.namespaces!.find(({ type }) => type === "user")!.path = "/proc/9/ns/user";
  });
  t.match(plan.warnings, [/^linux\.namespaces\[2\] \(user from \/proc\/9\/ns\/user\): .* are not used/]);
  t.end();
});
