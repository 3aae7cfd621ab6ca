// The cgroup drivers on the real hierarchies of a v1 or hybrid host: no container, only directories of our own
// (runt-cgtest-PID…) with sleepers in them, as root.

import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import t from "tap";
import { detectCgroups } from "../../src/cgroup/detect.js";
import { cgroupDriver, cgroupDriverFromState } from "../../src/cgroup/index.js";
import { readStats, statsJson } from "../../src/cgroup/stats/index.js";
import { processStat } from "../../src/host/proc.js";
import { unlimitedMemory } from "../helpers/cgroup.js";
import { drivers, ended, newDriver, placesOf, processIn, runIn, value } from "../helpers/cgroup-driver.js";

const noRoot = process.getuid?.() === 0 ? false : "needs root";
const isV2 = existsSync("/sys/fs/cgroup/cgroup.controllers");
const options = { skip: noRoot || (isV2 ? "no cgroup v1 here" : false) } as const;

t.test("create, list, remove", options, async (t) => {
  const driver = newDriver();
  t.equal(driver.exists(), false);
  driver.create(undefined);
  t.match(value(driver, "devices", "devices.list"), /^c 5:2 rwm$/m, "before apply(), beside which containers open it");
  driver.apply(undefined);
  t.equal(driver.exists(), true);
  t.same(driver.warnings, []);
  for (const directory of Object.values(driver.paths.directories)) t.ok(existsSync(directory), directory);
  t.same(new Set(placesOf(driver)), new Set(Object.values(driver.paths.directories)));
  t.equal(value(driver, "cpuset", "cpuset.cpus"), readFileSync("/sys/fs/cgroup/cpuset/cpuset.cpus", "utf8").trim());
  t.same(driver.processes(), []);

  const child = await processIn(placesOf(driver));
  t.same(driver.processes(), [child.pid]);
  child.kill("SIGKILL");
  await ended(child);
  cgroupDriverFromState(driver.paths).remove(1000);
  for (const directory of Object.values(driver.paths.directories)) t.notOk(existsSync(directory), directory);
  t.equal(driver.exists(), false);
  t.doesNotThrow(() => driver.remove(0), "a second time");
});

t.test("limits are what the kernel says afterwards", options, async (t) => {
  const driver = newDriver();
  const resources = {
    memory: { limit: 64 << 20, swap: 128 << 20, reservation: 32 << 20, swappiness: 10, disableOOMKiller: true },
    cpu: { shares: 512, quota: 5000, period: 20000, burst: 1000, cpus: "0", mems: "0" },
    pids: { limit: 17 },
  };
  driver.create(resources);
  driver.apply(resources);
  t.equal(value(driver, "memory", "memory.limit_in_bytes"), String(64 << 20));
  t.equal(value(driver, "memory", "memory.memsw.limit_in_bytes"), String(128 << 20));
  t.equal(value(driver, "memory", "memory.soft_limit_in_bytes"), String(32 << 20));
  t.equal(value(driver, "memory", "memory.swappiness"), "10");
  t.match(value(driver, "memory", "memory.oom_control"), /oom_kill_disable 1/);
  t.equal(value(driver, "cpu", "cpu.shares"), "512");
  t.equal(value(driver, "cpu", "cpu.cfs_quota_us"), "5000");
  t.equal(value(driver, "cpu", "cpu.cfs_period_us"), "20000");
  t.equal(value(driver, "cpu", "cpu.cfs_burst_us"), "1000");
  t.equal(value(driver, "cpuset", "cpuset.cpus"), "0");
  t.equal(value(driver, "pids", "pids.max"), "17");

  // In both directions, although each order of the two writes is refused in one of them.
  driver.update({ memory: { limit: 256 << 20, swap: 512 << 20 } });
  t.equal(value(driver, "memory", "memory.limit_in_bytes"), String(256 << 20));
  driver.update({ memory: { limit: 32 << 20, swap: 48 << 20 } });
  t.equal(value(driver, "memory", "memory.memsw.limit_in_bytes"), String(48 << 20));
  driver.update({ memory: { limit: -1 }, pids: { limit: -1 }, cpu: { quota: -1, burst: 0 } });
  t.equal(value(driver, "memory", "memory.limit_in_bytes"), unlimitedMemory());
  t.equal(value(driver, "memory", "memory.memsw.limit_in_bytes"), unlimitedMemory());
  t.equal(value(driver, "pids", "pids.max"), "max");
  t.equal(value(driver, "cpu", "cpu.cfs_quota_us"), "-1");
  driver.update({ cpu: { quota: 9000, period: 10000, burst: 9000 } });
  driver.update({ cpu: { quota: 2000, burst: 1000 } });
  t.equal(value(driver, "cpu", "cpu.cfs_burst_us"), "1000");
  driver.update({ cpu: { idle: 1 } });
  driver.update({ cpu: { idle: 0, shares: 100 } });
  t.equal(value(driver, "cpu", "cpu.shares"), "100");
});

