import t from "tap";
import { capabilityNames } from "../../../src/plan/capabilities.js";
import type { LinuxCapabilities } from "../../../src/spec/types.gen.js";
import { planOf, stepsOf, withUserNamespace, type Changes } from "./fixtures.js";

const plan = (capabilities?: LinuxCapabilities, changes?: Changes) =>
  planOf((config) => {
    config.process.capabilities = capabilities;
  }, changes);
const sets = (...args: Parameters<typeof plan>) => stepsOf(plan(...args), "set_capabilities")[0];

t.test("numbers are the kernel's", (t) => {
  const names = capabilityNames();
  t.equal(names.length, 41);
  t.equal(new Set(names).size, 41);
  const table: [string, number][] = [
    ["CAP_CHOWN", 0],
    ["CAP_SETPCAP", 8],
    ["CAP_NET_ADMIN", 12],
    ["CAP_SYS_ADMIN", 21],
    ["CAP_MKNOD", 27],
    ["CAP_SETFCAP", 31],
    ["CAP_MAC_OVERRIDE", 32],
    ["CAP_SYSLOG", 34],
    ["CAP_AUDIT_READ", 37],
    ["CAP_CHECKPOINT_RESTORE", 40],
  ];
  for (const [name, number] of table) t.equal(names[number], name);
  t.end();
});

t.test("five sets", (t) => {
  const all = plan({
    bounding: ["CAP_CHOWN", "CAP_BPF"],
    permitted: ["CAP_CHOWN", "CAP_KILL"],
    effective: ["CAP_KILL"],
    inheritable: ["CAP_CHOWN"],
    ambient: ["CAP_CHOWN"],
  });
  t.same(stepsOf(all, "drop_bounding"), [{ op: "drop_bounding", keep: 1n | (1n << 39n) }]);
  t.same(stepsOf(all, "set_capabilities"), [
    { op: "set_capabilities", permitted: 33n, effective: 32n, inheritable: 1n, ambient: 1n },
  ]);
  t.same(all.warnings, []);
  t.end();
});

t.test("absent is none", (t) => {
  const none = { permitted: 0n, effective: 0n, inheritable: 0n, ambient: 0n };
  t.match(sets(undefined), none);
  t.match(sets({}), none);
  t.match(sets({ effective: [] }), none);
  t.same(stepsOf(plan(), "drop_bounding"), [{ op: "drop_bounding", keep: 0n }]);
  t.end();
});

t.test("what nobody knows or can grant is warned about, once, and left out", (t) => {
  const unknown = plan({ bounding: ["CAP_FOO", "CAP_CHOWN"], permitted: ["CAP_FOO", "CAP_BAR"] });
  t.same(unknown.warnings, ["ignoring unknown or unavailable capabilities: [CAP_BAR CAP_FOO]"]);
  t.same(stepsOf(unknown, "drop_bounding")[0]!.keep, 1n);
  const old = plan({ bounding: ["CAP_BPF"] }, { host: { lastCapability: 37 } });
  t.same(old.warnings, ["ignoring unknown or unavailable capabilities: [CAP_BPF]"]);
  const few = plan({ permitted: ["CAP_SYS_BOOT", "CAP_KILL"] }, { host: { capabilities: (1n << 5n) | (1n << 21n) } });
  t.same(few.warnings, ["ignoring unknown or unavailable capabilities: [CAP_SYS_BOOT]"]);
  t.equal(stepsOf(few, "set_capabilities")[0]!.permitted, 1n << 5n);
  t.equal(plan({ permitted: ["cap_kill"] }).warnings.length, 1, "names are exact");
  t.end();
});

t.test("effective without permitted can't be granted", (t) => {
  const all = plan({ effective: ["CAP_KILL", "CAP_CHOWN"], permitted: ["CAP_CHOWN"] });
  t.same(all.warnings, ["process.capabilities: effective without being permitted, so not granted: CAP_KILL"]);
  t.equal(stepsOf(all, "set_capabilities")[0]!.effective, 1n);
  t.end();
});

t.test("ambient without permitted and inheritable can't be granted", (t) => {
  const all = plan({
    permitted: ["CAP_CHOWN", "CAP_KILL"],
    inheritable: ["CAP_CHOWN", "CAP_SETUID"],
    ambient: ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID"],
  });
  const why = "ambient without being permitted and inheritable, so not granted: CAP_KILL, CAP_SETUID";
  t.same(all.warnings, [`process.capabilities: ${why}`]);
  t.equal(stepsOf(all, "set_capabilities")[0]!.ambient, 1n);
  t.end();
});

t.test("ambient and nothing inheritable, as runc spec writes: not worth a word at every start", (t) => {
  const all = plan({ permitted: ["CAP_CHOWN"], ambient: ["CAP_CHOWN"] });
  t.same(all.warnings, []);
  t.equal(stepsOf(all, "set_capabilities")[0]!.ambient, 0n);
  t.end();
});

t.test("a user namespace has all, whatever the caller has", (t) => {
  const all = planOf(
    (config) => {
      withUserNamespace(config);
      config.process.capabilities = { permitted: ["CAP_SYS_ADMIN"] };
    },
    { host: { capabilities: 0n } },
  );
  t.same(all.warnings, []);
  t.equal(stepsOf(all, "set_capabilities")[0]!.permitted, 1n << 21n);
  t.end();
});
