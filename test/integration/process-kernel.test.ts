// What the kernel is told of a process, looked at from outside while it runs: scheduling, I/O priority,
// memory policy, every resource limit, capabilities in the corners.

import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { TestConfig } from "../helpers/config.js";
import { capabilitySet } from "../helpers/report.js";
import { type Sandbox, sandbox, tools } from "../helpers/sandbox.js";

/** A container that runs; its pid. */
function running(box: Sandbox, edit: (config: TestConfig) => void): number {
  const id = box.id();
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "pause"];
    edit(config);
  });
  const result = box.run(["run", "--detach", "--bundle", bundle, id]);
  if (result.status !== 0) throw new Error(result.stderr);
  return box.state(id)!.pid;
}

const chrt = (pid: number) => execFileSync("chrt", ["-p", String(pid)], { encoding: "utf8" });

/** Real-time policies need a share of the parent's real-time time where v1 groups have one of their own. */
function realtime(config: TestConfig): void {
  config.linux.resources.cpu = { realtimeRuntime: 10_000, realtimePeriod: 1_000_000 };
}

/** Whether this kernel and cgroup layout let a container be real-time. */
function needsShare(): boolean {
  try {
    return Number(readFileSync("/sys/fs/cgroup/cpu/cpu.rt_runtime_us", "utf8")) > 0;
  } catch {
    return false;
  }
}

const policies: [string, object, RegExp][] = [
  ["SCHED_OTHER", { nice: -5 }, /policy: SCHED_OTHER$/m],
  ["SCHED_BATCH", { nice: 19 }, /policy: SCHED_BATCH$/m],
  ["SCHED_IDLE", {}, /policy: SCHED_IDLE$/m],
  ["SCHED_OTHER", { flags: ["SCHED_FLAG_RESET_ON_FORK"] }, /policy: SCHED_OTHER\|SCHED_RESET_ON_FORK$/m],
  ["SCHED_FIFO", { priority: 7 }, /policy: SCHED_FIFO\n.*priority: 7$/m],
  ["SCHED_RR", { priority: 99, flags: ["SCHED_FLAG_RESET_ON_FORK"] }, /policy: SCHED_RR\|SCHED_RESET.*\n.*: 99$/m],
];
for (const [policy, extra, wanted] of policies) {
  t.test(`scheduler ${policy} ${JSON.stringify(extra)}`, async (t) => {
    const pid = running(sandbox(t), (config) => {
      config.process.scheduler = { policy, ...extra };
      if (/FIFO|RR/.test(policy) && needsShare()) realtime(config);
    });
    t.match(chrt(pid), wanted);
    const nice = Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ")[16]);
    if (!/FIFO|RR/.test(policy)) t.equal(nice, (extra as { nice?: number }).nice ?? 0, "0 when not said");
  });
}

t.test("scheduler SCHED_DEADLINE", async (t) => {
  const pid = running(sandbox(t), (config) => {
    config.process.scheduler = {
      policy: "SCHED_DEADLINE",
      runtime: 1_000_000,
      deadline: 50_000_000,
      period: 100_000_000,
      flags: ["SCHED_FLAG_RECLAIM", "SCHED_FLAG_DL_OVERRUN"],
    };
  });
  const seen = chrt(pid);
  t.match(seen, /SCHED_DEADLINE/);
  t.match(seen, /1000000\/50000000\/100000000/);
});

t.test("what the scheduler refuses is named, and nothing is left", async (t) => {
  const box = sandbox(t);
  // Longer than /proc/sys/kernel/sched_deadline_period_max_us.
  const tooLong = { policy: "SCHED_DEADLINE", runtime: 1_000_000, deadline: 10_000_000_000, period: 10_000_000_000 };
  for (const scheduler of [{ policy: "SCHED_ISO" }, tooLong]) {
    const result = box.runContainer((config) => {
      config.process.scheduler = scheduler;
    });
    t.equal(result.status, 1);
    t.match(result.stderr, new RegExp(`process\\.scheduler \\(${scheduler.policy}\\): .*invalid argument`));
    t.notOk(box.state(box.ids.at(-1)!));
  }
});

