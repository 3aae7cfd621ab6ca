// Nothing of the engine leaks into the container, and what a container inherits is what it gets
// from runc and crun where these are installed.

import { release } from "node:os";
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { mountAt, parseReport, type Report } from "../helpers/report.js";
import { mark, runtime, sandbox, tools } from "../helpers/sandbox.js";

t.test("descriptors: stdio and nothing else, also when the caller leaks some", async (t) => {
  const box = sandbox(t);
  t.same(
    box.probe().fds.map(({ fd }) => fd),
    [0, 1, 2],
  );
  const leaked = Array.from({ length: 20 }, () => openSync("/", "r"));
  const report = box.probe(undefined, { fds: leaked });
  t.same(
    report.fds.map(({ fd }) => fd),
    [0, 1, 2],
    "20 open directories of the host stay outside (CVE-2024-21626)",
  );
  for (const fd of leaked) closeSync(fd);
});

t.test("the soft RLIMIT_NOFILE is the caller's", async (t) => {
  const box = sandbox(t);
  const report = box.probe(
    (config) => {
      config.process.rlimits = [];
    },
    { via: ["prlimit", "--nofile=333:4444"] },
  );
  t.same(report.rlimits.RLIMIT_NOFILE, ["333", "4444"]);
});

t.test("signals: default dispositions, empty mask, whatever the caller had", async (t) => {
  const box = sandbox(t);
  const plain = box.probe();
  t.same(plain.signals, {});
  t.match(plain.status.SigBlk, /^0+$/);
  t.match(plain.status.SigIgn, /^0+$/);
  const odd = box.probe(undefined, {
    via: ["env", "--ignore-signal=PIPE,HUP,USR1,CHLD", "--block-signal=TERM,USR2,WINCH"],
  });
  t.same(odd.signals, {});
  t.match(odd.status.SigBlk, /^0+$/);
  t.match(odd.status.SigIgn, /^0+$/);
  t.match(odd.status.SigPnd, /^0+$/);
});

t.test("O_NONBLOCK of stdio is as it was, inside and afterwards", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle();
  for (const nonblock of [false, true]) {
    const id = box.id();
    const python = `
import os, subprocess, sys, json
pipes = [os.pipe() for _ in range(3)]
ends = [pipes[0][0], pipes[1][1], pipes[2][1]]
for end in ends: os.set_blocking(end, ${nonblock ? "False" : "True"})
child = subprocess.Popen(sys.argv[1:], stdin=ends[0], stdout=ends[1], stderr=ends[2])
child.wait()
after = [not os.get_blocking(end) for end in ends]
os.close(pipes[1][1])
print(json.dumps({"after": after, "report": os.read(pipes[1][0], 65536).decode(), "status": child.returncode}))
`;
    const words = [runtime, "--root", box.root, "run", "--bundle", bundle, id];
    const { stdout, stderr } = spawnSync("python3", ["-c", python, ...words], { encoding: "utf8", timeout: 30_000 });
    const seen = JSON.parse(stdout || "{}") as { after: boolean[]; report: string; status: number };
    t.equal(seen.status, 0, stderr);
    t.same(seen.after, [nonblock, nonblock, nonblock], "the caller's ends afterwards");
    t.same(
      parseReport(seen.report).fds.map((entry) => entry.nonblock),
      [nonblock, nonblock, nonblock],
    );
  }
});

