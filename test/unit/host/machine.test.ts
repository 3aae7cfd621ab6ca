// This process, this machine, and the facts that plans are made from.

import { release } from "node:os";
import { readFileSync } from "node:fs";
import t from "tap";
import { RuntError } from "../../../src/errors.js";
import { detectCgroups } from "../../../src/cgroup/detect.js";
import { isInitialUserNamespace, parseKernelVersion, readHost } from "../../../src/host/facts.js";
import { load, native } from "../../../src/host/native.js";
import { parseStat, processStat } from "../../../src/host/proc.js";

t.test("ids, working directory, umask", async (t) => {
  const addon = native();
  t.equal(addon.getpid(), process.pid);
  t.equal(addon.geteuid(), process.geteuid!());
  t.equal(addon.getegid(), process.getegid!());
  t.equal(addon.cwd(), process.cwd());
  const mask = addon.umask(0o077);
  t.equal(addon.umask(mask), 0o077);
});

t.test("names, clock", async (t) => {
  const addon = native();
  t.match(addon.uname(), { sysname: "Linux", release: release() });
  const seconds = Number(addon.now() / 1_000_000_000n);
  t.ok(Math.abs(seconds - Date.now() / 1000) < 5);
  t.equal(addon.userName(0), "root");
  t.equal(addon.userName(4_000_000_000), null);
  t.equal(addon.isatty(9999), false);
  const start = Date.now();
  addon.sleep(30);
  t.ok(Date.now() - start >= 29);
});

t.test("the host", async (t) => {
  const host = readHost(detectCgroups);
  const status = readFileSync("/proc/self/status", "utf8");
  t.equal(host.capabilities, BigInt(`0x${/^CapPrm:\t(.*)$/m.exec(status)![1]}`));
  t.equal(host.setgroupsDenied, false);
  t.equal(host.kernel.major, Number.parseInt(release(), 10));
  t.equal(host.euid, process.geteuid!());
  t.equal(host.lastCapability, Number(readFileSync("/proc/sys/kernel/cap_last_cap", "utf8")));
  t.type(host.apparmor, "boolean");
  t.type(host.selinux, "boolean");
  t.ok([1, 2].includes(host.cgroup.version));
  t.equal(host.cgroup, host.cgroup, "looked up once");
});

t.test("kernel versions", async (t) => {
  t.same(parseKernelVersion("6.18.44-fc-v657"), { major: 6, minor: 18 });
  t.same(parseKernelVersion("5.10"), { major: 5, minor: 10 });
  t.throws(() => parseKernelVersion("linux"), RuntError);
});

t.test("which user namespace is the first one", async (t) => {
  t.ok(isInitialUserNamespace("         0          0 4294967295\n"));
  t.ok(isInitialUserNamespace(null));
  t.notOk(isInitialUserNamespace("         0       1000          1\n"));
  t.notOk(isInitialUserNamespace("         0          0      65536\n"));
  t.notOk(isInitialUserNamespace("0 1000 1\n1 100000 65536\n"));
  t.notOk(isInitialUserNamespace(""), "no map has been written yet");
});

t.test("processes are known by pid and start time", async (t) => {
  const own = processStat(process.pid)!;
  t.equal(own.pid, process.pid);
  t.equal(own.parent, process.ppid);
  t.ok(own.startTime > 0 && own.startTime === processStat(process.pid)!.startTime);
  t.match(own.state, /^[RS]$/);
  t.equal(processStat(4_194_305), null);
});

t.test("names of processes may look like fields", async (t) => {
  const fields = `S 7 ${Array.from({ length: 17 }, (_, i) => i).join(" ")} 987654 1 2`;
  for (const name of ["sh", "a) Z 1 2", "x y", "((", ")", "line\nend", ""]) {
    t.same(parseStat(`42 (${name}) ${fields}\n`), { pid: 42, state: "S", parent: 7, startTime: 987654 }, name);
  }
  for (const text of ["", "42", "42 (sh)", "42 (sh) S 1 2", "x (sh) S"]) t.equal(parseStat(text), null);
});

t.test("an addon that can't be loaded says what to do", async (t) => {
  t.throws(() => load("/nowhere/runt.node"), {
    name: "RuntError",
    message: /load the addon \/nowhere\/runt\.node: .*npm run build/s,
  });
});
