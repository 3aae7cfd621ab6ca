// exec: the process of a document, its CPUs, and its pidfd for the caller.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { execProbe, running } from "../helpers/exec.js";
import { receivePidfd } from "../helpers/pidfd.js";
import type { Report } from "../helpers/report.js";
import { sandbox } from "../helpers/sandbox.js";

t.test("execCPUAffinity: the CPUs before and after the way into the cgroup", async (t) => {
  const box = sandbox(t);
  const affinity = (execCPUAffinity?: Record<string, string>) => {
    const id = running(box, (config) => {
      if (execCPUAffinity) config.process.execCPUAffinity = execCPUAffinity;
    });
    const own = execProbe(box, id, [], { via: ["taskset", "-c", "0"] }).status.Cpus_allowed_list?.trim();
    box.run(["delete", "-f", id]);
    return own;
  };
  const all = readFileSync("/proc/1/status", "utf8").match(/^Cpus_allowed_list:\s+(.*)$/m)![1];
  t.equal(affinity(), all, "the caller's affinity is not the container's");
  t.equal(affinity({ initial: "0" }), all);
  t.equal(affinity({ final: "0" }), "0");
  t.equal(affinity({ initial: "0", final: "0" }), "0");
});

t.test("the process of a document: --process", async (t) => {
  const box = sandbox(t);
  const id = running(box, (config) => {
    config.process.env = ["PATH=/bin", "OWN=1"];
    config.process.oomScoreAdj = 77;
  });
  const file = join(box.dir, "process.json");
  const write = (document: unknown) =>
    writeFileSync(file, typeof document === "string" ? document : JSON.stringify(document, null, 2));
  write({
    args: ["/bin/probe"],
    cwd: "/tmp",
    env: ["A=1"],
    user: { uid: 5, gid: 6, additionalGids: [7], umask: 0o077 },
    rlimits: [{ type: "RLIMIT_NOFILE", soft: 99, hard: 99 }],
    oomScoreAdj: 88,
  });
  const result = box.run(["exec", "--process", file, id]);
  t.equal(result.status, 0, result.stderr);
  const report = JSON.parse(result.stdout) as Report;
  t.same(report.env, ["A=1", "HOME=/"]);
  t.equal(report.cwd, "/tmp");
  t.equal(report.uid, 5);
  t.equal(report.umask, 0o077);
  t.equal(report.oom_score_adj, "88");
  t.same(report.rlimits.RLIMIT_NOFILE, ["99", "99"]);

  write({ args: ["/bin/probe"], cwd: "/" });
  const bare = JSON.parse(box.run(["exec", "-p", file, id]).stdout) as Report;
  t.equal(bare.uid, 0);
  t.equal(bare.oom_score_adj, "77", "what the file does not mention");
  t.same(bare.rlimits.RLIMIT_NOFILE, ["1024", "1024"]);
  t.equal(bare.status.CapBnd, execProbe(box, id).status.CapBnd, "the container's, never more");
  t.equal(bare.status.NoNewPrivs?.trim(), "0", "as in runc: a boolean that is left out is false");

  const bad: [unknown, RegExp][] = [
    ["{", /process\.json/],
    ["null", /process cannot be null/],
    [{ args: [], cwd: "/" }, /process\.json:2.*args must not be empty/],
    [{ args: ["/bin/true"], cwd: "tmp" }, /process\.json:5.*Cwd must be an absolute path/],
    [{ args: ["/bin/true"] }, /Cwd property must not be empty/],
    [{ args: "x", cwd: "/" }, /process\.json:2.*args: expected an array/],
    [{ args: ["/bin/true"], cwd: "/", user: { uid: -1, gid: 0 } }, /user\.uid/],
  ];
  for (const [document, text] of bad) {
    write(document);
    const refused = box.run(["exec", "--process", file, id]);
    t.equal(refused.status, 255, String(text));
    t.match(refused.stderr, /exec failed: /);
    t.match(refused.stderr, text);
  }
});

t.test("--pidfd-socket", async (t) => {
  const box = sandbox(t);
  const id = running(box);
  const path = join(box.dir, "pidfd.sock");
  const received = await receivePidfd(t, path);
  const pidFile = join(box.dir, "pid");
  const result = box.run(["exec", "-d", "--pid-file", pidFile, "--pidfd-socket", path, id, "/bin/probe", "pause"]);
  t.equal(result.status, 0, result.stderr);
  t.same(await received(), { count: 1, pid: Number(readFileSync(pidFile, "utf8")) });
});
