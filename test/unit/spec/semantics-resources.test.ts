import t from "tap";
import { isNumberList } from "../../../src/spec/semantics/check.js";
import { checkBad, checkGood, type Loose } from "./documents.js";

t.test("resources", async (t) => {
  const set = (resources: object) => (c: Loose) => (c.linux.resources = resources);
  const at = "linux.resources";
  const list = "expected a list of numbers and ranges such as 0-3,7";
  await checkBad(t, [
    [set({ memory: { limit: -2 } }), `${at}.memory.limit`, "expected a number of bytes, or -1 for no limit, found -2"],
    [
      set({ memory: { limit: 10, swap: 9 } }),
      `${at}.memory.swap`,
      "expected memory and swap together, so no less than memory.limit, which is 10, found 9",
    ],
    [set({ memory: { swappiness: 101 } }), `${at}.memory.swappiness`, "expected an integer from 0 to 100, found 101"],
    [set({ cpu: { quota: 5, burst: 6 } }), `${at}.cpu.burst`, "expected no more than cpu.quota, which is 5, found 6"],
    [set({ cpu: { cpus: "0-" } }), `${at}.cpu.cpus`, `${list}, found "0-"`],
    [set({ cpu: { mems: "zero" } }), `${at}.cpu.mems`, `${list}, found "zero"`],
    [set({ pids: { limit: -2 } }), `${at}.pids.limit`, "expected a number of tasks, or -1 for no limit, found -2"],
    [
      set({ devices: [{ allow: true, access: "" }] }),
      `${at}.devices[0].access`,
      'expected one of r, w and m at least, found ""',
    ],
    [
      set({ blockIO: { weightDevice: [{ major: 8, minor: 0 }] } }),
      `${at}.blockIO.weightDevice[0]`,
      "expected weight or leafWeight",
    ],
    [
      set({
        hugepageLimits: [
          { pageSize: "2MB", limit: 1 },
          { pageSize: "2MB", limit: 2 },
        ],
      }),
      `${at}.hugepageLimits[1].pageSize`,
      "expected each size once, but 2MB is in entry 0 too",
    ],
    [set({ rdma: { mlx5_1: {} } }), `${at}.rdma.mlx5_1`, "expected hcaHandles or hcaObjects"],
    [
      set({ unified: { "a/b": "1" } }),
      `${at}.unified["a/b"]`,
      'expected the name of a cgroup file such as memory.high, found "a/b"',
    ],
    [
      set({ unified: { "..": "1" } }),
      `${at}.unified[".."]`,
      'expected the name of a cgroup file such as memory.high, found ".."',
    ],
  ]);
  await checkGood(t, [
    set({ memory: { limit: -1, swap: -1, swappiness: 0, kernel: -1 } }),
    set({ memory: { limit: 10, swap: 0 } }),
    set({ cpu: { quota: -1, burst: 6, cpus: "0-3,7", mems: "" } }),
    set({ pids: { limit: 0 } }),
    set({ devices: [{ allow: false }, { allow: true, type: "a", access: "rwm" }] }),
    set({ unified: { "hugetlb.1GB.max": "1", "some.future.file": "x\ny" } }),
  ]);
});

t.test("lists of numbers", async (t) => {
  for (const good of ["0", "0-3", "0-3,7", "0,2,4-6", "0-15:2/4", "", " 0-1 , 3 ", "all", "0-N"])
    t.ok(isNumberList(good), good);
  for (const bad of ["a", "0-", "-1", "0--1", "0;1", "0-3:2", "1 2", "0,x"]) t.notOk(isNumberList(bad), bad);
});

