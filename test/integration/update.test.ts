// update: limits as the kernel has them afterwards, and as before when one was refused.

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { cgroupOf, isV2, readCgroup, unlimitedMemory } from "../helpers/cgroup.js";
import type { TestConfig } from "../helpers/config.js";
import { type Sandbox, sandbox, until } from "../helpers/sandbox.js";

const M = 1 << 20;

interface Made {
  box: Sandbox;
  id: string;
  pid: number;
  /** Runs `update` with these words after the id. */
  update(...words: string[]): ReturnType<Sandbox["run"]>;
  /** The same with a document on stdin. */
  resources(document: unknown): ReturnType<Sandbox["run"]>;
  /** The limits that the tests are about, under the names of config.json. */
  limits(): Record<string, string>;
}

/** A created container with limits. Words of options may come after the id, as engines send them. */
function made(box: Sandbox, edit: (config: TestConfig) => void = () => {}): Made {
  const { id } = box.create(
    box.bundle((config) => {
      config.process.args = ["/bin/probe", "pause"];
      config.linux.resources.memory = { limit: 64 * M, swap: 96 * M, reservation: 32 * M };
      config.linux.resources.cpu = { quota: 50000, period: 100000, shares: 512 };
      config.linux.resources.pids = { limit: 50 };
      edit(config);
    }),
  );
  const { pid } = box.state(id)!;
  return {
    box,
    id,
    pid,
    update: (...words) => box.run(["update", id, ...words]),
    resources: (document) => box.run(["update", "-r", "-", id], { input: JSON.stringify(document) }),
    limits: () => (isV2 ? limitsV2(pid) : limitsV1(pid)),
  };
}

function limitsV1(pid: number): Record<string, string> {
  const swap = existsSync(join(cgroupOf(pid, "memory"), "memory.memsw.limit_in_bytes"));
  return {
    limit: readCgroup(pid, "memory", "memory.limit_in_bytes"),
    swap: swap ? readCgroup(pid, "memory", "memory.memsw.limit_in_bytes") : "no swap accounting",
    reservation: readCgroup(pid, "memory", "memory.soft_limit_in_bytes"),
    quota: readCgroup(pid, "cpu", "cpu.cfs_quota_us"),
    period: readCgroup(pid, "cpu", "cpu.cfs_period_us"),
    shares: readCgroup(pid, "cpu", "cpu.shares"),
    pids: readCgroup(pid, "pids", "pids.max"),
  };
}

/** v2 under v1's names and scales, as far as there is a number. */
function limitsV2(pid: number): Record<string, string> {
  const [quota = "", period = ""] = readCgroup(pid, "", "cpu.max").split(" ");
  const limit = readCgroup(pid, "", "memory.max");
  const swap = existsSync(join(cgroupOf(pid, ""), "memory.swap.max"))
    ? readCgroup(pid, "", "memory.swap.max")
    : "no swap accounting";
  return {
    limit: limit === "max" ? unlimited : limit,
    swap: swap === "max" ? unlimited : /^\d/.test(swap) ? String(Number(swap) + Number(limit)) : swap,
    reservation: readCgroup(pid, "", "memory.low"),
    quota: quota === "max" ? "-1" : quota,
    period,
    shares: readCgroup(pid, "", "cpu.weight"),
    pids: readCgroup(pid, "", "pids.max"),
  };
}

const unlimited = unlimitedMemory();
const shares = (v1: number, v2: number) => String(isV2 ? v2 : v1);

t.test("every limit by its flag; what is not named stays", async (t) => {
  const { update, limits } = made(sandbox(t));
  const before = limits();
  const hasSwap = before.swap !== "no swap accounting";
  const step = (words: string[], changed: Record<string, string>) => {
    const old = limits();
    const result = update(...words);
    t.equal(result.status, 0, result.stderr);
    t.equal(result.stdout, "");
    t.same(limits(), { ...old, ...changed }, words.join(" "));
  };
  step(["--memory", "48m"], { limit: String(48 * M) });
  step(["--memory-reservation", "16777216"], { reservation: String(16 * M) });
  step(["--cpu-period", "90000"], { period: "90000" });
  step(["--cpu-quota", "60000"], { quota: "60000" });
  step(["--cpu-quota=-1"], { quota: "-1" });
  step(["--cpu-quota", "-1", "--cpu-period", "100000"], { period: "100000" });
  step(["--cpu-share", "1024"], { shares: shares(1024, 100) });
  step(["--pids-limit", "-1"], { pids: "max" });
  step(["--pids-limit", "10"], { pids: "10" });
  step(["--pids-limit", "0"], { pids: "1" });
  step([], {});
  if (hasSwap) {
    step(["--memory-swap", "80M"], { swap: String(80 * M) });
    step(["--memory", "200m", "--memory-swap", "300m"], { limit: String(200 * M), swap: String(300 * M) });
    step(["--memory", "30M", "--memory-swap", "50M"], { limit: String(30 * M), swap: String(50 * M) });
    step(["--memory-swap", "-1"], { swap: unlimited });
  }
  step(["--memory", "-1"], { limit: unlimited, ...(hasSwap && { swap: unlimited }) });
});

