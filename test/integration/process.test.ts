// The process: user, groups, capabilities, rlimits, umask, oom score, cwd, env, args, program look-up.

import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { TestConfig } from "../helpers/config.js";
import { capabilitySet, parseReport } from "../helpers/report.js";
import { sandbox } from "../helpers/sandbox.js";

t.test("args and env are exactly those of the config", async (t) => {
  const report = sandbox(t).probe((config) => {
    config.process.args = ["/bin/probe", "report", "", "two words", "ünïcode\n", "$HOME"];
    config.process.env = ["A=1", "EMPTY=", "A=2", "WITH=a=b", `LONG=${"x".repeat(70000)}`];
  });
  t.same(report.args, ["/bin/probe", "report", "", "two words", "ünïcode\n", "$HOME"]);
  const env = report.env.filter((entry) => !entry.startsWith("HOME="));
  t.same(
    env.filter((entry) => !entry.startsWith("A=")),
    ["EMPTY=", "WITH=a=b", `LONG=${"x".repeat(70000)}`],
  );
  t.ok(env.includes("A=2"), "the last one counts");
});

t.test("no environment of the caller comes in", async (t) => {
  const report = sandbox(t).probe(
    (config) => {
      config.process.env = ["PATH=/bin"];
    },
    { env: { ...process.env, SECRET_OF_CALLER: "1", RUNT_LAUNCH_X: "2" } },
  );
  t.same(
    report.env.filter((entry) => !/^(PATH|HOME)=/.test(entry)),
    [],
  );
});

t.test("without env at all", async (t) => {
  const report = sandbox(t).probe((config) => {
    delete config.process.env;
  });
  t.same(
    report.env.filter((entry) => !/^HOME=/.test(entry)),
    [],
  );
});

t.test("uid, gid, additional groups", async (t) => {
  const report = sandbox(t).probe((config) => {
    config.process.user = { uid: 1000, gid: 2000, additionalGids: [5, 3000] };
  });
  t.equal(report.status.Uid, "1000\t1000\t1000\t1000");
  t.equal(report.status.Gid, "2000\t2000\t2000\t2000");
  t.equal(report.status.Groups, "5 3000");
});

t.test("the caller's groups are dropped", async (t) => {
  const report = sandbox(t).probe(undefined, { via: ["setpriv", "--groups", "4,24,100"] });
  t.equal(report.status.Groups, "");
});

t.test("run.oci.keep_original_groups keeps them, in exec too", async (t) => {
  const box = sandbox(t);
  const via = { via: ["setpriv", "--groups", "4,24,100"] };
  const id = box.id();
  const bundle = box.bundle((config) => {
    config.annotations = { "run.oci.keep_original_groups": "1" };
    config.process.user = { uid: 1000, gid: 1000, additionalGids: [5] };
    config.process.args = ["/bin/sleep", "1000"];
  });
  const started = box.run(["run", "--detach", "--bundle", bundle, id], via);
  t.equal(started.status, 0, started.stderr);
  t.match(started.stderr, /level=warning.*process\.user\.additionalGids: not set/);
  const { pid } = box.state(id)!;
  t.match(readFileSync(`/proc/${pid}/status`, "utf8"), /^Groups:\t4 24 100 ?$/m);
  const inside = box.run(["exec", id, "/bin/id", "-G"], via);
  t.equal(inside.stdout.trim(), "1000 4 24 100", inside.stderr);
});

t.test("umask: that of the config, 0022 without", async (t) => {
  const box = sandbox(t);
  const via = ["sh", "-c", 'umask 0007; exec "$@"', "sh"];
  t.equal(box.probe(undefined, { via }).umask, 0o022);
  const asked = (config: TestConfig) => {
    config.process.user.umask = 0o137;
  };
  t.equal(box.probe(asked, { via }).umask, 0o137);
});

t.test("umask 0 is not the same as none", async (t) => {
  const report = sandbox(t).probe((config) => {
    config.process.user.umask = 0;
  });
  t.equal(report.umask, 0);
});

