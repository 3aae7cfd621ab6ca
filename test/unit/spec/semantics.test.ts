import t from "tap";
import { isNumberList } from "../../../src/spec/semantics/check.js";
import { dottedKey, sysctlNamespace } from "../../../src/spec/semantics/sysctl.js";
import { changed, checkBad, checkGood, type Loose, outcomeOf } from "./documents.js";

/** Adds namespaces to a config. */
const add = (c: Loose, ...types: string[]) => c.linux.namespaces.push(...types.map((type) => ({ type })));
const drop = (c: Loose, type: string) =>
  (c.linux.namespaces = c.linux.namespaces.filter((one: Loose) => one.type !== type));
const MAP = { containerID: 0, hostID: 1000, size: 10 };

t.test("document", async (t) => {
  await checkBad(t, [
    [
      (c) => (c.ociVersion = "2.0.0"),
      "ociVersion",
      'expected a version that is supported (this runtime takes 1.0.0 to 1.x), found "2.0.0"',
    ],
    [
      (c) => (c.ociVersion = "one"),
      "ociVersion",
      'expected a version such as 1.3.0 (this runtime takes 1.0.0 to 1.x), found "one"',
    ],
    [(c) => (c.root.path = ""), "root.path", 'expected the path of a directory, found ""'],
    [(c) => (c.annotations = { "": "x" }), 'annotations[""]', "annotation keys must not be empty"],
  ]);
});

t.test("process", async (t) => {
  await checkBad(t, [
    [(c) => (c.process.args = []), "process.args", "args must not be empty"],
    [(c) => (c.process.cwd = ""), "process.cwd", "Cwd property must not be empty"],
    [(c) => (c.process.cwd = "tmp"), "process.cwd", 'Cwd must be an absolute path, found "tmp"'],
    [(c) => (c.process.env = ["A=1", "B"]), "process.env[1]", "invalid environment variable: missing '=', found \"B\""],
    [
      (c) => (c.process.env = ["=x"]),
      "process.env[0]",
      'invalid environment variable: name cannot be empty, found "=x"',
    ],
    [
      (c) => (c.process.env = ["A=x\0y"]),
      "process.env[0]",
      'expected a text without NUL (\\u0000), found "A=x\\u0000y"',
    ],
    [
      (c) => (c.process.args = ["sh", "a\0"]),
      "process.args[1]",
      'expected a text without NUL (\\u0000), found "a\\u0000"',
    ],
    [(c) => (c.root.path = "r\0"), "root.path", 'expected a text without NUL (\\u0000), found "r\\u0000"'],
    [
      (c) => c.process.rlimits.push({ type: "RLIMIT_NOFILE", hard: 1, soft: 1 }),
      "process.rlimits[1].type",
      "expected each type once, but RLIMIT_NOFILE is in entry 0 too",
    ],
    [
      (c) => (c.process.rlimits[0].soft = 1025),
      "process.rlimits[0].soft",
      "expected a soft limit up to the hard one, which is 1024, found 1025",
    ],
    [
      (c) => (c.process.consoleSize = { height: 1, width: 65536 }),
      "process.consoleSize.width",
      "expected an integer from 0 to 65535, found 65536",
    ],
    [
      (c) => (c.process.scheduler = { policy: "SCHED_OTHER", nice: 20 }),
      "process.scheduler.nice",
      "expected a nice value from -20 to 19, found 20",
    ],
    [
      (c) => (c.process.scheduler = { policy: "SCHED_FIFO", priority: 100 }),
      "process.scheduler.priority",
      "expected a priority from 1 to 99 for SCHED_FIFO, found 100",
    ],
    [
      (c) => (c.process.scheduler = { policy: "SCHED_BATCH", priority: 1 }),
      "process.scheduler.priority",
      "expected no priority for SCHED_BATCH: only SCHED_FIFO and SCHED_RR have one, found 1",
    ],
    [
      (c) => (c.process.scheduler = { policy: "SCHED_RR", priority: 1, period: 5 }),
      "process.scheduler.period",
      "expected no period for SCHED_RR: only SCHED_DEADLINE has one, found 5",
    ],
    [
      (c) => (c.process.execCPUAffinity = { initial: "0-3", final: "a" }),
      "process.execCPUAffinity.final",
      'expected a list of numbers and ranges such as 0-3,7, found "a"',
    ],
  ]);
  await checkGood(t, [
    (c) => {
      c.process.terminal = false;
      c.process.consoleSize = { height: 70000, width: 70000 };
    },
    (c) => (c.process.capabilities.bounding = ["CAP_OF_THE_FUTURE"]),
    (c) =>
      (c.process.scheduler = {
        policy: "SCHED_DEADLINE",
        runtime: 10,
        deadline: 20,
        period: 30,
        flags: ["SCHED_FLAG_RECLAIM"],
      }),
    (c) => (c.process.env = ["A=", "A=b=c"]),
    (c) => (c.process.args = ["sh", "\\u0000"]),
    (c) => (c.annotations = { "com.example.binary": "a\0b" }),
  ]);
});

