// The v2 driver on a hybrid host's cgroup2, as far as that can: no container, only directories of our own with sleepers
// in them, as root. The guest has all of cgroup v2.

import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import t from "tap";
import { readStats } from "../../src/cgroup/stats/index.js";
import { CgroupV2Driver } from "../../src/cgroup/v2.js";
import { drivers, processIn, runIn, value } from "../helpers/cgroup-driver.js";

const UNIFIED = "/sys/fs/cgroup/unified";
const noRoot = process.getuid?.() === 0 ? false : "needs root";
const isV2 = existsSync("/sys/fs/cgroup/cgroup.controllers");
const noUnified = existsSync(`${UNIFIED}/cgroup.procs`) ? false : "no cgroup2 here";
const unified = { skip: noRoot || (isV2 ? "no hybrid: the guest with cgroup v2 covers this" : noUnified) } as const;
t.test("the v2 driver on the hybrid's cgroup2", unified, async (t) => {
  const before = readFileSync(`${UNIFIED}/cgroup.subtree_control`, "utf8").trim();
  const has = readFileSync(`${UNIFIED}/cgroup.controllers`, "utf8").trim().split(/\s+/);
  t.teardown(() => {
    if (before === "" && has.includes("hugetlb")) writeFileSync(`${UNIFIED}/cgroup.subtree_control`, "-hugetlb");
  });
  const directory = `${UNIFIED}/runt-cgtest-${process.pid}-v2`;
  const driver = new CgroupV2Driver({ version: 2, directories: { "": directory } });
  drivers.push(driver);
  t.throws(() => driver.create({ memory: { limit: 4096 } }), { message: /controller memory is not available/ });
  t.equal(existsSync(directory), false, "rolled back");

  const resources = has.includes("hugetlb") ? { hugepageLimits: [{ pageSize: "2MB", limit: 4 << 20 }] } : {};
  driver.create(resources);
  driver.apply(resources);
  if (has.includes("hugetlb")) t.equal(value(driver, "", "hugetlb.2MB.max"), String(4 << 20));
  t.same(driver.placement(), { join: [], into: directory });

  t.equal(runIn([directory], "head -c 4 /dev/zero | wc -c").trim(), "4");
  t.match(runIn([directory], ": < /dev/kmsg"), /Operation not permitted/, "the device program holds");
  driver.update({ devices: [{ allow: true, type: "c", major: 1, minor: 11, access: "r" }] });
  t.equal(runIn([directory], ": < /dev/kmsg"), "", "and can be replaced");

  driver.freeze("frozen");
  t.equal(driver.freezerState(), "frozen", "an empty one too");
  t.throws(() => new CgroupV2Driver(driver.paths).create(undefined), { message: /cgroup unexpectedly frozen/ });
  driver.freeze("thawed");

  const child = await processIn([directory]);
  mkdirSync(`${directory}/sub`);
  const below = await processIn([`${directory}/sub`]);
  t.same(driver.processes().sort(), [child.pid, below.pid].sort());
  driver.freeze("frozen");
  t.equal(driver.freezerState(), "frozen");
  t.match(value(driver, "", "cgroup.events"), /frozen 1/);
  t.throws(() => new CgroupV2Driver(driver.paths).create(undefined), { message: /cgroup is not empty: 2 process/ });
  driver.freeze("thawed");
  t.equal(readStats(driver.paths).pids.current, 1);
  t.throws(() => driver.apply({ unified: { "memory.high": "1" } }), {
    message: /linux.resources.unified\["memory.high"\]: .* \(controller memory is not available here/,
  });
  const owned = new CgroupV2Driver(
    { version: 2, directories: { "": `${directory}-owned` } },
    { rootless: false, pathGiven: true, owner: 65534 },
  );
  drivers.push(owned);
  owned.create(undefined);
  t.equal(statSync(`${directory}-owned`).uid, 0, "not before the first process is in place");
  owned.settle(undefined);
  t.equal(statSync(`${directory}-owned`).uid, 65534);
  t.equal(statSync(`${directory}-owned/cgroup.procs`).uid, 65534);
  t.equal(statSync(`${directory}-owned/cgroup.max.depth`).uid, 0, "limits stay root's");

  driver.signalAll(9);
  driver.remove(3000);
  t.notOk(existsSync(directory), "waited for the end of both");
});