t.test("the five capability sets", async (t) => {
  const report = sandbox(t).probe((config) => {
    config.process.capabilities = {
      bounding: ["CAP_KILL", "CAP_CHOWN", "CAP_NET_RAW", "CAP_SYS_TIME"],
      permitted: ["CAP_KILL", "CAP_CHOWN", "CAP_NET_RAW"],
      effective: ["CAP_KILL"],
      inheritable: ["CAP_CHOWN", "CAP_NET_RAW"],
      ambient: ["CAP_NET_RAW"],
    };
    config.process.user = { uid: 1000, gid: 1000 };
  });
  t.same(capabilitySet(report, "Bnd"), ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW", "CAP_SYS_TIME"]);
  t.same(capabilitySet(report, "Inh"), ["CAP_CHOWN", "CAP_NET_RAW"]);
  t.same(capabilitySet(report, "Amb"), ["CAP_NET_RAW"]);
  // execve of a user that is not root: what is ambient stays, the rest goes (capabilities(7)).
  t.same(capabilitySet(report, "Prm"), ["CAP_NET_RAW"]);
  t.same(capabilitySet(report, "Eff"), ["CAP_NET_RAW"]);
});

t.test("root keeps what is permitted; nothing is inheritable unless asked for", async (t) => {
  const report = sandbox(t).probe();
  const three = ["CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_AUDIT_WRITE"];
  t.same(capabilitySet(report, "Bnd"), three);
  t.same(capabilitySet(report, "Eff"), three);
  t.same(capabilitySet(report, "Inh"), [], "CVE-2022-29162");
  t.same(capabilitySet(report, "Amb"), []);
});

t.test("no capabilities property: none", async (t) => {
  const report = sandbox(t).probe((config) => {
    delete config.process.capabilities;
  });
  for (const set of ["Eff", "Prm", "Inh", "Bnd", "Amb"]) t.same(capabilitySet(report, set), [], set);
});

t.test("an unknown capability is a warning", async (t) => {
  const box = sandbox(t);
  const result = box.runContainer((config) => {
    config.process.capabilities!.bounding!.push("CAP_TO_FLY");
  });
  t.equal(result.status, 0, result.stderr);
  t.match(result.stderr, /CAP_TO_FLY/);
});

t.test("noNewPrivileges", async (t) => {
  const box = sandbox(t);
  t.equal(box.probe().status.NoNewPrivs, "1");
  const without = box.probe((config) => {
    config.process.noNewPrivileges = false;
  });
  t.equal(without.status.NoNewPrivs, "0");
});

t.test("rlimits of the config; the others are the caller's", async (t) => {
  const report = sandbox(t).probe(
    (config) => {
      config.process.rlimits = [
        { type: "RLIMIT_NOFILE", soft: 512, hard: 777 },
        { type: "RLIMIT_CORE", soft: 0, hard: 4096 },
        { type: "RLIMIT_STACK", soft: 4194304, hard: 8388608 },
        { type: "RLIMIT_NPROC", soft: 99, hard: 100 },
      ];
    },
    { via: ["prlimit", "--cpu=1000:2000", "--fsize=123456789:987654321"] },
  );
  t.match(report.rlimits, {
    RLIMIT_NOFILE: ["512", "777"],
    RLIMIT_CORE: ["0", "4096"],
    RLIMIT_STACK: ["4194304", "8388608"],
    RLIMIT_NPROC: ["99", "100"],
    RLIMIT_CPU: ["1000", "2000"],
    RLIMIT_FSIZE: ["123456789", "987654321"],
  });
});

t.test("oomScoreAdj: set when given, the caller's when not", async (t) => {
  const box = sandbox(t);
  const given = box.probe((config) => {
    config.process.oomScoreAdj = 321;
  });
  t.equal(given.oom_score_adj, "321");
  t.equal(box.probe().oom_score_adj, readFileSync("/proc/self/oom_score_adj", "utf8").trim());
});

t.test("cwd: as given; made when missing; owned by the user", async (t) => {
  const box = sandbox(t);
  const report = box.probe((config) => {
    config.process.cwd = "/tmp";
  });
  t.equal(report.cwd, "/tmp");
  const bundle = box.bundle((config) => {
    config.process.cwd = "/made/for/you";
  });
  const made = box.run(["run", "--bundle", bundle, box.id()]);
  t.equal(JSON.parse(made.stdout).cwd, "/made/for/you", made.stderr);
  t.ok(statSync(join(bundle, "rootfs/made/for/you")).isDirectory());
});

t.test("a cwd that the user could not enter is entered all the same, with the runtime's rights", async (t) => {
  const result = sandbox(t).runContainer((config, bundle) => {
    mkdirSync(join(bundle, "rootfs/closed"), { mode: 0o700 });
    chmodSync(join(bundle, "rootfs/closed"), 0o700);
    config.process.user = { uid: 1000, gid: 1000 };
    config.process.cwd = "/closed";
    config.process.capabilities = {};
  });
  t.equal(result.status, 0, result.stderr);
  t.equal(parseReport(result.stdout).cwd, "/closed", "as with runc; the program can't open what is in it");
});

t.test("the program is looked up along the PATH of the container", async (t) => {
  const box = sandbox(t);
  const args = (edit: (config: TestConfig, bundle: string) => void) => box.runContainer(edit);
  const found = args((config) => {
    config.process.args = ["probe", "exit", "7"];
    config.process.env = ["PATH=/nowhere:/bin"];
  });
  t.equal(found.status, 7, found.stderr);
  const own = args((config, bundle) => {
    mkdirSync(join(bundle, "rootfs/first"));
    writeFileSync(join(bundle, "rootfs/first/hi"), "#!/bin/sh\necho first\n", { mode: 0o755 });
    mkdirSync(join(bundle, "rootfs/no-exec"));
    writeFileSync(join(bundle, "rootfs/no-exec/hi"), "#!/bin/sh\necho wrong\n", { mode: 0o644 });
    config.process.args = ["hi"];
    config.process.env = ["PATH=/no-exec:/first:/bin"];
  });
  t.equal(own.stdout, "first\n", "a file that is not executable is passed over");
  const missing = args((config) => {
    config.process.args = ["probe"];
    config.process.env = ["PATH=/nowhere"];
  });
  t.equal(missing.status, 1);
  t.match(missing.stderr, /exec: \\?"probe\\?": executable file not found in \$PATH/);
});

t.test("a relative program is relative to cwd", async (t) => {
  const result = sandbox(t).runContainer((config) => {
    config.process.cwd = "/bin";
    config.process.args = ["./probe", "exit", "9"];
  });
  t.equal(result.status, 9, result.stderr);
});

t.test("scheduler, io priority, personality", async (t) => {
  const report = sandbox(t).probe((config) => {
    config.process.scheduler = { policy: "SCHED_BATCH", nice: 5 };
    config.process.ioPriority = { class: "IOPRIO_CLASS_BE", priority: 6 };
    config.linux.personality = { domain: "LINUX32" };
  });
  t.equal(report.scheduler, 3);
  t.equal(report.nice, 5);
  t.equal(report.ioprio, (2 << 13) | 6);
  t.equal(report.personality, 8);
});

t.test("the process leads its own session", async (t) => {
  const report = sandbox(t).probe();
  t.equal(report.sid, report.pid);
  t.equal(report.pgid, report.pid);
  t.equal(report.dumpable, 1);
});