t.test("mounts", async (t) => {
  const mount = (more: object) => (c: Loose) =>
    c.mounts.push({ destination: "/m", type: "tmpfs", source: "x", ...more });
  await checkBad(t, [
    [mount({ destination: "" }), "mounts[7].destination", 'expected a path in the container, found ""'],
    [mount({ options: ["rbind"], source: "" }), "mounts[7].source", "a bind mount needs a source"],
    [
      mount({ options: ["ro", "idmap"] }),
      "mounts[7].options[1]",
      'expected uidMappings and gidMappings, or a user namespace to take them from, found "idmap"',
    ],
    [
      mount({ options: ["ridmap"], uidMappings: [MAP] }),
      "mounts[7].gidMappings",
      "uidMappings needs gidMappings beside it",
    ],
    [
      mount({ options: ["ridmap"], uidMappings: [MAP], gidMappings: [MAP, { containerID: 9, hostID: 5000, size: 1 }] }),
      "mounts[7].gidMappings[1].containerID",
      "expected a range apart from the others, but it overlaps entry 0, found 9",
    ],
  ]);
  await checkGood(t, [
    mount({ type: "some-new-fs", options: ["anything", "a=b"] }),
    mount({ options: ["remount", "bind", "ro"], source: undefined }),
    mount({ options: ["idmap", "rbind"], uidMappings: [MAP], gidMappings: [MAP] }),
    (c) => {
      add(c, "user");
      c.linux.uidMappings = c.linux.gidMappings = [MAP];
      mount({ options: ["rbind", "idmap"] })(c);
    },
  ]);
});

t.test("mounts that are odd, but allowed", async (t) => {
  const relative = await outcomeOf(changed((c) => (c.mounts[0].destination = "proc")));
  t.match(relative.warnings, [
    /: mounts\[0\]\.destination: relative mount destinations are deprecated, taken as relative to "\/", found "proc"$/,
  ]);
  const silent = await outcomeOf(
    changed((c) => Object.assign(c.mounts[0], { uidMappings: [MAP], gidMappings: [MAP] })),
  );
  t.match(silent.warnings, [/: mounts\[0\]: mappings should come with the option "idmap" or "ridmap"/]);
});

t.test("hooks", async (t) => {
  for (const kind of ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]) {
    await checkBad(t, [
      [
        (c) => (c.hooks = { [kind]: [{ path: "/ok" }, { path: "bin/x" }] }),
        `hooks.${kind}[1].path`,
        'expected an absolute path, found "bin/x"',
      ],
    ]);
  }
  const { warnings } = await outcomeOf(changed((c) => (c.hooks = { poststop: [{ path: "/x", env: ["A"] }] })));
  t.match(warnings, [/: hooks\.poststop\[0\]\.env\[0\]: expected NAME=VALUE, found "A"$/]);
});

