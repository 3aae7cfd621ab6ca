import t from "tap";
import { type BadCase, changed, checkBad, checkGood, outcomeOf } from "./documents.js";

t.test("a value of a wrong type is named with what was expected", async (t) => {
  const cases: BadCase[] = [
    [(c) => (c.process.terminal = "yes"), "process.terminal", 'expected true or false, found "yes"'],
    [(c) => (c.process.args = "sh"), "process.args", 'expected an array, found "sh"'],
    [(c) => (c.process.args = ["sh", 1]), "process.args[1]", "expected a string, found 1"],
    [(c) => (c.process.args = [null]), "process.args[0]", "expected a string, found null"],
    [(c) => (c.root = "rootfs"), "root", 'expected an object, found "rootfs"'],
    [(c) => (c.mounts = {}), "mounts", "expected an array, found an object"],
    [(c) => (c.linux = []), "linux", "expected an object, found an empty array"],
    [(c) => (c.hooks = { prestart: [1] }), "hooks.prestart[0]", "expected an object, found 1"],
    [(c) => (c.annotations = { "com.example.n": 2 }), 'annotations["com.example.n"]', "expected a string, found 2"],
    [
      (c) => (c.linux.sysctl = { "net.ipv4.ip_forward": 1 }),
      'linux.sysctl["net.ipv4.ip_forward"]',
      "expected a string, found 1",
    ],
    [
      (c) => (c.linux.resources.unified = { "a.b": true }),
      'linux.resources.unified["a.b"]',
      "expected a string, found true",
    ],
    [
      (c) => (c.linux.namespaces[0].type = 5),
      "linux.namespaces[0].type",
      'expected one of "pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time", found 5',
    ],
  ];
  await checkBad(t, cases);
});

t.test("integers have the ranges of the specification", async (t) => {
  const id = "expected a user or group id (0 to 4294967294)";
  const cases: BadCase[] = [
    [(c) => (c.process.user.uid = -1), "process.user.uid", `${id}, found -1`],
    [(c) => (c.process.user.uid = 4294967295), "process.user.uid", `${id}, found 4294967295`],
    [(c) => (c.process.user.gid = 1.5), "process.user.gid", `${id}, found 1.5`],
    [(c) => (c.process.user.additionalGids = [1, "2"]), "process.user.additionalGids[1]", `${id}, found "2"`],
    [
      (c) => (c.process.user.umask = 512),
      "process.user.umask",
      "expected an integer from 0 to 511 (octal 777), found 512",
    ],
    [
      (c) => (c.process.oomScoreAdj = 1001),
      "process.oomScoreAdj",
      "expected an integer from -1000 to 1000, found 1001",
    ],
    [
      (c) => (c.process.rlimits[0].soft = -1),
      "process.rlimits[0].soft",
      "expected an integer from 0 to 18446744073709551615, found -1",
    ],
    [
      (c) => (c.process.ioPriority = { class: "IOPRIO_CLASS_BE", priority: 8 }),
      "process.ioPriority.priority",
      "expected an integer from 0 to 7, found 8",
    ],
    [
      (c) => (c.process.scheduler = { policy: "SCHED_OTHER", nice: 2147483648 }),
      "process.scheduler.nice",
      "expected an integer from -2147483648 to 2147483647, found 2147483648",
    ],
    [
      (c) => (c.hooks = { poststop: [{ path: "/x", timeout: 0 }] }),
      "hooks.poststop[0].timeout",
      "expected a number of seconds, 1 or more, found 0",
    ],
    [
      (c) => (c.linux.resources.blockIO = { weight: 65536 }),
      "linux.resources.blockIO.weight",
      "expected an integer from 0 to 65535, found 65536",
    ],
    [
      (c) => (c.linux.resources.network = { classID: 4294967296 }),
      "linux.resources.network.classID",
      "expected an integer from 0 to 4294967295, found 4294967296",
    ],
    [(c) => (c.linux.resources.cpu = { idle: 2 }), "linux.resources.cpu.idle", "expected 0 or 1, found 2"],
    [
      (c) => (c.linux.devices = [{ path: "/dev/x", type: "c", major: 4096, minor: 0 }]),
      "linux.devices[0].major",
      "expected a major device number (0 to 4095), found 4096",
    ],
    [
      (c) => (c.linux.resources.devices[0].major = -2),
      "linux.resources.devices[0].major",
      "expected a major device number (0 to 4294967295, or -1 for all), found -2",
    ],
    [
      (c) =>
        (c.linux.seccomp = {
          defaultAction: "SCMP_ACT_ALLOW",
          syscalls: [{ names: ["a"], action: "SCMP_ACT_LOG", args: [{ index: 6, value: 0, op: "SCMP_CMP_EQ" }] }],
        }),
      "linux.seccomp.syscalls[0].args[0].index",
      "expected an integer from 0 to 5, found 6",
    ],
  ];
  await checkBad(t, cases);
  await checkGood(t, [
    (c) => (c.process.user = { uid: 4294967294, gid: 65534, umask: 0o22, additionalGids: [0] }),
    (c) => (c.linux.resources.devices = [{ allow: true, type: "c", major: 136, minor: -1, access: "rw" }]),
  ]);
});