t.test("CPU sets, weights and what else the machine has", async (t) => {
  const { update, pid } = made(sandbox(t));
  const cpu = isV2 ? "" : "cpu";
  const has = (controller: string, file: string) => {
    try {
      return existsSync(join(cgroupOf(pid, isV2 ? "" : controller), file));
    } catch {
      return false;
    }
  };
  const cases: [words: string[], controller: string, file: string, value: string][] = [
    [["--cpuset-cpus", "0"], "cpuset", "cpuset.cpus", "0"],
    [["--cpuset-mems", "0"], "cpuset", "cpuset.mems", "0"],
    [["--cpu-burst", "20000"], "cpu", isV2 ? "cpu.max.burst" : "cpu.cfs_burst_us", "20000"],
    [["--cpu-burst", "0"], "cpu", isV2 ? "cpu.max.burst" : "cpu.cfs_burst_us", "0"],
    [["--cpu-idle", "1"], "cpu", "cpu.idle", "1"],
    [["--cpu-idle", "0", "--cpu-share", "2048"], "cpu", "cpu.idle", "0"],
    [["--blkio-weight", "500"], "blkio", isV2 ? "io.bfq.weight" : "blkio.bfq.weight", isV2 ? "default 500" : "500"],
    [["--cpu-rt-period", "900000"], "cpu", "cpu.rt_period_us", "900000"],
  ];
  let tried = 0;
  for (const [words, controller, file, value] of cases) {
    if (!has(controller, file)) continue;
    tried++;
    const result = update(...words);
    t.equal(result.status, 0, `${words.join(" ")}: ${result.stderr}`);
    t.equal(readCgroup(pid, isV2 ? "" : controller, file), value, words.join(" "));
  }
  t.ok(tried >= 2, `${tried} of them`);
  if (has("cpu", "cpu.idle")) t.equal(readCgroup(pid, cpu, isV2 ? "cpu.weight" : "cpu.shares"), shares(2048, 174));
});

t.test("one limit that is refused leaves all as they were", async (t) => {
  const { update, resources, limits } = made(sandbox(t));
  const before = limits();
  const refused = (result: ReturnType<Sandbox["run"]>, message: RegExp) => {
    t.equal(result.status, 1, String(message));
    t.match(result.stderr, message);
    t.same(limits(), before, `as before: ${message}`);
  };
  refused(
    update("--memory", "48m", "--cpu-share", "600", "--pids-limit", "7", "--cpuset-cpus", "4000"),
    /--cpuset-cpus: /,
  );
  refused(update("--memory", "48m", "--cpu-quota", "1"), /--cpu-quota: /);
  refused(
    update("--pids-limit", "7", "--memory", "200m"),
    isV2 ? /--memory: memory\+swap limit should be >=/ : /--memory: /,
  );
  // v2 has a weight for every number of shares.
  if (!isV2) refused(update("--memory", "48m", "--cpu-share", "1"), /minimum allowed cpu-shares is 2/);
  refused(
    resources({ memory: { limit: 48 * M }, pids: { limit: 3 }, hugepageLimits: [{ pageSize: "3MB", limit: 0 }] }),
    /hugepageLimits/,
  );
});

t.test("a document: from a file and from standard input, exact beyond 2^53, checked against its schema", async (t) => {
  const { box, id, update, resources, limits } = made(sandbox(t));
  const file = join(box.dir, "limits.json");
  writeFileSync(
    file,
    JSON.stringify({ memory: { limit: 40 * M, swap: 60 * M }, cpu: { shares: 1024 }, pids: { limit: 9 } }),
  );
  t.equal(update("--resources", file).status, 0);
  t.match(limits(), { limit: String(40 * M), shares: shares(1024, 100), pids: "9" });
  t.equal(resources({ pids: { limit: 11 } }).status, 0);
  t.equal(limits().pids, "11");
  const both = box.run(["update", "-r", "-", "--pids-limit", "5", id], { input: '{"memory":{"limit":41943040}}' });
  t.equal(both.status, 0);
  t.match(both.stderr, /--pids-limit is ignored, since --resources is given/);
  t.equal(limits().pids, "11");

  const before = limits();
  for (const [document, message] of [
    ["", /input/],
    ["null", /resources cannot be null/],
    ["{", /standard input:1/],
    ['{"memory":{"limit":"many"}}', /memory\.limit: expected/],
    ['{"memory":{"limit":9,"swap":8}}', /memory\.swap/],
    ["[]", /expected an object/],
  ] as const) {
    const result = box.run(["update", "-r", "-", id], { input: document });
    t.equal(result.status, 1, document);
    t.match(result.stderr, message);
  }
  t.match(update("-r", join(box.dir, "nothing.json")), {
    status: 1,
    stderr: /nothing\.json: no such file or directory/,
  });
  t.same(limits(), before);
});

