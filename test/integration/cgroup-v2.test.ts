// What only cgroup v2 has, looked at in the kernel's files and from inside. Runs on pure v2 (the guest).

import { existsSync, mkdirSync, readFileSync, readlinkSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { cgroupOf, isV2 } from "../helpers/cgroup.js";
import { type TestConfig, withUserNamespace, withoutNamespace } from "../helpers/config.js";
import { type Sandbox, mark, sandbox, tools, until } from "../helpers/sandbox.js";

const ROOT = "/sys/fs/cgroup";
const options = { skip: !isV2 && "the controllers are in cgroup v1 here" } as const;

type Edit = (config: TestConfig) => void;

function made(box: Sandbox, edit: Edit = () => {}, via?: string[]) {
  const id = box.id();
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "pause"];
    edit(config);
  });
  const result = box.run(["run", "--detach", "--bundle", bundle, id], via && { via });
  if (result.status !== 0) throw new Error(result.stderr);
  const { pid } = box.state(id)!;
  const directory = cgroupOf(pid, "");
  const read = (file: string) => readFileSync(join(directory, file), "utf8").trim();
  return { id, pid, directory, read, stderr: result.stderr };
}

/** A cgroup of the test's own, removed at its end. */
function ownCgroup(t: { teardown(work: () => void): void }, name: string, threaded = false): string {
  const path = join(ROOT, `${mark}${name}-${process.pid}`);
  mkdirSync(path);
  t.teardown(() => existsSync(path) && rmdirSync(path));
  if (threaded) writeFileSync(join(path, "cgroup.type"), "threaded");
  return path;
}

/** A whole block device of this machine, "8:0". */
function blockDevice(): string | undefined {
  const names = ["vda", "sda", "nvme0n1", "loop0"].map((name) => `/sys/block/${name}/dev`);
  const found = names.find((name) => existsSync(name));
  return found && readFileSync(found, "utf8").trim();
}

t.test("every conversion, as the kernel has it afterwards", options, async (t) => {
  const device = blockDevice();
  const [major, minor] = (device ?? "0:0").split(":").map(Number);
  const { read } = made(sandbox(t), (config) => {
    config.linux.resources = {
      ...config.linux.resources,
      memory: { limit: 104857600, reservation: 52428800, swap: 157286400, checkBeforeUpdate: true },
      cpu: { shares: 2048, quota: 40000, period: 80000, burst: 10000, cpus: "0", mems: "0" },
      pids: { limit: 77 },
      hugepageLimits: [{ pageSize: "2MB", limit: 4194304 }],
      ...(device && {
        blockIO: {
          weight: 500,
          throttleReadBpsDevice: [{ major, minor, rate: 1048576 }],
          throttleWriteIOPSDevice: [{ major, minor, rate: 100 }],
        },
      }),
      unified: { "memory.min": "65536", "memory.oom.group": "1" },
    };
  });
  const wanted: Record<string, string> = {
    "memory.max": "104857600",
    "memory.low": "52428800",
    "memory.swap.max": "52428800",
    "memory.min": "65536",
    "memory.oom.group": "1",
    "cpu.weight": "174",
    "cpu.max": "40000 80000",
    "cpu.max.burst": "10000",
    "cpuset.cpus": "0",
    "cpuset.mems": "0",
    "pids.max": "77",
    "hugetlb.2MB.max": "4194304",
    "hugetlb.2MB.rsvd.max": "4194304",
  };
  for (const [file, value] of Object.entries(wanted)) t.equal(read(file), value, file);
  if (!device) return;
  t.equal(read("io.max"), `${device} rbps=1048576 wbps=max riops=max wiops=100`);
  const bfq = existsSync(join(cgroupOf("self", ""), "io.bfq.weight"));
  t.equal(read(bfq ? "io.bfq.weight" : "io.weight"), bfq ? "default 500" : "default 4950");
});

t.test("cpu.idle; no swap; a limit of one process", options, async (t) => {
  const box = sandbox(t);
  const idle = made(box, (config) => {
    config.linux.resources.cpu = { idle: 1 };
    config.linux.resources.memory = { limit: 104857600, swap: 104857600 };
    config.linux.resources.pids = { limit: 1 };
  });
  t.equal(idle.read("cpu.idle"), "1");
  t.equal(idle.read("memory.swap.max"), "0");
  t.equal(idle.read("pids.max"), "1");
  const none = made(box, (config) => {
    config.linux.resources.unified = { "pids.max": "0" };
  });
  t.equal(none.read("pids.max"), "0", "written when the first process is there");
});