t.test("a misspelt name of a list is put right", async (t) => {
  const cases: BadCase[] = [
    [
      (c) => (c.linux.namespaces[1].type = "nett"),
      "linux.namespaces[1].type",
      'expected one of "pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time", found "nett"',
      'did you mean "network"?',
    ],
    [
      (c) => (c.process.rlimits[0].type = "RLIMIT_NOFILES"),
      "process.rlimits[0].type",
      'expected a known name, found "RLIMIT_NOFILES"',
      'did you mean "RLIMIT_NOFILE"?',
    ],
    [
      (c) => (c.process.rlimits[0].type = "nofile"),
      "process.rlimits[0].type",
      'expected a known name, found "nofile"',
      'did you mean "RLIMIT_NOFILE"?',
    ],
    [
      (c) => (c.linux.seccomp = { defaultAction: "SCMP_ACT_ERNO" }),
      "linux.seccomp.defaultAction",
      'expected a known name, found "SCMP_ACT_ERNO"',
      'did you mean "SCMP_ACT_ERRNO"?',
    ],
    [
      (c) => (c.linux.rootfsPropagation = "rslaev"),
      "linux.rootfsPropagation",
      'expected one of "shared", "slave", "private", "unbindable", "rshared", "rslave", "rprivate", "runbindable", found "rslaev"',
      'did you mean "rslave"?',
    ],
    [
      (c) => (c.linux.personality = { domain: "linux32" }),
      "linux.personality.domain",
      'expected one of "LINUX", "LINUX32", found "linux32"',
      'did you mean "LINUX32"?',
    ],
    [
      (c) => (c.linux.memoryPolicy = { mode: "BIND", nodes: "0" }),
      "linux.memoryPolicy.mode",
      'expected one of "MPOL_DEFAULT", "MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_WEIGHTED_INTERLEAVE", "MPOL_PREFERRED", "MPOL_PREFERRED_MANY", "MPOL_LOCAL", found "BIND"',
      'did you mean "MPOL_BIND"?',
    ],
    [
      (c) => (c.linux.resources.hugepageLimits = [{ pageSize: "2M", limit: 1 }]),
      "linux.resources.hugepageLimits[0].pageSize",
      'expected a huge page size such as 64KB, 2MB or 1GB, found "2M"',
    ],
    [
      (c) => (c.linux.resources.devices[0].access = "rwx"),
      "linux.resources.devices[0].access",
      'expected a composition of r (read), w (write) and m (mknod), found "rwx"',
    ],
    [
      (c) => (c.linux.namespaces[0].type = "quantum"),
      "linux.namespaces[0].type",
      'expected one of "pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time", found "quantum"',
    ],
  ];
  await checkBad(t, cases);
});

t.test("what is missing is named, in the words that callers know", async (t) => {
  const cases: BadCase[] = [
    [(c) => delete c.process, "process", "process property must not be empty"],
    [(c) => delete c.process.args, "process.args", "args must not be empty"],
    [(c) => delete c.process.cwd, "process.cwd", "Cwd property must not be empty"],
    [(c) => delete c.root, "root", "root must be specified"],
    [(c) => delete c.ociVersion, "ociVersion", "required property is missing"],
    [(c) => delete c.process.user.gid, "process.user.gid", "required property is missing"],
    [(c) => delete c.mounts[1].destination, "mounts[1].destination", "required property is missing"],
    [
      (c) => (c.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: [], action: "SCMP_ACT_LOG" }] }),
      "linux.seccomp.syscalls[0].names",
      "expected at least one entry, found an empty array",
    ],
  ];
  await checkBad(t, cases);
  const { problems } = await outcomeOf('{"cwd": "/"}', "process");
  t.equal(problems[0]?.cause, "args must not be empty", "in the file of exec --process too");
});

t.test("a misspelt property is the hint of the one that is missing", async (t) => {
  const text = changed((c) => {
    c.process.user = { uid: 0, gidd: 0 };
  });
  const { problems } = await outcomeOf(text);
  t.equal(problems[0]?.where, "process.user.gid");
  t.equal(problems[0]?.hint, 'did you mean "gid" where it says "gidd"?');
});