t.test("a pids limit that would stop the start waits", options, async (t) => {
  const driver = newDriver();
  driver.create({ pids: { limit: 0 } });
  driver.apply({ pids: { limit: 0 } });
  t.equal(value(driver, "pids", "pids.max"), "max");
  driver.settle({ pids: { limit: 0 } });
  t.equal(value(driver, "pids", "pids.max"), "0");
});

t.test("device rules hold", options, async (t) => {
  const driver = newDriver();
  driver.create(undefined);
  driver.apply(undefined);
  const devices = [driver.paths.directories.devices!];
  t.equal(runIn(devices, "head -c 4 /dev/zero | wc -c").trim(), "4");
  t.match(runIn(devices, ": < /dev/kmsg"), /Operation not permitted/);
  driver.update({ devices: [{ allow: true, type: "c", major: 1, minor: 11, access: "r" }] });
  t.equal(runIn(devices, ": < /dev/kmsg"), "");
  t.match(runIn(devices, ": > /dev/kmsg"), /Operation not permitted/);
  driver.update({ devices: [] });
  t.match(runIn(devices, ": < /dev/kmsg"), /Operation not permitted/);
});

t.test("freeze, sub-cgroups, signals", options, async (t) => {
  const driver = newDriver();
  driver.create(undefined);
  driver.apply(undefined);
  const first = await processIn(placesOf(driver));
  // A container that may write to its cgroups can name one like a file of another controller.
  const hidden = placesOf(driver).map((path) => `${path}/memory.stat.d`);
  for (const path of hidden) mkdirSync(path);
  const cpuset = `${driver.paths.directories.cpuset}/memory.stat.d`;
  for (const kind of ["cpus", "mems"]) writeFileSync(`${cpuset}/cpuset.${kind}`, "0");
  const second = await processIn(hidden);
  t.same(driver.processes().sort(), [first.pid, second.pid].sort());

  t.equal(driver.freezerState(), "thawed");
  driver.freeze("frozen");
  t.equal(driver.freezerState(), "frozen");
  t.throws(() => newDriver(driver.paths.directories.devices!.split("/").pop()).create(undefined), {
    message: /container's cgroup is not empty: 2 process\(es\) found/,
  });
  drivers.pop();

  t.throws(() => driver.remove(20), { message: /2 process\(es\) still in it: \d+ \(sleep, / }, "names who is left");
  driver.signalAll(9);
  await Promise.all([ended(first), ended(second)]);
  t.same([first.signalCode, second.signalCode], ["SIGKILL", "SIGKILL"], "also when it was frozen");
  driver.remove(2000);
  for (const path of placesOf(driver)) t.notOk(existsSync(path));
});

t.test("signals without cgroup.kill: SIGTERM and a frozen SIGKILL", options, async (t) => {
  const driver = newDriver();
  driver.create(undefined);
  const { "": _, ...hierarchies } = driver.paths.directories;
  const v1 = cgroupDriverFromState({ version: 1, directories: hierarchies });
  const first = await processIn(placesOf(v1));
  v1.signalAll(15);
  await ended(first);
  t.equal(first.signalCode, "SIGTERM");
  t.equal(v1.freezerState(), "thawed");
  const second = await processIn(placesOf(v1));
  v1.freeze("frozen");
  v1.signalAll(9);
  await ended(second);
  t.equal(second.signalCode, "SIGKILL");
});

t.test("processes that fork all the time do not slip through", options, async (t) => {
  const driver = newDriver();
  driver.create(undefined);
  const { "": unified, ...hierarchies } = driver.paths.directories;
  const loops = "(while :; do /bin/true; done) & (while :; do /bin/true; done) & while :; do /bin/true; done";
  const byFreezer = cgroupDriverFromState({ version: 1, directories: hierarchies });
  await processIn(placesOf(byFreezer), loops);
  byFreezer.signalAll(9);
  byFreezer.remove(2000);
  t.same(byFreezer.processes(), []);

  driver.create(undefined);
  await processIn(placesOf(driver), loops);
  driver.freeze("frozen");
  t.equal(driver.freezerState(), "frozen", "the v1 freezer catches up with them");
  driver.signalAll(9);
  driver.remove(2000);
  t.same([driver.processes(), unified !== undefined && existsSync(unified)], [[], false]);
});

t.test("remove waits for the end of a process", options, async (t) => {
  const driver = newDriver();
  driver.create(undefined);
  const { "": _, ...hierarchies } = driver.paths.directories;
  for (const directories of [placesOf(driver), Object.values(hierarchies)]) {
    for (const path of directories) if (!existsSync(path)) driver.create(undefined);
    await processIn([...new Set(directories)], "exec sleep 0.2");
    driver.remove(5000);
    for (const path of directories) t.notOk(existsSync(path), path);
  }
});

t.test("refused, and nothing left behind", options, async (t) => {
  const frozen = newDriver();
  frozen.create(undefined);
  frozen.freeze("frozen");
  t.throws(() => frozen.create(undefined), { message: /container's cgroup unexpectedly frozen/ });
  frozen.freeze("thawed");

  // One directory cannot be made: the others go again.
  const blocked = newDriver();
  blocked.paths.directories.zzz = `${blocked.paths.directories.pids}/pids.max/x`;
  t.throws(() => blocked.create(undefined), { message: /create cgroup .*pids.max\/x: / });
  delete blocked.paths.directories.zzz;
  for (const directory of Object.values(blocked.paths.directories)) t.notOk(existsSync(directory), directory);

  const file = cgroupDriver({ layout: detectCgroups(), id: "tasks", rootless: false });
  t.throws(() => file.create(undefined), {
    message: /create cgroup .*\/tasks: file exists \(it is a file of the kernel/,
  });

  const driver = newDriver();
  driver.create(undefined);
  t.throws(() => driver.apply({ cpu: { cpus: "977" } }), {
    message: /^linux.resources.cpu.cpus: write "977" to .*cpuset.cpus: .* \(the parent cgroup has cpus 0/,
  });
  t.throws(() => driver.apply({ memory: { limit: 8192, swap: 4096 } }), {
    message:
      /^linux.resources.memory.swap: .*invalid argument \(memory and swap together \(memory.swap, --memory-swap\)/,
  });
  t.throws(() => driver.apply({ blockIO: { leafWeight: 10 } }), { message: /blockIO.leafWeight: .*no such file/ });
  t.throws(() => driver.apply({ network: { classID: 10 } }), {
    message: /linux.resources.network.classID: write net_cls.classid: the net_cls controller is not available/,
  });
});

t.test("a nested path, cpusets of the parents", options, async (t) => {
  const top = `runt-cgtest-${process.pid}-top`;
  const driver = cgroupDriver({ layout: detectCgroups(), id: "x", cgroupsPath: `/${top}/a/b`, rootless: false });
  drivers.push(driver);
  t.teardown(() => {
    for (const directory of placesOf(driver)) {
      for (const path of [directory.replace(/\/b$/, ""), directory.replace(/\/a\/b$/, "")]) rmdirSync(path);
    }
  });
  const resources = { cpu: { cpus: "0" } };
  driver.create(resources);
  driver.apply(resources);
  t.equal(value(driver, "cpuset", "cpuset.cpus"), "0");
  t.equal(value(driver, "cpuset", "cpuset.mems"), "0");
  driver.remove(0);
});

t.test("statistics", options, async (t) => {
  const driver = newDriver();
  driver.create({ pids: { limit: 9 } });
  driver.apply({ pids: { limit: 9 } });
  await processIn(placesOf(driver));
  const stats = JSON.parse(statsJson(readStats(driver.paths)));
  t.same(stats.pids, { current: 1, limit: 9 });
  t.ok(stats.cpu.usage.total > 0);
  t.ok(stats.memory.usage.usage > 0);
  t.ok(stats.memory.raw.rss >= 0);
  t.equal(stats.network_interfaces, null);
  t.ok(stats.cpuset.cpus.length > 0);
});

t.test("without permission", options, async (t) => {
  const layout = detectCgroups();
  const resources = { memory: { limit: 1 << 20 }, pids: { limit: 5 } };
  const asNobody = <T>(work: () => T): T => {
    process.seteuid!(65534);
    try {
      return work();
    } finally {
      process.seteuid!(0);
    }
  };
  const id = `runt-cgtest-${process.pid}-rootless`;
  const rootless = cgroupDriver({ layout, id, rootless: true });
  asNobody(() => {
    rootless.create(resources);
    rootless.apply(resources);
  });
  t.same([rootless.paths.directories, placesOf(rootless)], [{}, []], "none could be made");
  t.equal(rootless.warnings.length, 1);
  t.match(
    rootless.warnings[0],
    /without a cgroup of its own; not applied: linux.resources.memory.limit, linux.resources.pids.limit; .*cgroup v1 has no safe delegation/,
  );
  const self = processStat(process.pid)!;
  t.same(cgroupDriverFromState(rootless.paths, self).processes(), [self.pid]);
  t.throws(() => cgroupDriverFromState(rootless.paths).freeze("frozen"), { message: /has no cgroup of its own/ });

  const exact = cgroupDriver({ layout, id, cgroupsPath: `/${id}`, rootless: true });
  t.throws(() => asNobody(() => exact.create(undefined)), { message: /^create cgroup .*: permission denied/ });
  const root = cgroupDriver({ layout, id, rootless: false });
  t.throws(() => asNobody(() => root.create(undefined)), { message: /^create cgroup .*: permission denied/ });

  // A cgroup that was made, but whose limits may not be written.
  const limited = cgroupDriver({ layout, id, cgroupsPath: `/${id}`, rootless: true });
  drivers.push(limited);
  limited.create(undefined);
  asNobody(() => limited.apply(resources));
  t.match(limited.warnings, [
    /not applied: linux.resources.memory.limit, linux.resources.pids.limit; write "1048576" to .*permission denied/,
  ]);

  const disabled = cgroupDriver({ layout, id, rootless: false, manager: "disabled" });
  disabled.create(resources);
  disabled.apply(resources);
  t.match(disabled.warnings, [
    "cgroups are disabled; not applied: linux.resources.memory.limit, linux.resources.pids.limit",
  ]);
  t.equal(disabled.exists(), false);
});