t.test("the rest of linux", async (t) => {
  const rdt = (intelRdt: object) => (c: Loose) => (c.linux.intelRdt = intelRdt);
  const policy = (memoryPolicy: object) => (c: Loose) => (c.linux.memoryPolicy = memoryPolicy);
  await checkBad(t, [
    [
      (c) => (c.linux.cgroupsPath = "/a/../../b"),
      "linux.cgroupsPath",
      'expected a path without "..", found "/a/../../b"',
    ],
    [(c) => (c.linux.cgroupsPath = "a\nb"), "linux.cgroupsPath", 'expected a path without line breaks, found "a\\nb"'],
    [rdt({ closID: "a/b" }), "linux.intelRdt.closID", 'expected the name of a directory, or "/", found "a/b"'],
    [rdt({ closID: ".." }), "linux.intelRdt.closID", 'expected the name of a directory, or "/", found ".."'],
    [
      rdt({ memBwSchema: "0=20" }),
      "linux.intelRdt.memBwSchema",
      'expected a line that starts with "MB:", found "0=20"',
    ],
    [
      rdt({ l3CacheSchema: "L3:0=1\nL3:1=1" }),
      "linux.intelRdt.l3CacheSchema",
      'expected one line, found "L3:0=1\\nL3:1=1"',
    ],
    [rdt({ schemata: ["L3:0=1", "a\nb"] }), "linux.intelRdt.schemata[1]", 'expected one line, found "a\\nb"'],
    [
      policy({ mode: "MPOL_LOCAL", nodes: "0" }),
      "linux.memoryPolicy.nodes",
      'expected no nodes with MPOL_LOCAL, found "0"',
    ],
    [policy({ mode: "MPOL_BIND" }), "linux.memoryPolicy.nodes", "MPOL_BIND needs nodes"],
    [
      policy({ mode: "MPOL_BIND", nodes: "x" }),
      "linux.memoryPolicy.nodes",
      'expected a list of numbers and ranges such as 0-3,7, found "x"',
    ],
    [
      policy({ mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES"] }),
      "linux.memoryPolicy.flags",
      "expected one of MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES, not both",
    ],
    [
      (c) => (c.linux.personality = { domain: "LINUX", flags: ["ADDR_NO_RANDOMIZE"] }),
      "linux.personality.flags[0]",
      'expected no flag: none is defined, found "ADDR_NO_RANDOMIZE"',
    ],
  ]);
  await checkGood(t, [
    (c) => (c.linux.cgroupsPath = "system.slice:runt:a..b"),
    rdt({ closID: "/", l3CacheSchema: "L3:0=f", memBwSchema: "MB:0=20", schemata: [], enableMonitoring: true }),
    policy({ mode: "MPOL_PREFERRED" }),
    (c) => (c.linux.personality = { domain: "LINUX32", flags: [] }),
  ]);
});

const ALLOW_EXECVE = 'name "execve" in an entry of linux.seccomp.syscalls with SCMP_ACT_ALLOW';

t.test("seccomp", async (t) => {
  const set = (seccomp: object) => (c: Loose) => (c.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", ...seccomp });
  const errno = (...names: string[]) => ({ names, action: "SCMP_ACT_ERRNO" });
  const at = "linux.seccomp";
  await checkBad(t, [
    [
      set({ defaultErrnoRet: 1 }),
      `${at}.defaultErrnoRet`,
      "expected none: SCMP_ACT_ALLOW has no errno, only SCMP_ACT_ERRNO and SCMP_ACT_TRACE do, found 1",
    ],
    [
      set({ syscalls: [{ names: ["a"], action: "SCMP_ACT_LOG", errnoRet: 1 }] }),
      `${at}.syscalls[0].errnoRet`,
      "expected none: SCMP_ACT_LOG has no errno, only SCMP_ACT_ERRNO and SCMP_ACT_TRACE do, found 1",
    ],
    [
      set({ syscalls: [{ names: ["a"], action: "SCMP_ACT_ERRNO", errnoRet: 4096 }] }),
      `${at}.syscalls[0].errnoRet`,
      "expected an error number from 0 to 4095, found 4096",
    ],
    [
      set({ defaultAction: "SCMP_ACT_NOTIFY", listenerPath: "/s" }),
      `${at}.defaultAction`,
      "SCMP_ACT_NOTIFY cannot be used as default action",
    ],
    [
      set({ syscalls: [{ names: ["read", "write"], action: "SCMP_ACT_NOTIFY" }], listenerPath: "/s" }),
      `${at}.syscalls[0].names[1]`,
      "SCMP_ACT_NOTIFY cannot be used for the write syscall",
    ],
    [
      set({ syscalls: [{ names: ["mknod"], action: "SCMP_ACT_NOTIFY" }] }),
      `${at}.listenerPath`,
      "SCMP_ACT_NOTIFY needs the path of a socket",
    ],
    [set({ listenerMetadata: "x" }), `${at}.listenerMetadata`, 'expected none without listenerPath, found "x"'],
    [
      set({ syscalls: [{ names: ["mknod"], action: "SCMP_ACT_NOTIFY" }], listenerPath: "s" }),
      `${at}.listenerPath`,
      'expected an absolute path, found "s"',
    ],
    ...["sendmsg", "recvmsg"].map(
      (name) =>
        [
          set({ syscalls: [{ names: [name], action: "SCMP_ACT_NOTIFY" }], listenerPath: "/s" }),
          `${at}.syscalls[0].names[0]`,
          `SCMP_ACT_NOTIFY cannot be used for the ${name} syscall`,
        ] as [never, string, string],
    ),
    [
      set({ defaultAction: "SCMP_ACT_KILL", syscalls: [{ names: ["read"], action: "SCMP_ACT_ALLOW" }] }),
      `${at}.defaultAction`,
      "no entry names execve, so that SCMP_ACT_KILL holds for it, and no program can be started",
      ALLOW_EXECVE,
    ],
    [
      set({ syscalls: [{ names: ["read"], action: "SCMP_ACT_ALLOW" }, errno("fork", "execve")] }),
      `${at}.syscalls[1].action`,
      "SCMP_ACT_ERRNO for execve: no program can be started",
      ALLOW_EXECVE,
    ],
  ]);
  await checkGood(t, [
    set({
      defaultAction: "SCMP_ACT_ERRNO",
      defaultErrnoRet: 38,
      flags: ["SECCOMP_FILTER_FLAG_LOG"],
      syscalls: [{ names: ["execve"], action: "SCMP_ACT_LOG" }],
    }),
    set({ defaultAction: "SCMP_ACT_TRACE" }),
    // Who may know which of two entries libseccomp takes, or what a condition comes to.
    set({ syscalls: [errno("execve"), { names: ["execve"], action: "SCMP_ACT_ALLOW" }] }),
    set({ syscalls: [{ ...errno("execve"), args: [{ index: 0, value: 0, op: "SCMP_CMP_EQ" }] }] }),
    set({ syscalls: [{ names: ["mknod"], action: "SCMP_ACT_NOTIFY" }], listenerPath: "/s", listenerMetadata: "x" }),
    set({ syscalls: [{ names: ["a"], action: "SCMP_ACT_TRACE", errnoRet: 65535 }] }),
    // Ignored, as nothing notifies.
    set({ listenerPath: "s" }),
  ]);
});
