import t from "tap";
import { changed, checkBad, checkGood, type Loose, outcomeOf } from "./documents.js";

/** Adds namespaces to a config. */
const add = (c: Loose, ...types: string[]) => c.linux.namespaces.push(...types.map((type) => ({ type })));
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
      (c) => (c.process.scheduler = { policy: "SCHED_DEADLINE", runtime: 1000, deadline: 2000 }),
      "process.scheduler.runtime",
      "expected a run time of 1024 nanoseconds at least, found 1000",
    ],
    [
      (c) => (c.process.scheduler = { policy: "SCHED_DEADLINE", runtime: 5000, deadline: 4000 }),
      "process.scheduler.deadline",
      "expected a deadline not below the runtime, found 4000",
    ],
    [
      (c) => (c.process.scheduler = { policy: "SCHED_DEADLINE", runtime: 5000, deadline: 9000, period: 8000 }),
      "process.scheduler.period",
      "expected a period not below the deadline, found 8000",
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
        runtime: 10000,
        deadline: 20000,
        period: 30000,
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
