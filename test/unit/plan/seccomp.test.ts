import t from "tap";
import {
  seccompActions,
  seccompArchitectures,
  seccompFlags,
  seccompFlagValue,
  seccompOperators,
  seccompProfile,
} from "../../../src/plan/seccomp.js";
import type { LinuxSeccomp, LinuxSeccompAction, LinuxSyscall } from "../../../src/spec/types.gen.js";
import { indexOf, ops, planOf, stepsOf } from "./fixtures.js";

const ALLOW = 0x7fff0000;
const ERRNO = 0x00050000;
const profile = (seccomp: Partial<LinuxSeccomp>) => seccompProfile({ defaultAction: "SCMP_ACT_ALLOW", ...seccomp });

t.test("actions", (t) => {
  const table: [LinuxSeccompAction, number][] = [
    ["SCMP_ACT_KILL", 0],
    ["SCMP_ACT_KILL_THREAD", 0],
    ["SCMP_ACT_KILL_PROCESS", 0x80000000],
    ["SCMP_ACT_TRAP", 0x00030000],
    ["SCMP_ACT_ERRNO", ERRNO + 1],
    ["SCMP_ACT_TRACE", 0x7ff00001],
    ["SCMP_ACT_LOG", 0x7ffc0000],
    ["SCMP_ACT_ALLOW", ALLOW],
  ];
  for (const [defaultAction, value] of table) {
    t.equal(profile({ defaultAction }).profile.defaultAction, value, defaultAction);
    t.ok(seccompActions().includes(defaultAction));
  }
  t.equal(profile({ defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 38 }).profile.defaultAction, ERRNO + 38);
  t.equal(profile({ defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 0 }).profile.defaultAction, ERRNO);
  t.end();
});

const notify: LinuxSyscall = { names: ["mkdir"], action: "SCMP_ACT_NOTIFY" };

t.test("notify", (t) => {
  const { profile: made, flags, listener } = profile({ syscalls: [notify], listenerPath: "/s", listenerMetadata: "x" });
  t.equal(made.rules[0]!.action, 0x7fc00000);
  t.equal(flags, 4 | 8, "a listener is made");
  t.same(listener, { path: "/s", metadata: "x" });
  t.same(profile({ syscalls: [notify], listenerPath: "/s" }).listener, { path: "/s" });
  t.ok(seccompActions().includes("SCMP_ACT_NOTIFY"));
  const unused = profile({ listenerPath: "/s" });
  t.equal(unused.listener, undefined, "a path alone is to be ignored");
  t.equal(unused.flags, 4);
  t.end();
});

t.test("notify: what hands the listener over must pass", (t) => {
  const allow = (...names: string[]) => ({ names, action: "SCMP_ACT_ALLOW" }) as const;
  const works = (seccomp: Partial<LinuxSeccomp>) =>
    t.doesNotThrow(() => profile({ listenerPath: "/s", ...seccomp, syscalls: [notify, ...(seccomp.syscalls ?? [])] }));
  const fails = (call: string, seccomp: Partial<LinuxSeccomp>) =>
    t.throws(() => profile({ listenerPath: "/s", ...seccomp, syscalls: [notify, ...(seccomp.syscalls ?? [])] }), {
      message: new RegExp(`^linux\\.seccomp: .* does not allow the ${call} syscall`),
    });
  works({ defaultAction: "SCMP_ACT_LOG" });
  works({ defaultAction: "SCMP_ACT_ERRNO", syscalls: [allow("sendmsg", "recvmsg")] });
  works({ syscalls: [{ names: ["sendmsg"], action: "SCMP_ACT_LOG" }] });
  fails("sendmsg", { defaultAction: "SCMP_ACT_ERRNO" });
  fails("recvmsg", { defaultAction: "SCMP_ACT_ERRNO", syscalls: [allow("sendmsg")] });
  fails("sendmsg", { syscalls: [{ names: ["sendmsg"], action: "SCMP_ACT_ERRNO" }] });
  const args = [{ index: 0, value: 5, op: "SCMP_CMP_NE" as const }];
  fails("sendmsg", { defaultAction: "SCMP_ACT_ERRNO", syscalls: [{ ...allow("sendmsg", "recvmsg"), args }] });
  t.end();
});