t.test("unified has the last word, and says so", options, async (t) => {
  const { read, stderr } = made(sandbox(t), (config) => {
    config.linux.resources.memory = { limit: 104857600 };
    // The burst stands before the quota that allows it.
    config.linux.resources.unified = { "memory.max": "52428800", "cpu.max.burst": "20000", "cpu.max": "30000 100000" };
  });
  t.equal(read("memory.max"), "52428800");
  t.equal(read("cpu.max.burst"), "20000");
  t.match(stderr, /level=warning.*resources\.memory\.limit \(104857600\) is overruled by .*memory\.max.* \(52428800\)/);
});

t.test("unified: names and values that are none", options, async (t) => {
  const rows: [Record<string, string>, RegExp][] = [
    [{ "../memory.max": "1" }, /expected the name of a cgroup file such as memory\.high/],
    [{ nonsense: "1" }, /CONTROLLER\.PARAMETER/],
    [{ "memory.nonsense": "1" }, /memory\.nonsense.*no such file/],
    [{ "nonsense.max": "1" }, /controller nonsense is not available/],
    [{ "memory.max": "many" }, /memory\.max.*write.*many.*invalid argument/],
  ];
  const box = sandbox(t);
  for (const [unified, message] of rows) {
    const result = box.runContainer((config) => Object.assign(config.linux.resources, { unified }));
    t.equal(result.status, 1, JSON.stringify(unified));
    t.match(result.stderr, message);
  }
});

t.test("checkBeforeUpdate refuses what would call the OOM killer", options, async (t) => {
  const box = sandbox(t);
  const { id, read } = made(box, (config) => {
    config.process.args = ["/bin/sh", "-c", "dd if=/dev/zero of=/dev/shm/full bs=1M count=20 2>/dev/null; sleep 1000"];
  });
  await until("the memory is used", () => Number(read("memory.current")) > 15_000_000);
  const document = JSON.stringify({ memory: { limit: 8_000_000, checkBeforeUpdate: true } });
  const result = box.run(["update", "--resources", "-", id], { input: document });
  t.equal(result.status, 1);
  t.match(result.stderr, /rejecting memory limit 8000000 <= usage \d+/);
  t.equal(read("memory.max"), "max");
  t.equal(box.state(id)?.status, "running");
});

t.test("the parents get what is needed; not below a cgroup with processes", options, async (t) => {
  const box = sandbox(t);
  const parent = ownCgroup(t, "parent");
  const nested: Edit = (config) => {
    config.linux.cgroupsPath = `${parent.slice(ROOT.length)}/middle/inner`;
    config.linux.resources.memory = { limit: 104857600 };
  };
  const { id, directory, read } = made(box, nested);
  t.equal(directory, `${parent}/middle/inner`);
  t.equal(read("memory.max"), "104857600");
  t.match(readFileSync(join(parent, "cgroup.subtree_control"), "utf8"), /memory/);
  t.equal(box.run(["delete", "--force", id]).status, 0);
  rmdirSync(join(parent, "middle"));

  const full = ownCgroup(t, "full");
  const inside = made(box, (config) => {
    config.linux.cgroupsPath = full.slice(ROOT.length);
  });
  const result = box.runContainer((config) => {
    config.linux.cgroupsPath = `${full.slice(ROOT.length)}/below`;
    config.linux.resources.memory = { limit: 104857600 };
  });
  t.equal(result.status, 1);
  t.match(result.stderr, /subtree_control: device or resource busy .*no internal processes.*probe/);
  t.notOk(existsSync(join(full, "below")));
  t.equal(box.run(["delete", "--force", inside.id]).status, 0);
});

t.test("a threaded subtree: limits of CPU and pids hold in it, others are refused", options, async (t) => {
  const threaded = ownCgroup(t, "threaded", true);
  const inner = join(threaded, "inner");
  const box = sandbox(t);
  const refused = box.runContainer((config) => {
    config.linux.cgroupsPath = inner.slice(ROOT.length);
    config.linux.resources = { memory: { limit: 64 << 20 }, cpu: { shares: 512 } };
  });
  t.equal(refused.status, 1);
  t.match(refused.stderr, /threaded subtree.*no controller memory/);
  t.notOk(existsSync(inner));

  const { id, pid, read } = made(box, (config) => {
    config.linux.cgroupsPath = inner.slice(ROOT.length);
    config.linux.resources = { pids: { limit: 20 } };
  });
  t.equal(read("cgroup.type"), "threaded");
  t.equal(read("pids.max"), "20");
  t.match(readFileSync(`/proc/${pid}/cgroup`, "utf8"), inner.slice(ROOT.length));
  t.equal(box.run(["exec", id, "/bin/true"]).status, 0);
  t.same(JSON.parse(box.run(["ps", "--format", "json", id]).stdout), [pid]);
  t.equal(box.run(["pause", id]).status, 0);
  t.equal(box.state(id)!.status, "paused");
  t.equal(box.run(["resume", id]).status, 0);
  t.equal(box.run(["delete", "--force", id]).status, 0);
  t.notOk(existsSync(inner));
});