t.test("I/O priority of every class", async (t) => {
  const box = sandbox(t);
  const classes = { IOPRIO_CLASS_RT: 1, IOPRIO_CLASS_BE: 2, IOPRIO_CLASS_IDLE: 3 };
  for (const [name, number] of Object.entries(classes)) {
    const report = box.probe((config) => {
      config.process.ioPriority = { class: name, priority: 3 };
    });
    t.equal(report.ioprio, (number << 13) | 3, name);
  }
});

t.test("memory policy: every mode, nodes and flags", async (t) => {
  const box = sandbox(t);
  const policyOf = (memoryPolicy: object) => {
    const pid = running(box, (config) => {
      config.linux.memoryPolicy = memoryPolicy;
    });
    const maps = readFileSync(`/proc/${pid}/numa_maps`, "utf8");
    return /^[0-9a-f]+ (.*) stack/m.exec(maps)?.[1];
  };
  t.equal(policyOf({ mode: "MPOL_LOCAL" }), "local");
  t.equal(policyOf({ mode: "MPOL_INTERLEAVE", nodes: "0", flags: ["MPOL_F_STATIC_NODES"] }), "interleave=static:0");
  t.equal(policyOf({ mode: "MPOL_PREFERRED", nodes: "0", flags: ["MPOL_F_RELATIVE_NODES"] }), "prefer=relative:0");
  t.equal(policyOf({ mode: "MPOL_PREFERRED_MANY", nodes: "0" }), "prefer (many):0");
  t.match(policyOf({ mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_NUMA_BALANCING"] }), /^bind(=balancing)?:0$/);
});

t.test("MPOL_WEIGHTED_INTERLEAVE, of Linux 6.9", async (t) => {
  const result = sandbox(t).runContainer((config) => {
    config.linux.memoryPolicy = { mode: "MPOL_WEIGHTED_INTERLEAVE", nodes: "0" };
    config.process.args = ["/bin/probe", "try", "getcwd"];
  });
  const [major, minor] = readFileSync("/proc/sys/kernel/osrelease", "utf8").split(".").map(Number) as [number, number];
  const known = major > 6 || (major === 6 && minor >= 9);
  if (known) t.equal(result.stdout, "getcwd: ok\n", result.stderr);
  else t.match(result.stderr, /linux\.memoryPolicy \(MPOL_WEIGHTED_INTERLEAVE\).*invalid argument/);
});

t.test("a memory policy that the kernel refuses", async (t) => {
  const box = sandbox(t);
  for (const memoryPolicy of [
    { mode: "MPOL_BIND" },
    { mode: "MPOL_DEFAULT", nodes: "0" },
    { mode: "MPOL_BIND", nodes: "1023" },
  ]) {
    const result = box.runContainer((config) => {
      config.linux.memoryPolicy = memoryPolicy;
    });
    t.equal(result.status, 1, JSON.stringify(memoryPolicy));
    t.match(result.stderr, /linux\.memoryPolicy/);
  }
});

t.test("personality", async (t) => {
  const box = sandbox(t);
  const personality = (value: object) =>
    box.runContainer((config) => {
      config.linux.personality = value;
      config.process.args = ["/bin/busybox", "uname", "-m"];
    });
  t.equal(personality({ domain: "LINUX" }).stdout, execFileSync("uname", ["-m"], { encoding: "utf8" }));
  // i686 or armv8l; processors of arm64 that run no 32-bit programs have no name for them.
  const short = spawnSync("setarch", ["linux32", "uname", "-m"], { encoding: "utf8" });
  const result = personality({ domain: "LINUX32" });
  t.equal(result.stdout, short.stdout, result.stderr);
  t.equal(result.status, short.status === 0 ? 0 : 1);
});

t.test("a processor without 32-bit programs can't be one that has them", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.linux.personality = { domain: "LINUX32" };
  });
  const via = [join(tools, "enosys"), "personality:EINVAL"];
  const result = box.run(["run", "--bundle", bundle, box.id()], { via });
  t.match(result, { status: 1, stderr: /linux\.personality.*invalid argument.*LINUX32 needs a processor/ });
});