t.test("closed stdio of the caller", async (t) => {
  const box = sandbox(t);
  const result = box.runContainer(
    (config) => {
      config.process.args = ["/bin/probe", "exit", "5"];
    },
    { via: ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"] },
  );
  t.equal(result.status, 5, "the program runs all the same");
});

t.test("CPU affinity is the caller's, as its CPUs allow", async (t) => {
  const box = sandbox(t);
  const via = ["taskset", "-c", "0"];
  const own = /^Cpus_allowed_list:\t(.*)$/m.exec(readFileSync("/proc/self/status", "utf8"))![1];
  // Before Linux 6.2 whoever enters a cpuset gets all of its CPUs; since then the affinity asked for is kept.
  const [major = 0, minor = 0] = release()
    .split(".")
    .map((part) => Number.parseInt(part, 10));
  const kept = major > 6 || (major === 6 && minor >= 2);
  t.equal(box.probe(undefined, { via }).status.Cpus_allowed_list, kept ? "0" : own);
  t.equal(box.probe().status.Cpus_allowed_list, own);
});

t.test(
  "nothing of the engine's own: name, parent-death signal, subreaper, dumpable, security bits, nice",
  async (t) => {
    const box = sandbox(t);
    const report = box.probe();
    t.match(report, { pdeathsig: 0, subreaper: 0, dumpable: 1, securebits: 0, nice: 0, scheduler: 0, personality: 0 });
    t.equal(report.status.Threads, "1");
    t.equal(report.status.TracerPid, "0");
    t.equal(report.status.Name, "probe");
  },
);

t.test("the engine's and the launcher's variables stay outside", async (t) => {
  const box = sandbox(t);
  const report = box.probe((config) => {
    config.process.env = ["ONLY=this"];
  });
  t.same(
    report.env.filter((entry) => !entry.startsWith("HOME=")),
    ["ONLY=this"],
  );
});

t.test("/proc/PID/environ and cmdline of the waiting process tell nothing of the engine", async (t) => {
  const box = sandbox(t);
  const { id } = box.create(box.bundle());
  const { pid } = box.state(id)!;
  t.notMatch(readFileSync(`/proc/${pid}/environ`, "utf8"), /RUNT_LAUNCH|NODE_|BUN_|PATH=/);
});

/** Fields of /proc/self/status that must not differ between runtimes. */
const COMPARED = [
  "CapInh",
  "CapPrm",
  "CapEff",
  "CapBnd",
  "CapAmb",
  "NoNewPrivs",
  "Seccomp",
  "SigBlk",
  "SigIgn",
  "Groups",
  "Uid",
  "Gid",
  "Threads",
  "Umask",
];

/** The report without what must differ from run to run. */
function masked(report: Report): unknown {
  const mount = (destination: string) => {
    const found = mountAt(report, destination);
    return found && { type: found.type, options: [...found.options].sort(), propagation: found.propagation };
  };
  return {
    status: Object.fromEntries(COMPARED.map((name) => [name, report.status[name]])),
    fds: report.fds.map(({ fd, nonblock }) => [fd, nonblock]),
    signals: report.signals,
    rlimits: report.rlimits,
    env: report.env.filter((entry) => !entry.startsWith("HOME=")).sort(),
    args: report.args,
    cwd: report.cwd,
    hostname: report.hostname,
    ids: [report.pid, report.ppid, report.sid, report.pgid, report.uid, report.gid],
    rest: [report.oom_score_adj, report.dumpable, report.securebits, report.pdeathsig, report.personality, report.nice],
    mounts: Object.fromEntries(
      ["/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys", "/proc/sys", "/proc/bus"].map((path) => [
        path,
        mount(path),
      ]),
    ),
  };
}

const peer = (name: string) => spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).stdout.trim();

for (const name of ["runc", "crun"]) {
  t.test(`the same as with ${name}`, { skip: peer(name) === "" && `${name} is not installed` }, async (t) => {
    const box = sandbox(t);
    const bundle = box.bundle((config) => {
      config.process.env = ["PATH=/bin", "A=b"];
      config.process.user = { uid: 1000, gid: 1000, additionalGids: [5] };
      // crun 1.8 can't bind the hybrid's cgroup2 where it has no controllers.
      config.mounts = config.mounts.filter(({ type }) => type !== "cgroup");
    });
    // crun refuses the hybrid layout: its container runs where the v2 half is out of sight.
    const hide = 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"';
    const words = [
      "-m",
      "sh",
      "-c",
      hide,
      "sh",
      peer(name),
      "--root",
      join(box.dir, name),
      "run",
      "--bundle",
      bundle,
      `${mark}${name}-${process.pid}`,
    ];
    const other = spawnSync("unshare", words, { encoding: "utf8", timeout: 30_000, stdio: ["ignore", "pipe", "pipe"] });
    if (other.status !== 0) return t.fail(`${name} did not run: ${other.stderr}`);
    const ours = box.run(["run", "--bundle", bundle, box.id()]);
    t.equal(ours.status, 0, ours.stderr);
    t.same(masked(parseReport(ours.stdout)), masked(parseReport(other.stdout)));
  });
}

t.test("the probe would see a leak", async (t) => {
  // Run outside of any container with something to see, so that a silent probe can't pass.
  const fd = openSync("/", "r");
  const { stdout } = spawnSync("env", ["--ignore-signal=USR1", "--block-signal=USR2", join(tools, "probe")], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit", fd],
  });
  closeSync(fd);
  const report = parseReport(stdout);
  t.ok(report.fds.some((entry) => entry.fd === 3));
  t.same(report.signals, { "10": "ignored" });
  t.notMatch(report.status.SigBlk, /^0+$/);
});
