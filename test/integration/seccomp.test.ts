// seccomp: actions, operators, flags, architectures; early and late by noNewPrivileges.

import t from "tap";
import type { TestConfig } from "../helpers/config.js";
import { edited } from "../helpers/refused.js";
import { sandbox } from "../helpers/sandbox.js";

interface Rule {
  names: string[];
  action: string;
  errnoRet?: number;
  args?: { index: number; value: number | bigint; valueTwo?: number | bigint; op: string }[];
}

function withRules(config: TestConfig, ...syscalls: Rule[]): void {
  config.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls };
}

t.test("SCMP_ACT_ERRNO: EPERM, or the errno of the rule", async (t) => {
  const box = sandbox(t);
  const result = box.runContainer((config) => {
    withRules(
      config,
      { names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO" },
      { names: ["mknod", "mknodat"], action: "SCMP_ACT_ERRNO", errnoRet: 38 },
    );
    config.process.args = ["/bin/probe", "tries", "mkdir", "/x", "--", "mknod", "/y", "c", "1", "3", "--", "getcwd"];
  });
  t.equal(
    result.stdout,
    "mkdir: Operation not permitted\nmknod: Function not implemented\ngetcwd: ok\n",
    result.stderr,
  );
});

t.test("the probe says so when there is no filter", async (t) => {
  const box = sandbox(t);
  t.equal(box.probe().status.Seccomp, "0");
  const filtered = box.probe((config) => withRules(config, { names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO" }));
  t.equal(filtered.status.Seccomp, "2");
  t.equal(filtered.status.Seccomp_filters, "1");
});

t.test("a default action of ERRNO with a list of what is allowed", async (t) => {
  const box = sandbox(t);
  // biome-ignore format: a word list
  const allowed = [
    "execve", "write", "writev", "exit", "exit_group", "set_tid_address", "ioctl", "arch_prctl", "brk", "mmap", "munmap",
    "close", "openat", "read", "fstat", "rt_sigprocmask", "futex", "prctl", "capset", "chdir", "fcntl", "getdents64",
    "newfstatat", "setuid", "setgid", "setgroups", "setresuid", "setresgid", "capget", "close_range", "stat", "dup3",
    "mprotect", "rt_sigaction", "sendmsg", "recvmsg", "sendto", "recvfrom", "poll", "ppoll", "faccessat", "faccessat2", "fstatfs",
    "sched_yield", "rt_sigreturn", "nanosleep", "getpid", "gettid", "tgkill", "epoll_pwait", "epoll_ctl", "fstatat", "statx",
  ];
  const result = box.runContainer((config) => {
    config.linux.seccomp = {
      defaultAction: "SCMP_ACT_ERRNO",
      defaultErrnoRet: 13,
      syscalls: [{ names: allowed, action: "SCMP_ACT_ALLOW" }],
    };
    config.process.args = ["/bin/probe", "try", "mkdir", "/x"];
  });
  t.equal(result.stdout, "mkdir: Permission denied\n", result.stderr);
});

t.test("SCMP_ACT_KILL_PROCESS, _KILL_THREAD, _KILL and _TRAP end the process with SIGSYS", async (t) => {
  const box = sandbox(t);
  for (const action of ["SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL", "SCMP_ACT_TRAP"]) {
    const result = box.runContainer((config) => {
      withRules(config, { names: ["mkdir", "mkdirat"], action });
      config.process.args = ["/bin/probe", "try", "mkdir", "/x"];
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "pid");
    });
    t.equal(result.status, 128 + 31, `${action} ${result.stderr}`);
    t.equal(result.stdout, "");
  }
});

t.test("SCMP_ACT_TRACE is ENOSYS without a tracer; SCMP_ACT_LOG lets it pass", async (t) => {
  const box = sandbox(t);
  const result = box.runContainer((config) => {
    withRules(
      config,
      { names: ["mkdir", "mkdirat"], action: "SCMP_ACT_TRACE" },
      { names: ["getcwd"], action: "SCMP_ACT_LOG" },
    );
    config.process.args = ["/bin/probe", "tries", "mkdir", "/x", "--", "getcwd"];
  });
  t.equal(result.stdout, "mkdir: Function not implemented\ngetcwd: ok\n", result.stderr);
});

t.test("a filter may deny what runt-init itself checks the working directory with", async (t) => {
  const box = sandbox(t);
  for (const noNewPrivileges of [false, true]) {
    const result = box.runContainer((config) => {
      config.process.noNewPrivileges = noNewPrivileges;
      withRules(config, { names: ["getcwd"], action: "SCMP_ACT_ERRNO" });
      config.process.args = ["/bin/probe", "tries", "getcwd", "--", "mkdir", "/made"];
    });
    t.equal(result.stdout, "getcwd: Operation not permitted\nmkdir: ok\n", result.stderr);
  }
});

// socket(2) with an address family as first argument tells the operators apart.
const families = [1, 2, 10, 16, 17];
const operators: [string, number, number | undefined, (family: number) => boolean][] = [
  ["SCMP_CMP_EQ", 10, undefined, (family) => family === 10],
  ["SCMP_CMP_NE", 10, undefined, (family) => family !== 10],
  ["SCMP_CMP_LT", 10, undefined, (family) => family < 10],
  ["SCMP_CMP_LE", 10, undefined, (family) => family <= 10],
  ["SCMP_CMP_GT", 10, undefined, (family) => family > 10],
  ["SCMP_CMP_GE", 10, undefined, (family) => family >= 10],
  ["SCMP_CMP_MASKED_EQ", 16, 16, (family) => (family & 16) === 16],
];

for (const [op, value, valueTwo, hits] of operators) {
  t.test(op, async (t) => {
    const box = sandbox(t);
    const result = box.runContainer((config) => {
      withRules(config, {
        names: ["socket"],
        action: "SCMP_ACT_ERRNO",
        errnoRet: 99, // EADDRNOTAVAIL: nothing else gives it here
        args: [{ index: 0, value, ...(valueTwo === undefined ? {} : { valueTwo }), op }],
      });
      config.process.args = ["/bin/probe", "tries", ...families.flatMap((family) => ["socket", String(family), "--"])];
    });
    const lines = result.stdout.trim().split("\n");
    t.equal(lines.length, families.length, result.stderr);
    const refused = (family: number) => /Address not available|Cannot assign/.test(lines[families.indexOf(family)]!);
    for (const family of families) t.equal(refused(family), hits(family), `${op} ${value}: family ${family}`);
  });
}

t.test("two conditions in one rule must both hold", async (t) => {
  const result = sandbox(t).runContainer((config) => {
    withRules(config, {
      names: ["personality"],
      action: "SCMP_ACT_ERRNO",
      errnoRet: 99,
      args: [
        { index: 0, value: 1, op: "SCMP_CMP_GE" },
        { index: 0, value: 4, op: "SCMP_CMP_LE" },
      ],
    });
    config.process.args = ["/bin/probe", "tries", "personality", "0", "--", "personality", "3"];
  });
  // The same argument twice can't be one rule for the kernel's filter: runc and crun make one rule
  // of each, so that either refuses. 0 is LE 4, 3 is both.
  t.match(result.stdout, /^personality: .*\npersonality: Address not available\n$/, result.stderr);
});

t.test("a rule for a call of another architecture and unknown names do no harm", async (t) => {
  const result = sandbox(t).runContainer((config) => {
    config.linux.seccomp = {
      defaultAction: "SCMP_ACT_ALLOW",
      architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
      syscalls: [{ names: ["no_such_call_at_all", "mkdir", "mkdirat", "socketcall"], action: "SCMP_ACT_ERRNO" }],
    };
    config.process.args = ["/bin/probe", "try", "mkdir", "/x"];
  });
  t.equal(result.stdout, "mkdir: Operation not permitted\n", result.stderr);
});

t.test("flags", async (t) => {
  const box = sandbox(t);
  const report = box.probe((config) => {
    config.linux.seccomp = {
      defaultAction: "SCMP_ACT_ALLOW",
      flags: ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC"],
      syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO" }],
    };
  });
  t.equal(report.status.Seccomp, "2");
  const wrong = box.runContainer((config) => {
    config.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", flags: ["SECCOMP_FILTER_FLAG_NONE_SUCH"] };
  });
  t.equal(wrong.status, 1);
  t.match(wrong.stderr, /SECCOMP_FILTER_FLAG_NONE_SUCH/);
});

t.test("without noNewPrivileges too, and for a user that is not root", async (t) => {
  const box = sandbox(t);
  for (const noNewPrivileges of [true, false]) {
    const result = box.runContainer((config) => {
      config.process.noNewPrivileges = noNewPrivileges;
      config.process.user = { uid: 1000, gid: 1000 };
      withRules(config, { names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 38 });
      config.process.args = ["/bin/probe", "try", "mkdir", "/tmp/x"];
    });
    t.equal(result.stdout, "mkdir: Function not implemented\n", `${noNewPrivileges} ${result.stderr}`);
  }
});

t.test("a filter that refuses the calls of the runtime's own set-up, late", async (t) => {
  // With noNewPrivileges the filter comes last: what the set-up needs may be refused.
  const result = sandbox(t).runContainer((config) => {
    withRules(config, {
      names: ["mount", "pivot_root", "setresuid", "setresgid", "capset", "chdir", "sethostname", "unshare", "clone3"],
      action: "SCMP_ACT_KILL_PROCESS",
    });
    config.process.args = ["/bin/echo", "alive"];
  });
  t.equal(result.stdout, "alive\n", result.stderr);
});

t.test("a call that is newer than the profile is ENOSYS, one that it leaves out is the default", async (t) => {
  // biome-ignore format: a word list
  const allowed = [
    "execve", "write", "writev", "exit", "exit_group", "set_tid_address", "ioctl", "arch_prctl", "brk", "mmap", "munmap",
    "close", "openat", "read", "fstat", "newfstatat", "rt_sigprocmask", "futex", "prctl", "close_range", "mprotect", "fcntl",
    "rt_sigaction", "sendmsg", "setresuid", "setresgid", "capset", "chdir",
  ];
  const result = sandbox(t).runContainer((config) => {
    config.linux.seccomp = {
      defaultAction: "SCMP_ACT_ERRNO",
      syscalls: [{ names: allowed, action: "SCMP_ACT_ALLOW" }],
    };
    config.process.args = ["/bin/probe", "tries", "mkdir", "/x", "--", "syscall", "1000", "--", "syscall", "437"];
  });
  t.equal(
    result.stdout,
    "mkdir: Operation not permitted\nsyscall: Function not implemented\nsyscall: Function not implemented\n",
    result.stderr,
  );
});

t.test("with noNewPrivileges a profile needs to allow nothing for runt's sake but execve", async (t) => {
  const result = sandbox(t).runContainer((config) => {
    config.process.noNewPrivileges = true;
    config.linux.seccomp = {
      defaultAction: "SCMP_ACT_KILL_PROCESS",
      syscalls: [{ names: ["execve", "arch_prctl", "set_tid_address", "exit_group"], action: "SCMP_ACT_ALLOW" }],
    };
    config.process.args = ["/bin/probe", "exit", "7"];
  });
  t.equal(result.status, 7, result.stderr);
});

for (const defaultAction of ["SCMP_ACT_ERRNO", "SCMP_ACT_KILL_PROCESS"]) {
  t.test(
    `${defaultAction}, below which runt can't even end: an error that names the filter, no process that spins`,
    async (t) => {
      edited((config) => {
        config.process.noNewPrivileges = false;
        config.linux.seccomp = { defaultAction, syscalls: [{ names: ["execve"], action: "SCMP_ACT_ALLOW" }] };
      }, /runt-init was killed by signal \d+ \(the filter of linux\.seccomp may deny .*noNewPrivileges/)(t);
    },
  );
}

t.test("startContainer hooks run below the filter", async (t) => {
  const box = sandbox(t);
  for (const noNewPrivileges of [true, false]) {
    const { status, stderr } = box.runContainer((config) => {
      withRules(config, { names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO" });
      config.process.noNewPrivileges = noNewPrivileges;
      config.hooks = { startContainer: [{ path: "/bin/sh", args: ["sh", "-c", "mkdir /dev/shm/x"] }] };
    });
    t.equal(status, 1);
    t.match(stderr, /hooks\.startContainer\[0\].*Operation not permitted/);
  }
});

t.test("what fails below a filter says that the filter may be why", async (t) => {
  edited((config) => {
    config.process.noNewPrivileges = false;
    withRules(config, { names: ["capset"], action: "SCMP_ACT_ERRNO" });
  }, /process\.capabilities: .*: operation not permitted \(the filter of linux\.seccomp may deny/)(t);
});

t.test("a profile that denies execve is refused by create", async (t) => {
  edited(
    (config) => withRules(config, { names: ["execve"], action: "SCMP_ACT_KILL" }),
    /linux\.seccomp\.syscalls\[0\]\.action: SCMP_ACT_KILL for execve/,
  )(t);
});
