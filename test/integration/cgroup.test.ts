// cgroups: where a container is, its limits as the kernel has them, kill and removal.

import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { cgroupOf, cgroupsNamed, isV2, readCgroup } from "../helpers/cgroup.js";
import type { TestConfig } from "../helpers/config.js";
import { mark, type Sandbox, sandbox, until } from "../helpers/sandbox.js";

function created(box: Sandbox, edit: (config: TestConfig) => void): { id: string; pid: number } {
  const { id } = box.create(
    box.bundle((config) => {
      config.process.args = ["/bin/probe", "pause"];
      edit(config);
    }),
  );
  return { id, pid: box.state(id)!.pid };
}

t.test("cgroupsPath: absolute is from the root of the hierarchy", async (t) => {
  const box = sandbox(t);
  const name = `${mark}abs-${process.pid}`;
  const { id, pid } = created(box, (config) => {
    config.linux.cgroupsPath = `/${name}/inner`;
  });
  for (const controller of isV2 ? [""] : ["memory", "pids", "devices", "freezer", "cpu"]) {
    t.match(cgroupOf(pid, controller), new RegExp(`/sys/fs/cgroup/([^/]+/)?${name}/inner$`), controller);
  }
  const parents = cgroupsNamed(name).filter((path) => path.endsWith(name));
  t.equal(box.run(["delete", "--force", id]).status, 0);
  t.same(
    cgroupsNamed(name).filter((path) => path.endsWith("/inner")),
    [],
    "removed with the container",
  );
  for (const parent of parents) if (existsSync(parent)) rmdirSync(parent);
});

t.test("cgroupsPath: relative, and none", async (t) => {
  const box = sandbox(t);
  const name = `${mark}rel-${process.pid}`;
  const relative = created(box, (config) => {
    config.linux.cgroupsPath = name;
  });
  t.match(cgroupOf(relative.pid, isV2 ? "" : "memory"), new RegExp(`/${name}$`));
  const none = created(box, () => {});
  t.match(cgroupOf(none.pid, isV2 ? "" : "memory"), new RegExp(`/${none.id}$`), "named after the container");
});

t.test("the cgroups are gone after run, kill and delete", async (t) => {
  const box = sandbox(t);
  const id = box.id();
  t.equal(box.run(["run", "--bundle", box.bundle(), id]).status, 0);
  t.same(cgroupsNamed(id), []);
  const other = created(box, () => {});
  t.not(cgroupsNamed(other.id).length, 0, "they were there");
  t.equal(box.run(["kill", other.id, "KILL"]).status, 0);
  await until("it has stopped", () => box.state(other.id)!.status === "stopped");
  t.equal(box.run(["delete", other.id]).status, 0);
  t.same(cgroupsNamed(other.id), []);
});

t.test("a cgroupsPath that leads out is refused or kept inside", async (t) => {
  const box = sandbox(t);
  const id = box.id();
  const outside = `${mark}out-${process.pid}`;
  const bundle = box.bundle((config) => {
    config.linux.cgroupsPath = `/../../../${outside}`;
  });
  const result = box.run(["run", "--bundle", bundle, id]);
  if (result.status !== 0) t.match(result.stderr, /cgroupsPath/);
  t.notOk(existsSync(`/sys/fs/${outside}`));
  t.same(cgroupsNamed(outside), [], "removed again");
});

if (isV2) {
  t.test("v2 limits", async (t) => {
    const { pid } = created(sandbox(t), (config) => {
      config.linux.resources.memory = { limit: 67108864, reservation: 33554432 };
      config.linux.resources.cpu = { quota: 50000, period: 100000, shares: 1024 };
      config.linux.resources.pids = { limit: 33 };
      config.linux.resources.unified = { "memory.high": "50331648" };
    });
    t.equal(readCgroup(pid, "", "memory.max"), "67108864");
    t.equal(readCgroup(pid, "", "memory.low"), "33554432");
    t.equal(readCgroup(pid, "", "memory.high"), "50331648");
    t.equal(readCgroup(pid, "", "cpu.max"), "50000 100000");
    t.equal(readCgroup(pid, "", "pids.max"), "33");
  });
} else {
  t.test("v1 limits", async (t) => {
    const { pid } = created(sandbox(t), (config) => {
      config.linux.resources.memory = {
        limit: 67108864,
        reservation: 33554432,
        swappiness: 10,
        disableOOMKiller: false,
      };
      config.linux.resources.cpu = { quota: 50000, period: 100000, shares: 512, cpus: "0", mems: "0" };
      config.linux.resources.pids = { limit: 33 };
    });
    t.equal(readCgroup(pid, "memory", "memory.limit_in_bytes"), "67108864");
    t.equal(readCgroup(pid, "memory", "memory.soft_limit_in_bytes"), "33554432");
    t.equal(readCgroup(pid, "memory", "memory.swappiness"), "10");
    t.equal(readCgroup(pid, "cpu", "cpu.cfs_quota_us"), "50000");
    t.equal(readCgroup(pid, "cpu", "cpu.cfs_period_us"), "100000");
    t.equal(readCgroup(pid, "cpu", "cpu.shares"), "512");
    t.equal(readCgroup(pid, "pids", "pids.max"), "33");
    if (existsSync("/sys/fs/cgroup/cpuset")) {
      t.equal(readCgroup(pid, "cpuset", "cpuset.cpus"), "0");
      t.equal(readCgroup(pid, "cpuset", "cpuset.mems"), "0");
    }
  });

  t.test("the device list", async (t) => {
    const { pid } = created(sandbox(t), (config) => {
      config.linux.resources.devices = [
        { allow: false, access: "rwm" },
        { allow: true, type: "c", major: 10, minor: 229, access: "rw" },
        { allow: true, type: "b", major: 8, access: "r" },
      ];
    });
    const list = readCgroup(pid, "devices", "devices.list").split("\n");
    t.ok(list.includes("c 10:229 rw"), list.join(", "));
    t.ok(list.includes("b 8:* r"));
    for (const line of [
      "c 1:3 rwm",
      "c 1:5 rwm",
      "c 1:7 rwm",
      "c 1:8 rwm",
      "c 1:9 rwm",
      "c 5:0 rwm",
      "c 5:2 rwm",
      "c 136:* rwm",
    ]) {
      t.ok(list.includes(line), `${line} of the default devices`);
    }
    t.notOk(list.some((line) => line.startsWith("a ")));
  });
}