t.test("calls that the profile can't know of", (t) => {
  const newer = (seccomp: Partial<LinuxSeccomp>) => profile(seccomp).profile.refuseNewer;
  for (const defaultAction of ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"] as const)
    t.equal(newer({ defaultAction }), false, defaultAction);
  for (const defaultAction of ["SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP"] as const)
    t.equal(newer({ defaultAction }), true, defaultAction);
  t.equal(newer({ defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 38 }), false, "ENOSYS already");
  t.end();
});

t.test("architectures are libseccomp's tokens", (t) => {
  t.equal(seccompArchitectures().length, 23);
  t.same(
    profile({
      architectures: ["SCMP_ARCH_X86", "SCMP_ARCH_X86_64", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64", "SCMP_ARCH_RISCV64"],
    }).profile.architectures,
    [0x40000003, 0xc000003e, 0x4000003e, 0xc00000b7, 0xc00000f3],
  );
  t.same(profile({}).profile.architectures, []);
  t.end();
});

t.test("flags", (t) => {
  t.equal(profile({}).flags, 4, "without a list speculation is left on");
  t.equal(profile({ flags: [] }).flags, 0);
  t.equal(profile({ flags: ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_TSYNC"] }).flags, 3);
  t.equal(profile({ flags: ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"] }).flags, 0, "only with an agent");
  t.equal(seccompFlags().length, 4);
  t.equal(seccompFlagValue("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"), 32);
  t.equal(seccompFlagValue("SECCOMP_FILTER_FLAG_FOO"), undefined);
  t.end();
});

t.test("rules with conditions", (t) => {
  const { rules } = profile({
    syscalls: [
      { names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 2 },
      {
        names: ["clone"],
        action: "SCMP_ACT_KILL",
        args: [
          { index: 0, value: 0x7e020000, valueTwo: 2n ** 63n, op: "SCMP_CMP_MASKED_EQ" },
          { index: 1, value: 5, op: "SCMP_CMP_NE" },
        ],
      },
    ],
  }).profile;
  t.same(rules, [
    { names: ["mkdir", "mkdirat"], action: ERRNO + 2, args: [] },
    {
      names: ["clone"],
      action: 0,
      args: [
        { index: 0, op: 7, value: 0x7e020000, valueTwo: 2n ** 63n },
        { index: 1, op: 1, value: 5, valueTwo: 0 },
      ],
    },
  ]);
  t.equal(seccompOperators().length, 7);
  t.end();
});

t.test("two conditions on one argument are two rules", (t) => {
  const { rules } = profile({
    syscalls: [
      {
        names: ["personality"],
        action: "SCMP_ACT_LOG",
        args: [
          { index: 0, value: 0, op: "SCMP_CMP_EQ" },
          { index: 0, value: 8, op: "SCMP_CMP_EQ" },
        ],
      },
    ],
  }).profile;
  t.same(
    rules.map(({ args }) => args.map(({ value }) => value)),
    [[0], [8]],
  );
  t.end();
});

t.test("early with capabilities, last with no_new_privs", (t) => {
  const filter = new Uint8Array(16);
  const plan = (noNewPrivileges: boolean, waitForStart = false, startContainer = [{ path: "/hook" }]) =>
    planOf(
      (config) => {
        config.linux!.seccomp = { defaultAction: "SCMP_ACT_ALLOW" };
        config.process.noNewPrivileges = noNewPrivileges;
        config.process.user = { uid: 5, gid: 5 };
        config.hooks = { startContainer };
      },
      { request: { seccomp: { filter, flags: 4 }, waitForStart } },
    );
  const early = plan(false);
  t.same(stepsOf(early, "set_seccomp"), [{ op: "set_seccomp", flags: 4, filter }]);
  t.equal(indexOf(early, "drop_bounding") - indexOf(early, "set_seccomp"), 1);
  for (const waits of [false, true]) {
    const late = plan(true, waits);
    t.same(ops(late).slice(-4), ["set_seccomp", "run_hook", "close_descriptors", "execute"], "for hooks, too");
    t.ok(indexOf(late, "set_no_new_privs") < indexOf(late, "set_seccomp"));
  }
  t.same(ops(plan(true, false, [])).slice(-3), ["close_descriptors", "set_seccomp", "execute"]);
  t.end();
});

t.test("below an early filter only calls that profiles for containers must allow", (t) => {
  const plan = planOf(
    (config) => {
      config.linux!.seccomp = { defaultAction: "SCMP_ACT_ALLOW" };
      config.linux!.maskedPaths = ["/proc/kcore"];
      config.linux!.sysctl = { "net.ipv4.ip_forward": "1" };
      config.process.user = { uid: 5, gid: 5 };
      config.process.cwd = "/work";
      config.process.rlimits = [{ type: "RLIMIT_NOFILE", soft: 5, hard: 6 }];
      config.process.selinuxLabel = "a:b:c";
      config.root.readonly = true;
      config.hooks = { startContainer: [{ path: "/hook" }] };
    },
    { host: { selinux: true }, request: { seccomp: { filter: new Uint8Array(8), flags: 0 }, waitForStart: true } },
  );
  t.same(ops(plan).slice(indexOf(plan, "set_seccomp") + 1), [
    "drop_bounding",
    "set_securebits",
    "enter_user",
    "set_capabilities",
    "change_directory",
    "set_capabilities",
    "find_program",
    "sync",
    "listen_start",
    "run_hook",
    "close_descriptors",
    "execute",
  ]);
  t.end();
});

t.test("a filter that was not compiled is a bug of the caller", (t) => {
  t.throws(() =>
    planOf((config) => {
      config.linux!.seccomp = { defaultAction: "SCMP_ACT_ALLOW" };
    }),
  );
  t.end();
});