// [name in /proc/PID/limits, soft, hard]
const limits: Record<string, [string, number, number]> = {
  RLIMIT_AS: ["Max address space", 2 ** 32, 2 ** 33],
  RLIMIT_CORE: ["Max core file size", 1, 2],
  RLIMIT_CPU: ["Max cpu time", 1000, 1001],
  RLIMIT_DATA: ["Max data size", 2 ** 30, 2 ** 31],
  RLIMIT_FSIZE: ["Max file size", 2 ** 30, 2 ** 31],
  RLIMIT_LOCKS: ["Max file locks", 3, 4],
  RLIMIT_MEMLOCK: ["Max locked memory", 5, 6],
  RLIMIT_MSGQUEUE: ["Max msgqueue size", 7, 8],
  RLIMIT_NICE: ["Max nice priority", 9, 10],
  RLIMIT_NOFILE: ["Max open files", 100, 200],
  RLIMIT_NPROC: ["Max processes", 300, 400],
  RLIMIT_RSS: ["Max resident set", 11, 12],
  RLIMIT_RTPRIO: ["Max realtime priority", 13, 14],
  RLIMIT_RTTIME: ["Max realtime timeout", 15, 16],
  RLIMIT_SIGPENDING: ["Max pending signals", 17, 18],
  RLIMIT_STACK: ["Max stack size", 2 ** 20, 2 ** 21],
};

t.test("every rlimit is what the config says", async (t) => {
  // Nobody may go above the caller's own hard limits without CAP_SYS_RESOURCE.
  const own = readFileSync("/proc/self/limits", "utf8");
  const atMost = (name: string) => Number(new RegExp(`^${name} +\\S+ +(\\d+) `, "m").exec(own)?.[1] ?? Infinity);
  const wanted = Object.entries(limits).map(([type, [name, soft, hard]]) => {
    const most = atMost(name);
    return { type, name, soft: Math.min(soft, most), hard: Math.min(hard, most) };
  });
  const pid = running(sandbox(t), (config) => {
    config.process.rlimits = wanted.map(({ type, soft, hard }) => ({ type, soft, hard }));
  });
  const seen = readFileSync(`/proc/${pid}/limits`, "utf8");
  for (const { type, name, soft, hard } of wanted) {
    t.match(seen, new RegExp(`^${name} +${soft} +${hard} `, "m"), type);
  }
});

t.test("a hard limit that nobody may have", async (t) => {
  const result = sandbox(t).runContainer((config) => {
    config.process.rlimits = [{ type: "RLIMIT_NOFILE", soft: 1, hard: 2 ** 40 }];
  });
  t.equal(result.status, 1);
  t.match(result.stderr, /rlimits\[0\] \(RLIMIT_NOFILE\).*operation not permitted/);
});

t.test("values that are none: each is named, all at once", async (t) => {
  const result = sandbox(t).runContainer((config) => {
    const one = { type: "RLIMIT_CORE", soft: 1, hard: 1 };
    const wrong: Record<string, unknown> = {
      rlimits: [
        { ...one, type: "RLIMIT_PHASE_OF_MOON" },
        { ...one, type: "core" },
        one,
        { ...one, soft: 2 },
        { type: "RLIMIT_CPU", soft: 1 },
      ],
      scheduler: { policy: "SCHED_FIFO", nice: 20, priority: 100, flags: ["SCHED_FLAG_X"] },
      ioPriority: { class: "IOPRIO_CLASS_X", priority: 8 },
      oomScoreAdj: 1001,
    };
    Object.assign(config.process, wrong);
    config.linux.memoryPolicy = { mode: "MPOL_NEVER", flags: ["MPOL_F_X"] };
    config.linux.personality = { domain: "BSD" };
  });
  t.equal(result.status, 1);
  for (const problem of [
    /rlimits\[0\]\.type: .*RLIMIT_PHASE_OF_MOON/,
    /rlimits\[1\]\.type: /,
    /rlimits\[3\]\.type: expected each type once/,
    /rlimits\[3\]\.soft: expected a soft limit up to the hard one/,
    /rlimits\[4\]\.hard: required/,
    /scheduler\.nice: expected a nice value from -20 to 19/,
    /scheduler\.priority: expected a priority from 1 to 99/,
    /scheduler\.flags\[0\]: .*SCHED_FLAG_X/,
    /ioPriority\.class: .*IOPRIO_CLASS_X/,
    /ioPriority\.priority: expected an integer from 0 to 7/,
    /oomScoreAdj: expected an integer from -1000 to 1000/,
    /memoryPolicy\.mode: .*MPOL_NEVER/,
    /memoryPolicy\.flags\[0\]: .*MPOL_F_X/,
    /personality\.domain: .*BSD/,
  ])
    t.match(result.stderr, problem);
});