t.test("unknown properties are accepted, and only likely slips are warned about", async (t) => {
  const text = changed((c) => {
    delete c.process.noNewPrivileges;
    c.process.noNewPrivilege = true;
    c.mounts[0].optoins = ["ro"];
    c.mounts[1].optoins = ["beside options, so no slip"];
    c.extension = { anything: [1, null] };
    c.linux["com.example.thing"] = 7;
    c.windows = { layerFolders: 5 };
    c.solaris = c.vm = c.zos = c.freebsd = "passed over";
  });
  const { warnings, document } = await outcomeOf(text);
  t.strictSame(document.extension.anything, [1, null]);
  t.strictSame(
    warnings.map((warning) => warning.replace(/^config\.json:\d+:\d+: /, "")),
    [
      'process.noNewPrivilege: unknown property, ignored (did you mean "noNewPrivileges"?)',
      'mounts[0].optoins: unknown property, ignored (did you mean "options"?)',
    ],
  );
});

t.test("with an error, slips elsewhere are shown as well", async (t) => {
  const text = changed((c) => {
    c.linux.namespces = c.linux.namespaces;
    delete c.linux.namespaces;
    c.linux.maskedPaths = c.linux.readonlyPaths = [];
  });
  const { message } = await outcomeOf(text);
  t.match(message, /^config\.json has a problem:\n {2}config\.json:\d+:\d+: hostname: unable to set hostname/);
  t.match(
    message,
    /\n {2}warning: config\.json:\d+:\d+: linux\.namespces: unknown property, ignored \(did you mean "namespaces"\?\)$/,
  );
});

t.test("null is the same as absent, as Go programs write it", async (t) => {
  const text = changed((c) => {
    c.hooks = c.annotations = null;
    c.process.capabilities = null;
    c.process.rlimits = c.process.user.additionalGids = c.process.oomScoreAdj = null;
    c.mounts[0].options = null;
    Object.assign(c.linux, { seccomp: null, devices: null, sysctl: null, uidMappings: null });
    c.linux.resources = { devices: null, memory: { limit: null }, cpu: null };
  });
  const { document, message } = await outcomeOf(text);
  t.equal(message, "");
  t.notOk("hooks" in document || "capabilities" in document.process || "options" in document.mounts[0]);
  t.strictSame(document.linux.resources, { memory: {} });
});

t.test("null as a value of the user's own names is an error", async (t) => {
  await checkBad(t, [
    [(c) => (c.annotations = { a: null }), "annotations.a", "expected a string, found null"],
    [(c) => (c.linux.netDevices = { eth0: null }), "linux.netDevices.eth0", "expected an object, found null"],
  ]);
});

t.test("without user a process is root", async (t) => {
  const { document } = await outcomeOf('{"cwd": "/", "args": ["true"]}', "process");
  t.strictSame(document.user, { uid: 0, gid: 0 });
});

t.test("all problems are listed, in the order of the file, each with line and column", async (t) => {
  const text = `{
  "ociVersion": "1.0.0",
  "root": { "path": "rootfs" },
  "process": {
    "args": [],
\t"cwd": "tmp",
    "user": { "uid": "0", "gid": 0 }
  },
  "linux": { "namespaces": [{ "type": "pid" }, { "type": "pid" }] }
}`;
  const { message } = await outcomeOf(text);
  t.equal(
    message,
    [
      "config.json has 4 problems:",
      "  config.json:5:13: process.args: args must not be empty",
      '  config.json:6:9: process.cwd: Cwd must be an absolute path, found "tmp"',
      '  config.json:7:22: process.user.uid: expected a user or group id (0 to 4294967294), found "0"',
      "  config.json:9:58: linux.namespaces[1].type: expected each type once, but pid is in entry 0 too",
    ].join("\n"),
  );
});

t.test("a config that is no object", async (t) => {
  t.equal((await outcomeOf("[]")).message, "config.json:1:1: expected an object, found an empty array");
  t.equal((await outcomeOf('"x"')).message, 'config.json:1:1: expected an object, found "x"');
  await t.rejects(outcomeOf(" null "), { message: "config cannot be null" });
});

t.test("names of the prototype are names like any other", async (t) => {
  const { document, message } = await outcomeOf(
    changed(() => {}).replace('"hostname"', '"__proto__": {"args": 1}, "constructor": 2, "hostname"'),
  );
  t.equal(message, "");
  t.equal(document.process.args[0], "sh");
});
