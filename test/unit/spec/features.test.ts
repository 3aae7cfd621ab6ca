import t from "tap";
import { type FeatureTables, features } from "../../../src/spec/features.js";
import { outcomeOf } from "./documents.js";

const tables: FeatureTables = {
  mountOptions: ["ro", "bind"],
  capabilities: ["CAP_CHOWN", "CAP_BPF"],
  namespaces: ["user", "pid"],
  seccomp: {
    actions: ["SCMP_ACT_TRAP", "SCMP_ACT_ALLOW"],
    operators: ["SCMP_CMP_NE", "SCMP_CMP_EQ"],
    archs: ["SCMP_ARCH_X86_64"],
    knownFlags: ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG"],
    supportedFlags: ["SECCOMP_FILTER_FLAG_LOG"],
  },
  cgroup: { v1: true, v2: true, systemd: false, systemdUser: false, rdma: true },
  apparmor: true,
  selinux: false,
  intelRdt: { enabled: false, schemata: false, monitoring: false },
  idmap: true,
  netDevices: false,
  annotations: { "io.github.seccomp.libseccomp.version": "2.5.4" },
  unsafeAnnotations: ["bundle", "org.systemd.property."],
};

t.test("the document fits its schema and says what the tables say", async (t) => {
  const document = features(tables);
  const { message } = await outcomeOf(JSON.stringify(document), "features");
  t.equal(message, "");
  t.strictSame(Object.keys(document), [
    "ociVersionMin",
    "ociVersionMax",
    "hooks",
    "mountOptions",
    "linux",
    "annotations",
    "potentiallyUnsafeConfigAnnotations",
  ]);
  t.equal(document.ociVersionMin, "1.0.0");
  t.equal(document.ociVersionMax, "1.3.0");
  t.strictSame(document.hooks, [
    "prestart",
    "createRuntime",
    "createContainer",
    "startContainer",
    "poststart",
    "poststop",
  ]);
  t.strictSame(document.mountOptions, ["bind", "ro"]);
  t.strictSame(document.linux?.namespaces, ["pid", "user"]);
  t.strictSame(document.linux?.capabilities, ["CAP_CHOWN", "CAP_BPF"], "in the kernel's order");
  t.strictSame(document.linux?.mountExtensions, { idmap: { enabled: true } });
  t.notOk("memoryPolicy" in document.linux!);
});

t.test("memory policies are named when there are some", async (t) => {
  const document = features({ ...tables, memoryPolicy: { modes: ["MPOL_BIND"], flags: [] } });
  t.strictSame(document.linux?.memoryPolicy, { modes: ["MPOL_BIND"], flags: [] });
});

t.test("a bad features document is told apart", async (t) => {
  const { problems } = await outcomeOf('{"ociVersionMin": "1.0.0", "hooks": "all"}', "features");
  t.strictSame(
    problems.map(({ where, cause }) => `${where}: ${cause}`),
    ["ociVersionMax: required property is missing", 'hooks: expected an array, found "all"'],
  );
});