t.test("a memory limit bites", async (t) => {
  const box = sandbox(t);
  const allocate = (bytes: number) =>
    box.runContainer((config) => {
      config.linux.resources.memory = { limit: 16 << 20, swap: 16 << 20 };
      config.process.args = ["/bin/probe", "allocate", String(bytes)];
    });
  t.equal(allocate(4 << 20).status, 0);
  t.equal(allocate(64 << 20).status, 137, "the kernel's OOM killer");
});

t.test("a pids limit bites", async (t) => {
  const result = sandbox(t).runContainer((config) => {
    config.linux.resources.pids = { limit: 10 };
    config.process.args = ["/bin/probe", "forks", "50"];
  });
  t.equal(result.status, 0, result.stderr);
  const [, made] = /forks: (\d+)/.exec(result.stdout) ?? [];
  t.ok(Number(made) >= 7 && Number(made) < 10, result.stdout);
});

t.test(
  "the cpuset bites",
  { skip: !existsSync("/sys/fs/cgroup/cpuset") && !isV2 && "no cpuset controller on this machine" },
  async (t) => {
    const report = sandbox(t).probe((config) => {
      config.linux.resources.cpu = { cpus: "0" };
    });
    t.equal(report.status.Cpus_allowed_list, "0");
  },
);

t.test("delete --force ends every process of the container, also in sub-cgroups and other sessions", async (t) => {
  const box = sandbox(t);
  const { id, result } = box.create(
    box.bundle((config) => {
      config.process.args = ["/bin/probe", "tree", "5"];
      // In the host's pid namespace nothing dies just because the first process does.
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "pid");
    }),
  );
  const { pid } = box.state(id)!;
  box.run(["start", id]);
  await until("the tree is there", () => readFileSync(result.files.stdout, "utf8") === "ready\n");
  const folder = cgroupOf(pid, isV2 ? "" : "pids");
  const members = () => readFileSync(join(folder, "cgroup.procs"), "utf8").trim().split("\n").filter(Boolean);
  const all = members();
  t.equal(all.length, 6);
  mkdirSync(join(folder, "sub"));
  writeFileSync(join(folder, "sub/cgroup.procs"), all[5]!);
  const forced = box.run(["delete", "--force", id]);
  t.equal(forced.status, 0, forced.stderr);
  for (const member of all) {
    await until(
      `${member} is gone`,
      () => !existsSync(`/proc/${member}`) || /^State:\tZ/m.test(readFileSync(`/proc/${member}/status`, "utf8")),
    );
  }
  t.notOk(existsSync(folder));
});

t.test("kill KILL of a container in the host's pid namespace ends them all", async (t) => {
  const box = sandbox(t);
  const { id, result } = box.create(
    box.bundle((config) => {
      config.process.args = ["/bin/probe", "tree", "3"];
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "pid");
    }),
  );
  const folder = cgroupOf(box.state(id)!.pid, isV2 ? "" : "pids");
  box.run(["start", id]);
  await until("the tree is there", () => readFileSync(result.files.stdout, "utf8") === "ready\n");
  t.equal(box.run(["kill", id, "KILL"]).status, 0);
  await until("the cgroup is empty", () => readFileSync(join(folder, "cgroup.procs"), "utf8").trim() === "");
  t.equal(box.run(["delete", id]).status, 0);
});

t.test("a cgroup that holds processes, or is frozen, is refused", async (t) => {
  const box = sandbox(t);
  const first = created(box, () => {});
  const own = readFileSync(`/proc/${first.pid}/cgroup`, "utf8");
  const path = own
    .split("\n")
    .find((line) => isV2 || line.split(":")[1] === "pids")!
    .split(":")[2]!;
  const second = box.runContainer((config) => {
    config.linux.cgroupsPath = path;
  });
  t.equal(second.status, 1);
  t.match(second.stderr, /container's cgroup is not empty: 1 process\(es\) found/);
  t.equal(box.state(first.id)!.status, "created", "the first one lives on");
});

t.test("values that the kernel refuses are named", async (t) => {
  const box = sandbox(t);
  const id = box.id();
  const bundle = box.bundle((config) => {
    config.linux.resources.cpu = { cpus: "4000" };
  });
  const result = box.run(["create", "--bundle", bundle, id]);
  t.equal(result.status, 1);
  t.match(result.stderr, /cpus/);
  t.match(result.stderr, /4000/);
  t.same(cgroupsNamed(id), [], "nothing is left");
});