t.test("values that are none", async (t) => {
  const { update, limits } = made(sandbox(t));
  const before = limits();
  for (const name of [
    "cpu-period",
    "cpu-quota",
    "cpu-burst",
    "cpu-share",
    "cpu-rt-period",
    "cpu-rt-runtime",
    "cpu-idle",
  ]) {
    for (const value of ["x", "1.5", "0x10", "99999999999999999999"]) {
      const result = update(`--${name}`, value);
      t.equal(result.status, 1, `--${name} ${value}`);
      t.match(result.stderr, new RegExp(`invalid value for ${name}: `));
    }
  }
  t.match(update("--cpu-share", "-5").stderr, /invalid value for cpu-share/);
  for (const name of ["memory", "memory-swap", "memory-reservation", "kernel-memory"]) {
    for (const value of ["12q", "-2", "m", "10eb"]) {
      const result = update(`--${name}`, value);
      t.equal(result.status, 1, `--${name} ${value}`);
      t.match(result.stderr, new RegExp(`invalid value for ${name}: `));
    }
  }
  t.match(update("--blkio-weight", "1001"), { status: 1, stderr: /invalid value for blkio-weight/ });
  t.match(update("--pids-limit", "some"), { status: 1, stdout: /^Incorrect Usage: invalid value "some"/ });
  t.match(update("--l3-cache-schema", "L3:0=f"), {
    status: 1,
    stderr: existsSync("/sys/fs/resctrl/info/L3") ? /non-existent/ : /Intel RDT\/CAT: l3 cache schema is not enabled/,
  });
  t.match(update("--mem-bw-schema", "MB:0=10"), {
    status: 1,
    stderr: existsSync("/sys/fs/resctrl/info/MB")
      ? /non-existent/
      : /Intel RDT\/MBA: memory bandwidth schema is not enabled/,
  });
  t.same(limits(), before);
});

t.test("kernel memory is ignored, device rules are left alone, both with a warning", async (t) => {
  const { update, resources, limits, pid } = made(sandbox(t));
  const before = limits();
  t.match(update("--kernel-memory", "10m"), {
    status: 0,
    stderr: /Kernel memory settings are ignored and will be removed/,
  });
  t.match(update("--kernel-memory-tcp", "10m"), { status: 0, stderr: /Kernel memory settings are ignored/ });
  const devices = () => (isV2 ? "" : readCgroup(pid, "devices", "devices.list"));
  const rules = devices();
  t.match(resources({ devices: [{ allow: true, access: "rwm" }], pids: { limit: 12 } }), {
    status: 0,
    stderr: /update does not change device rules/,
  });
  t.equal(devices(), rules);
  t.same(limits(), { ...before, pids: "12" });
});

t.test("a limit below the usage", async (t) => {
  const box = sandbox(t);
  const { id, pid, update, resources, limits } = made(box, (config) => {
    // Files in memory: the kernel can't take them back.
    config.process.args = ["/bin/sh", "-c", "dd if=/dev/zero of=/dev/shm/x bs=1M count=20 && echo ready && sleep 100"];
    config.linux.resources.memory = { limit: 64 * M, swap: 64 * M };
  });
  t.equal(box.run(["start", id]).status, 0);
  const usage = () => Number(readCgroup(pid, isV2 ? "" : "memory", isV2 ? "memory.current" : "memory.usage_in_bytes"));
  await until("it uses memory", () => usage() > 20 * M);
  const before = limits();
  const checked = resources({ pids: { limit: 3 }, memory: { limit: 8 * M, checkBeforeUpdate: true } });
  t.equal(checked.status, 1);
  t.match(
    checked.stderr,
    isV2
      ? /rejecting memory limit 8388608 <= usage/
      : /unable to set memory limit to 8388608 \(current usage: \d+, peak usage: \d+\)/,
  );
  t.same(limits(), before);
  if (!isV2) {
    t.match(update("--pids-limit", "3", "--memory", "8m"), {
      status: 1,
      stderr: /--memory: .*unable to set memory limit/,
    });
    t.same(limits(), before, "the kernel refuses it, and the other limit is put back");
  }
  t.equal(box.state(id)!.status, "running");
});

t.test("in which states", async (t) => {
  const { box, id, update, limits } = made(sandbox(t));
  t.equal(box.run(["start", id]).status, 0);
  t.equal(update("--pids-limit", "20").status, 0, "running");
  t.equal(box.run(["pause", id]).status, 0);
  t.equal(update("--pids-limit", "21").status, 0, "paused");
  t.equal(limits().pids, "21");
  t.equal(box.state(id)!.status, "paused", "and it stays so");
  t.equal(box.run(["kill", id, "KILL"]).status, 0);
  await until("it has stopped", () => box.state(id)!.status === "stopped");
  t.match(update("--pids-limit", "22"), { status: 1, stderr: /container not running/ });
  t.match(box.run(["update", "nobody", "--pids-limit", "5"]), { status: 1, stderr: /container does not exist/ });
});

t.test("two at once: each is whole", async (t) => {
  const { box, id, limits } = made(sandbox(t));
  const both = [64, 48, 56, 40].map((size) =>
    box.start(["update", id, "--memory", `${size}m`, "--pids-limit", String(size), "--cpu-share", String(size * 10)]),
  );
  for (const { done } of both) t.equal((await done).status, 0);
  const { limit, pids } = limits();
  t.equal(Number(limit) / M, Number(pids), "limits of one and the same update");
});
