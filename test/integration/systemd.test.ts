// The systemd cgroup driver: the unit as systemctl shows it, the files as the kernel has them, and both after a
// daemon-reload. Runs where systemd does (the guest); the conversions are unit tests, test/unit/cgroup/systemd.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { cgroupOf, cgroupsNamed, isV2 } from "../helpers/cgroup.js";
import { type TestConfig, withUserNamespace } from "../helpers/config.js";
import { type Sandbox, mark, sandbox } from "../helpers/sandbox.js";

const hasSystemd = existsSync("/run/systemd/system");
const reason = hasSystemd ? (isV2 ? false : "the driver needs cgroup v2, this is v1") : "systemd does not run here";
const options = { skip: reason } as const;

function systemctl(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync("systemctl", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`systemctl ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** Properties of a unit, as systemctl prints them. */
function show(unit: string, ...names: string[]): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const line of systemctl("show", unit, "-p", names.join(",")).trim().split("\n")) {
    const [, name, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) found[name] = [...(found[name] ?? []), value];
  }
  return found;
}

const isLoaded = (unit: string) => show(unit, "LoadState").LoadState?.[0] !== "not-found";

/** A container that sleeps, made by systemd. Out: its id, its unit, its cgroup's directory. */
function made(box: Sandbox, edit: (config: TestConfig) => void = () => {}) {
  const id = box.id();
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "pause"];
    edit(config);
  });
  const result = box.run(["--systemd-cgroup", "run", "--detach", "--bundle", bundle, id]);
  if (result.status !== 0) throw new Error(result.stderr);
  const directory = cgroupOf(box.state(id)!.pid, "");
  const read = (file: string) => readFileSync(join(directory, file), "utf8").trim();
  return { id, unit: `runt-${id}.scope`, directory, read, stderr: result.stderr };
}

function limited(config: TestConfig): void {
  config.linux.resources = {
    devices: [
      { allow: false, access: "rwm" },
      { allow: true, type: "c", major: 10, minor: 229, access: "rw" },
    ],
    memory: { limit: 104857600, reservation: 52428800, swap: 209715200 },
    cpu: { shares: 512, quota: 33333, period: 100000, cpus: "0", mems: "0" },
    pids: { limit: 64 },
    blockIO: { weight: 500 },
    unified: { "memory.high": "94371840", "memory.oom.group": "1" },
  };
  config.annotations = {
    "org.systemd.property.CollectMode": "'inactive-or-failed'",
    "org.systemd.property.TimeoutStopSec": "uint64 7",
  };
}

const FILES = {
  "memory.max": "104857600",
  "memory.low": "52428800",
  "memory.swap.max": "104857600",
  "memory.high": "94371840",
  "memory.oom.group": "1",
  "cpu.weight": "59",
  "cpu.max": "34000 100000",
  "cpuset.cpus": "0",
  "cpuset.mems": "0",
  "pids.max": "64",
};

t.test("a unit with every limit, also after a daemon-reload, and gone after delete", options, async (t) => {
  const box = sandbox(t);
  const { id, unit, directory, read, stderr } = made(box, limited);
  t.equal(directory, `/sys/fs/cgroup/system.slice/${unit}`);
  const shown = show(
    unit,
    ..."Slice,ControlGroup,Delegate,DefaultDependencies,Description,CollectMode,TimeoutStopUSec,ActiveState".split(","),
    ..."MemoryMax,MemoryLow,MemoryHigh,MemorySwapMax,CPUWeight,CPUQuotaPerSecUSec,CPUQuotaPeriodUSec".split(","),
    ..."TasksMax,AllowedCPUs,AllowedMemoryNodes,IOWeight,DevicePolicy,DeviceAllow".split(","),
    ..."MemoryAccounting,CPUAccounting,IOAccounting,TasksAccounting".split(","),
  );
  const { DeviceAllow, IOWeight, ...single } = shown;
  t.same(Object.fromEntries(Object.entries(single).map(([name, [value]]) => [name, value])), {
    ActiveState: "active",
    Slice: "system.slice",
    ControlGroup: `/system.slice/${unit}`,
    Delegate: "yes",
    DefaultDependencies: "no",
    Description: `runt container ${id}`,
    CollectMode: "inactive-or-failed",
    TimeoutStopUSec: "7s",
    MemoryMax: "104857600",
    MemoryLow: "52428800",
    MemoryHigh: "94371840",
    MemorySwapMax: "104857600",
    CPUWeight: "59",
    CPUQuotaPerSecUSec: "340ms",
    CPUQuotaPeriodUSec: "100ms",
    TasksMax: "64",
    AllowedCPUs: "0",
    AllowedMemoryNodes: "0",
    DevicePolicy: "strict",
    MemoryAccounting: "yes",
    CPUAccounting: "yes",
    IOAccounting: "yes",
    TasksAccounting: "yes",
  });
  t.match(IOWeight![0], /^(4950|4500)$/, "the second on a machine with BFQ");
  for (const entry of ["/dev/char/10:229 rw", "/dev/char/1:3 rwm", "char-136 rwm", "char-* m"]) {
    t.ok(DeviceAllow!.includes(entry), entry);
  }
  const files = () => Object.fromEntries(Object.keys(FILES).map((file) => [file, read(file)]));
  t.same(files(), FILES);
  systemctl("daemon-reload");
  // Scopes have an OOMPolicy since 253; before it systemd sets the file back, which the driver warns of.
  const old = Number(/^systemd (\d+)/.exec(systemctl("--version"))![1]) < 253;
  t.equal(/memory\.oom\.group.*sets it back at a daemon-reload/.test(stderr), old);
  t.same(files(), old ? { ...FILES, "memory.oom.group": "0" } : FILES, "after a daemon-reload");
  t.equal(box.run(["delete", "--force", id]).status, 0);
  t.notOk(isLoaded(unit), "the unit is gone");
  t.notOk(existsSync(directory));
});

t.test("later commands need no flag: update, pause, resume, kill, delete", options, async (t) => {
  const box = sandbox(t);
  const { id, unit, read } = made(box);
  const args = "--memory 200003584 --cpu-quota 12345 --pids-limit 55 --cpuset-cpus 1 --cpu-share 2048".split(" ");
  const update = box.run(["update", ...args, id]);
  t.equal(update.status, 0, update.stderr);
  t.match(show(unit, "MemoryMax", "CPUQuotaPerSecUSec", "TasksMax", "AllowedCPUs", "CPUWeight"), {
    MemoryMax: ["200003584"],
    CPUQuotaPerSecUSec: ["130ms"],
    TasksMax: ["55"],
    AllowedCPUs: ["1"],
    CPUWeight: ["174"],
  });
  systemctl("daemon-reload");
  t.equal(read("memory.max"), "200003584");
  t.equal(read("cpu.max"), "13000 100000");
  t.equal(read("pids.max"), "55");
  t.equal(read("cpuset.cpus"), "1");
  const refused = box.run(["update", "--memory", "100003840", "--cpuset-cpus", "4000", id]);
  t.equal(refused.status, 1);
  t.match(refused.stderr, /cpuset/);
  t.equal(read("cpuset.cpus"), "1", "as it was");
  t.equal(read("memory.max"), "200003584", "that, too");
  // With a property that is a list, and a refusal after systemd has agreed.
  const disk = readFileSync(join("/sys/block", readdirSync("/sys/block").at(-1)!, "dev"), "utf8");
  const [major, minor] = disk.split(":").map(Number);
  const io = { throttleReadBpsDevice: [{ major, minor, rate: 4096 }] };
  const limits = { memory: { limit: 100003840 }, blockIO: io, unified: { "cpu.max.burst": "nonsense" } };
  const late = box.run(["update", "--resources", "-", id], { input: JSON.stringify(limits) });
  t.equal(late.status, 1);
  t.match(late.stderr, /unified.*cpu\.max\.burst/);
  t.same(show(unit, "MemoryMax", "IOReadBandwidthMax", "AllowedCPUs"), {
    MemoryMax: ["200003584"],
    AllowedCPUs: ["1"],
  });
  systemctl("daemon-reload");
  t.equal(read("memory.max"), "200003584", "nor does systemd write it later");
  t.equal(box.run(["pause", id]).status, 0);
  t.equal(box.state(id)?.status, "paused");
  t.equal(box.run(["resume", id]).status, 0);
  t.equal(box.state(id)?.status, "running");
  t.equal(box.run(["kill", id, "KILL"]).status, 0);
  t.equal(box.run(["delete", "--force", id]).status, 0);
  t.notOk(isLoaded(unit));
});

t.test("slices, and a unit that is somebody else's", options, async (t) => {
  const box = sandbox(t);
  const name = `${mark}unit${process.pid}`;
  const slice = `runttest-a${process.pid}.slice`;
  const first = made(box, (config) => {
    config.linux.cgroupsPath = `${slice}:pre:${name}`;
  });
  t.equal(first.directory, `/sys/fs/cgroup/runttest.slice/${slice}/pre-${name}.scope`);
  const again = box.id();
  const bundle = box.bundle((config) => {
    config.linux.cgroupsPath = `${slice}:pre:${name}`;
  });
  const result = box.run(["--systemd-cgroup", "run", "--bundle", bundle, again]);
  t.equal(result.status, 1);
  t.match(result.stderr, /a unit of this name exists already/);
  t.equal(box.state(again), undefined);
  t.equal(box.state(first.id)?.status, "running", "the first goes on");
  t.equal(box.run(["delete", "--force", first.id]).status, 0);
  systemctl("stop", slice, "runttest.slice");
});

t.test("what is no good is refused, and nothing is left", options, async (t) => {
  type Row = [string, (config: TestConfig) => unknown, RegExp];
  const annotated = (property: string, value: string, message: RegExp): Row => {
    const annotations = { [`org.systemd.property.${property}`]: value };
    return [`${property}=${value}`, (config) => Object.assign(config, { annotations }), message];
  };
  const at = (cgroupsPath: string, message: RegExp): Row => [
    cgroupsPath,
    (config) => Object.assign(config.linux, { cgroupsPath }),
    message,
  ];
  const rows: Row[] = [
    at("/a/b", /expected cgroupsPath to be of format/),
    at("a-.slice:x:y", /invalid slice name/),
    annotated("Foo", "1", /org\.systemd\.property\.Foo.*Cannot set property Foo/),
    annotated("CollectMode", "5", /org\.systemd\.property\.CollectMode/),
    annotated("CollectMode", "[", /GVariant/),
    [
      "cpus",
      (config) => Object.assign(config.linux.resources, { cpu: { cpus: "0-99" } }),
      /resources\.cpu\.cpus.*cpuset\.cpus: numerical result out of range/,
    ],
    ["program", (config) => Object.assign(config.process, { args: ["/nowhere"] }), /no such file/],
  ];
  const box = sandbox(t);
  for (const [name, edit, message] of rows) {
    const id = box.id();
    const result = box.run(["--systemd-cgroup", "run", "--bundle", box.bundle(edit), id]);
    t.equal(result.status, 1, name);
    t.match(result.stderr, message, name);
    t.notMatch(result.stderr, /\n\s+at |TypeError|undefined/, name);
    t.equal(box.state(id), undefined, name);
    t.same(cgroupsNamed(id), [], name);
    t.notOk(isLoaded(`runt-${id}.scope`), name);
  }
});

/** What a container that tries to read devices says. */
function reads(box: Sandbox, id: string, devices: string[]): string[] {
  const rootfs = box.state(id)!.rootfs as string;
  return devices.map((device) => readFileSync(join(rootfs, `out-${device}`), "utf8").trim());
}

t.test("device rules hold, and survive a daemon-reload", options, async (t) => {
  const box = sandbox(t);
  const id = box.id();
  const bundle = box.bundle((config) => {
    config.root.readonly = false;
    config.process.capabilities = { bounding: ["CAP_MKNOD"], effective: ["CAP_MKNOD"], permitted: ["CAP_MKNOD"] };
    // Numbers that no driver has: what is allowed fails with ENXIO, what is not with EPERM.
    config.linux.resources.devices = [
      { allow: false, access: "rwm" },
      { allow: true, type: "c", major: 240, minor: 0, access: "r" },
    ];
    config.process.args = [
      "/bin/sh",
      "-c",
      'mknod /dev/k c 240 0; mknod /dev/p c 241 0; while true; do for d in k p null; do (true < /dev/$d) 2>&1 | grep -q "not permitted" && echo no > /out.new || echo yes > /out.new; mv /out.new /out-$d; done; sleep 0.1; done',
    ];
  });
  t.equal(box.run(["--systemd-cgroup", "run", "--detach", "--bundle", bundle, id]).status, 0);
  const seen = async () => {
    const start = Date.now();
    const fresh = (device: string) => {
      const file = join(bundle, "rootfs", `out-${device}`);
      return existsSync(file) && statSync(file).mtimeMs > start;
    };
    while (!["k", "p", "null"].every(fresh)) {
      if (Date.now() - start > 20_000) throw new Error("the container says nothing");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return reads(box, id, ["k", "p", "null"]);
  };
  t.same(await seen(), ["yes", "no", "yes"]);
  systemctl("daemon-reload");
  t.same(await seen(), ["yes", "no", "yes"], "after a daemon-reload");
});

t.test("small pids limits, memory too small, OOM: the unit goes too", options, async (t) => {
  const box = sandbox(t);
  const one = made(box, (config) => {
    config.linux.resources.pids = { limit: 1 };
  });
  t.equal(one.read("pids.max"), "1");
  t.match(show(one.unit, "TasksMax"), { TasksMax: ["1"] });
  const id = box.id();
  const eats = box.bundle((config) => {
    config.process.args = ["/bin/probe", "allocate", "200000000"];
    config.linux.resources.memory = { limit: 20000000, swap: 20000000 };
  });
  const result = box.run(["--systemd-cgroup", "run", "--bundle", eats, id]);
  t.equal(result.status, 137, result.stderr);
  t.notOk(isLoaded(`runt-${id}.scope`), "also one that failed with oom-kill");
});

t.test("a cgroup for its user: user namespace, cgroup namespace, writable mount", options, async (t) => {
  const box = sandbox(t);
  const { directory } = made(box, (config) => {
    withUserNamespace(config);
    for (const mount of config.mounts) {
      if (mount.type === "cgroup") mount.options = ["nosuid", "noexec", "nodev", "relatime", "rw"];
    }
  });
  t.equal(statSync(directory).uid, 100000);
  t.equal(statSync(join(directory, "cgroup.procs")).uid, 100000);
  t.equal(statSync(join(directory, "memory.max")).uid, 0, "its limits stay the host's");
});

t.test("without systemd there is a clear error", { skip: hasSystemd && "systemd runs here" }, async (t) => {
  const box = sandbox(t);
  const id = box.id();
  const result = box.run(["--systemd-cgroup", "run", "--bundle", box.bundle(), id]);
  t.equal(result.status, 1);
  t.match(result.stderr, /systemd cgroup driver: (systemd is not running here|this host has cgroup v1)/);
  t.equal(box.state(id), undefined);
});