t.test("namespaces", async (t) => {
  const hint = (type: string) => `add { "type": "${type}" } to linux.namespaces`;
  await checkBad(t, [
    [(c) => add(c, "uts"), "linux.namespaces[5].type", "expected each type once, but uts is in entry 3 too"],
    [
      (c) => (c.linux.namespaces[1].path = "run/net"),
      "linux.namespaces[1].path",
      'expected an absolute path, found "run/net"',
    ],
    [
      (c) => drop(c, "uts"),
      "hostname",
      'unable to set hostname without a private UTS namespace, found "runt"',
      hint("uts"),
    ],
    [
      (c) => {
        drop(c, "uts");
        delete c.hostname;
        c.domainname = "example.org";
      },
      "domainname",
      'unable to set domainname without a private UTS namespace, found "example.org"',
      hint("uts"),
    ],
    [(c) => (c.hostname = "é".repeat(33)), "hostname", `expected up to 64 bytes, found "${"é".repeat(33)}"`],
    [
      (c) => (c.linux.timeOffsets = { monotonic: { secs: 5 } }),
      "linux.timeOffsets",
      "time namespace offsets specified, but time namespace isn't enabled in the config",
      hint("time"),
    ],
    [
      (c) => {
        c.linux.namespaces.push({ type: "time", path: "/proc/5/ns/time" });
        c.linux.timeOffsets = { monotonic: { secs: 5 } };
      },
      "linux.timeOffsets",
      "expected none: the offsets of /proc/5/ns/time are set already",
    ],
    [
      (c) => {
        add(c, "time");
        c.linux.timeOffsets = { bootime: { secs: 5 } };
      },
      "linux.timeOffsets.bootime",
      'expected a clock that has offsets: "monotonic" or "boottime"',
      'did you mean "boottime"?',
    ],
    [(c) => (c.linux.maskedPaths = ["/a", "b"]), "linux.maskedPaths[1]", 'expected an absolute path, found "b"'],
    [(c) => (c.linux.readonlyPaths = ["b"]), "linux.readonlyPaths[0]", 'expected an absolute path, found "b"'],
    [
      (c) => {
        drop(c, "mount");
        c.linux.readonlyPaths = [];
      },
      "linux.maskedPaths",
      "unable to restrict paths without a private mount namespace",
      hint("mount"),
    ],
  ]);
  await checkGood(t, [
    (c) => (c.linux.namespaces[1].path = ""),
    (c) => {
      add(c, "time");
      c.linux.timeOffsets = { monotonic: { secs: -5 }, boottime: { nanosecs: 7 } };
    },
    (c) => {
      drop(c, "uts");
      c.hostname = "";
    },
    (c) => {
      delete c.linux;
      delete c.hostname;
    },
  ]);
});

t.test("id mappings", async (t) => {
  const user =
    (uids: object[], gids: object[] = [MAP]) =>
    (c: Loose) => {
      add(c, "user");
      c.linux.uidMappings = uids;
      c.linux.gidMappings = gids;
    };
  const range = (containerID: number, hostID: number, size: number) => ({ containerID, hostID, size });
  await checkBad(t, [
    [
      (c) => (c.linux.uidMappings = [MAP]),
      "linux.uidMappings",
      "user namespace mappings specified, but user namespace isn't enabled in the config",
      'add { "type": "user" } to linux.namespaces',
    ],
    [user([]), "linux.uidMappings", "a new user namespace needs mappings, or a path to join"],
    [
      user([MAP, range(5, 9000, 1)]),
      "linux.uidMappings[1].containerID",
      "expected a range apart from the others, but it overlaps entry 0, found 5",
    ],
    [
      user([MAP, range(100, 1009, 1)]),
      "linux.uidMappings[1].hostID",
      "expected a range apart from the others, but it overlaps entry 0, found 1009",
    ],
    [
      user([range(5, 9000, 1), MAP]),
      "linux.uidMappings[1].containerID",
      "expected a range apart from the others, but it overlaps entry 0, found 0",
    ],
    [user([range(0, 1, 0)]), "linux.uidMappings[0].size", "expected a range of one id at least, found 0"],
    [
      user([range(4294967290, 0, 10)]),
      "linux.uidMappings[0].containerID",
      "expected a range up to id 4294967294, but 4294967290 and 10 ids go beyond",
    ],
    [
      user(Array.from({ length: 341 }, (_, index) => range(index, index, 1))),
      "linux.uidMappings",
      "expected up to 340 ranges, found 341",
    ],
  ]);
  await checkGood(t, [
    user([range(0, 1000, 1), range(1, 100000, 65536)]),
    user([range(0, 0, 4294967295)]),
    (c) => c.linux.namespaces.push({ type: "user", path: "/proc/1/ns/user" }),
  ]);
});