t.test("lists of nodes and flags of personalities that can't be read", async (t) => {
  const result = sandbox(t).runContainer((config) => {
    config.linux.memoryPolicy = { mode: "MPOL_BIND", nodes: "0-x" };
    config.linux.personality = { domain: "LINUX", flags: ["ADDR_NO_RANDOMIZE"] };
  });
  t.equal(result.status, 1);
  t.match(result.stderr, /memoryPolicy\.nodes/);
  t.match(result.stderr, /personality\.flags/);
});

t.test("capabilities: what can't be granted is warned about, the rest holds", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.capabilities = {
      bounding: ["CAP_CHOWN"],
      permitted: ["CAP_CHOWN", "CAP_UNHEARD_OF"],
      effective: ["CAP_CHOWN", "CAP_KILL"],
      inheritable: ["CAP_CHOWN"],
      ambient: ["CAP_CHOWN", "CAP_SETUID"],
    };
  });
  const result = box.run(["run", "--bundle", bundle, box.id()]);
  t.equal(result.status, 0, result.stderr);
  t.match(result.stderr, /ignoring unknown or unavailable capabilities: \[CAP_UNHEARD_OF\]/);
  t.match(result.stderr, /effective without being permitted, so not granted: CAP_KILL/);
  t.match(result.stderr, /ambient without being permitted and inheritable, so not granted: CAP_SETUID/);
  const report = JSON.parse(result.stdout);
  t.same(capabilitySet(report, "Eff"), ["CAP_CHOWN"]);
  t.same(capabilitySet(report, "Amb"), ["CAP_CHOWN"]);
});

t.test("capabilities that the caller lacks are warned about", async (t) => {
  const box = sandbox(t);
  const via = ["setpriv", "--bounding-set", "-sys_time", "--inh-caps", "-all"];
  const result = box.runContainer(
    (config) => {
      for (const set of ["bounding", "permitted", "effective"]) config.process.capabilities![set]!.push("CAP_SYS_TIME");
    },
    { via },
  );
  t.equal(result.status, 0, result.stderr);
  t.match(result.stderr, /ignoring unknown or unavailable capabilities: \[CAP_SYS_TIME\]/);
});

t.test("what only Windows knows is passed over", async (t) => {
  const result = sandbox(t).runContainer((config) => {
    config.process.commandLine = "cmd /c dir";
    (config.process.user as Record<string, unknown>).username = "containeradministrator";
    config.process.args = ["/bin/echo", "args"];
  });
  t.equal(result.stdout, "args\n", result.stderr);
});

t.test("consoleSize without a terminal is ignored, whatever it says", async (t) => {
  const result = sandbox(t).runContainer((config) => {
    config.process.consoleSize = { height: 4_000_000, width: 4_000_000 };
    config.process.args = ["/bin/echo", "runs"];
  });
  t.equal(result.stdout, "runs\n", result.stderr);
});

t.test("oomScoreAdj: the ends of its range", async (t) => {
  const box = sandbox(t);
  // Going below the caller's takes CAP_SYS_RESOURCE.
  const own = Number(readFileSync("/proc/self/oom_score_adj", "utf8"));
  const privileged = spawnSync("setpriv", ["--dump"], { encoding: "utf8" }).stdout.includes("sys_resource");
  for (const score of [privileged ? -1000 : own, Math.max(own, 0), 1000]) {
    const report = box.probe((config) => {
      config.process.oomScoreAdj = score;
    });
    t.equal(report.oom_score_adj, String(score));
  }
});