t.test("sub-cgroups of the container: frozen, listed, killed, removed", options, async (t) => {
  const box = sandbox(t);
  const { id, directory } = made(box, (config) => {
    for (const mount of config.mounts) if (mount.type === "cgroup") mount.options = ["rw"];
    config.process.args = [
      "/bin/sh",
      "-c",
      "mkdir -p /sys/fs/cgroup/a/b && (echo 0 > /sys/fs/cgroup/a/b/cgroup.procs; exec sleep 1000) & sleep 1000",
    ];
  });
  const inner = join(directory, "a/b");
  await until("a sub-cgroup", () => existsSync(inner) && readFileSync(join(inner, "cgroup.procs"), "utf8") !== "");
  t.equal(box.run(["pause", id]).status, 0);
  t.match(readFileSync(join(inner, "cgroup.events"), "utf8"), /frozen 1/);
  t.equal(box.run(["ps", "--format", "json", id]).stdout.trim().split(",").length, 2, "both are listed");
  t.equal(box.run(["delete", "--force", id]).status, 0, "frozen or not");
  t.notOk(existsSync(directory));
});

t.test("CLONE_INTO_CGROUP, and the way without it: the same place and namespace", options, async (t) => {
  const box = sandbox(t);
  const cat: Edit = (config) => {
    config.process.args = ["/bin/cat", "/proc/self/cgroup"];
  };
  for (const via of [undefined, [join(tools, "enosys"), "clone3:ENOSYS"]]) {
    const inside = box.runContainer(cat, via && { via });
    t.equal(inside.stdout, "0::/\n", `${via ?? "clone3"}: the root of its namespace is its cgroup`);
    const { id, pid, directory, read } = made(box, undefined, via);
    t.ok(directory.endsWith(id), directory);
    t.same(read("cgroup.procs").split("\n"), [String(pid)]);
    t.not(readlinkSync(`/proc/${pid}/ns/cgroup`), readlinkSync("/proc/self/ns/cgroup"));
  }
});

const mountedWith =
  (namespace: boolean, access: "ro" | "rw"): Edit =>
  (config) => {
    if (!namespace) withoutNamespace(config, "cgroup");
    for (const mount of config.mounts)
      if (mount.type === "cgroup") mount.options = ["nosuid", "noexec", "nodev", access];
    config.process.args = [
      "/bin/sh",
      "-c",
      "cat /proc/self/cgroup; ls /sys/fs/cgroup; mkdir /sys/fs/cgroup/mine && echo made",
    ];
  };

t.test("the cgroup mount with a cgroup namespace and without", options, async (t) => {
  const box = sandbox(t);
  const own = box.runContainer(mountedWith(true, "rw"));
  t.match(own.stdout, /^0::\/\n/);
  t.match(own.stdout, /cgroup\.events/, "a container's cgroup, not the root");
  t.match(own.stdout, /made/);
  const readonly = box.runContainer(mountedWith(true, "ro"));
  t.match(readonly.stderr, /Read-only file system/);
  const hosts = box.runContainer(mountedWith(false, "ro"));
  t.match(hosts.stdout, new RegExp(`^0::/${mark}`), "its place in the host's tree");
  t.notMatch(hosts.stdout, /cgroup\.events/, "the host's root");
  t.match(hosts.stderr, /Read-only file system/);
});

t.test("delegation: who owns what, and who does not", options, async (t) => {
  const box = sandbox(t);
  const owner = (edit: Edit) => statSync(made(box, edit).directory).uid;
  const writable: Edit = (config) => {
    for (const mount of config.mounts) if (mount.type === "cgroup") mount.options = ["rw"];
  };
  const { directory } = made(box, (config) => {
    withUserNamespace(config);
    writable(config);
  });
  t.equal(statSync(directory).uid, 100000);
  for (const file of ["cgroup.procs", "cgroup.subtree_control", "cgroup.threads"]) {
    t.equal(statSync(join(directory, file)).uid, 100000, file);
  }
  t.equal(statSync(join(directory, "pids.max")).uid, 0, "limits stay the host's");
  t.equal(
    owner((config) => withUserNamespace(config)),
    0,
    "a read-only mount: nothing to gain",
  );
  t.equal(owner(writable), 0, "no user namespace, root");
  t.equal(
    owner((config) => {
      withUserNamespace(config);
      writable(config);
      withoutNamespace(config, "cgroup");
    }),
    0,
    "the host's cgroup namespace",
  );
});