t.test("devices", async (t) => {
  const device = (more: object) => (c: Loose) =>
    (c.linux.devices = [{ path: "/dev/x", type: "c", major: 1, minor: 3, ...more }]);
  await checkBad(t, [
    [device({ path: "dev/x" }), "linux.devices[0].path", 'expected an absolute path, found "dev/x"'],
    [device({ type: "b", major: undefined }), "linux.devices[0].major", 'a device of type "b" needs a major number'],
    [device({ type: "u", minor: undefined }), "linux.devices[0].minor", 'a device of type "u" needs a minor number'],
    [device({ type: "d" }), "linux.devices[0].type", 'expected one of "c", "b", "u", "p", found "d"'],
    [
      (c) => {
        device({})(c);
        c.linux.devices.push({ ...c.linux.devices[0], minor: 5 });
      },
      "linux.devices[1].path",
      "expected each path once, but /dev/x is in entry 0 too",
    ],
  ]);
  await checkGood(t, [
    device({ type: "p", major: undefined, minor: undefined }),
    device({ fileMode: 438, uid: 0, gid: 5 }),
  ]);
});

t.test("network devices", async (t) => {
  const rule = "expected the name of a network device: 1 to 15 bytes without slash, colon or blank";
  await checkBad(t, [
    [
      (c) => {
        drop(c, "network");
        c.linux.netDevices = { eth0: {} };
      },
      "linux.netDevices",
      "unable to move network devices without a private network namespace",
      'add { "type": "network" } to linux.namespaces',
    ],
    [(c) => (c.linux.netDevices = { "et/h": {} }), 'linux.netDevices["et/h"]', `${rule}, found "et/h"`],
    [
      (c) => (c.linux.netDevices = { eth0: { name: "a-name-of-16-byt" } }),
      "linux.netDevices.eth0.name",
      `${rule}, found "a-name-of-16-byt"`,
    ],
    [(c) => (c.linux.netDevices = { eth0: { name: ".." } }), "linux.netDevices.eth0.name", `${rule}, found ".."`],
    [
      (c) => (c.linux.netDevices = { eth0: { name: "a%s" } }),
      "linux.netDevices.eth0.name",
      'expected a name with at most one %d and no other %, found "a%s"',
    ],
    [
      (c) => (c.linux.netDevices = { eth0: { name: "a" }, eth1: { name: "a" } }),
      "linux.netDevices.eth1",
      "expected each name in the container once, but a is there already",
    ],
  ]);
  await checkGood(t, [(c) => (c.linux.netDevices = { eth0: {}, eth1: { name: "net%d" }, eth2: { name: "net%d" } })]);
});

t.test("sysctl", async (t) => {
  const set = (key: string) => (c: Loose) => (c.linux.sysctl = { [key]: "1" });
  await checkBad(t, [
    [
      set("kernel.panic"),
      'linux.sysctl["kernel.panic"]',
      'sysctl "kernel.panic" is not in a separate kernel namespace',
    ],
    [
      set("vm.swappiness"),
      'linux.sysctl["vm.swappiness"]',
      'sysctl "vm.swappiness" is not in a separate kernel namespace',
    ],
    [
      set("kernel.hostname"),
      'linux.sysctl["kernel.hostname"]',
      'sysctl "kernel.hostname" is not allowed as it conflicts with the OCI "hostname" field',
    ],
    [
      set("user.max_user_namespaces"),
      'linux.sysctl["user.max_user_namespaces"]',
      'sysctl "user.max_user_namespaces" is not allowed in the host\'s user namespace',
      'add { "type": "user" } to linux.namespaces',
    ],
    [
      (c) => {
        drop(c, "network");
        set("net.core.somaxconn")(c);
      },
      'linux.sysctl["net.core.somaxconn"]',
      'sysctl "net.core.somaxconn" is not allowed in the host\'s network namespace',
      'add { "type": "network" } to linux.namespaces',
    ],
    [
      (c) => {
        drop(c, "ipc");
        set("fs/mqueue/msg_max")(c);
      },
      'linux.sysctl["fs/mqueue/msg_max"]',
      'sysctl "fs/mqueue/msg_max" is not allowed in the host\'s ipc namespace',
      'add { "type": "ipc" } to linux.namespaces',
    ],
    [set("net/../kernel/panic"), 'linux.sysctl["net/../kernel/panic"]', "expected the name of a kernel parameter"],
    [set("net.ipv4..x"), 'linux.sysctl["net.ipv4..x"]', "expected the name of a kernel parameter"],
    [set("/net/ipv4"), 'linux.sysctl["/net/ipv4"]', "expected the name of a kernel parameter"],
  ]);
  await checkGood(t, [
    set("net.ipv4.ip_forward"),
    set("net/ipv4/conf/eth0.100/rp_filter"),
    set("kernel.shmmax"),
    set("kernel.domainname"),
  ]);
  t.equal(dottedKey("net/ipv4/conf/eth0.100/rp_filter"), "net.ipv4.conf.eth0/100.rp_filter");
  t.equal(dottedKey("net.ipv4.conf.eth0/100.rp_filter"), "net.ipv4.conf.eth0/100.rp_filter");
  t.equal(sysctlNamespace("kernel/sem"), "ipc");
});

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

t.test("seccomp", async (t) => {
  const set = (seccomp: object) => (c: Loose) => (c.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", ...seccomp });
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
    [set({ listenerPath: "s" }), `${at}.listenerPath`, 'expected an absolute path, found "s"'],
  ]);
  await checkGood(t, [
    set({ defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 38, flags: ["SECCOMP_FILTER_FLAG_LOG"] }),
    set({ syscalls: [{ names: ["mknod"], action: "SCMP_ACT_NOTIFY" }], listenerPath: "/s", listenerMetadata: "x" }),
    set({ syscalls: [{ names: ["a"], action: "SCMP_ACT_TRACE", errnoRet: 65535 }] }),
  ]);
});

t.test("a wrong type in one place does not hide what is wrong in another", async (t) => {
  const { problems } = await outcomeOf(
    changed((c) => {
      c.mounts = 5;
      c.linux.namespaces = "all";
      c.linux.devices = [null];
      c.process.rlimits = [{ type: "RLIMIT_CORE" }];
      c.process.cwd = "tmp";
      c.linux.resources = { memory: { swappiness: 200 } };
    }),
  );
  const places = problems.map(({ where }) => where);
  for (const place of [
    "mounts",
    "linux.namespaces",
    "linux.devices[0]",
    "process.rlimits[0].hard",
    "process.cwd",
    "linux.resources.memory.swappiness",
  ]) {
    t.ok(places.includes(place), place);
  }
});

t.test("what follows from a fault in the namespaces is not said as well", async (t) => {
  for (const change of [
    (c: Loose) => (c.linux.namespaces[3].type = "ust"),
    (c: Loose) => (c.linux.namespaces = "all"),
    (c: Loose) => (c.linux = []),
  ]) {
    const { problems } = await outcomeOf(changed(change));
    t.equal(problems.length, 1, change.toString());
    t.match(problems[0]?.where, /^linux/);
  }
});
