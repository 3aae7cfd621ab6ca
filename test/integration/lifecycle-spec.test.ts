// Sentences of runtime.md and config.md that no other test is about (docs/spec-conformance.md).

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { cgroupsNamed } from "../helpers/cgroup.js";
import type { TestConfig, TestHook } from "../helpers/config.js";
import { withUserNamespace } from "../helpers/config.js";
import { type Sandbox, sandbox, until } from "../helpers/sandbox.js";
import { outcomeOf } from "../unit/spec/documents.js";

const sh = (line: string): TestHook => ({ path: "/bin/sh", args: ["sh", "-c", line], env: ["PATH=/usr/bin:/bin"] });

t.test("the state fits its schema in every status", async (t) => {
  const box = sandbox(t);
  const seen = join(box.dir, "seen");
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "pause"];
    config.annotations = { "org.example.key": "", other: "värde" };
    config.hooks = { createRuntime: [sh(`cat > ${seen}`)] };
  });
  const fits = async (t: Test, text: string, status: string) => {
    t.equal((await outcomeOf(text, "state")).message, "", status);
    t.match(JSON.parse(text), { status, bundle, annotations: { other: "värde" } });
  };
  const { id } = box.create(bundle);
  await fits(t, readFileSync(seen, "utf8"), "creating");
  await fits(t, box.run(["state", id]).stdout, "created");
  box.run(["start", id]);
  await fits(t, box.run(["state", id]).stdout, "running");
  box.run(["kill", id, "KILL"]);
  await until("it has stopped", () => box.state(id)!.status === "stopped");
  await fits(t, box.run(["state", id]).stdout, "stopped");
});

t.test("the pid that hooks are told is that of their side", async (t) => {
  const box = sandbox(t);
  for (const own of [true, false]) {
    const folder = join(box.dir, `pids-${own}`);
    mkdirSync(folder);
    const kinds = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart"];
    const bundle = box.bundle((config) => {
      config.mounts.push({ destination: folder, type: "none", source: folder, options: ["bind"] });
      config.hooks = Object.fromEntries(kinds.map((kind) => [kind, [sh(`cat > ${folder}/${kind}`)]]));
      config.process.args = ["/bin/probe", "pause"];
      if (!own) config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "pid");
    });
    const { id } = box.create(bundle);
    box.run(["start", id]);
    const { pid } = box.state(id)!;
    for (const kind of kinds) {
      const inside = own && /Container$/.test(kind);
      t.equal(JSON.parse(readFileSync(join(folder, kind), "utf8")).pid, inside ? 1 : pid, `${kind} ${own}`);
    }
  }
});

/** What a failed operation must not have changed. */
const machine = (box: Sandbox) => ({
  root: readdirSync(box.root).filter((name) => !name.includes("~")),
  mounts: readFileSync("/proc/self/mountinfo", "utf8").includes(box.dir),
  cgroups: cgroupsNamed(box.ids.at(-1)!),
});

t.test("a create that fails leaves the machine as it was", async (t) => {
  const box = sandbox(t);
  const failing: [string, (config: TestConfig) => void][] = [
    ["a mount", (config) => config.mounts.push({ destination: "/x", type: "no-such-fs", source: "x" })],
    ["a limit", (config) => (config.linux.resources.cpu = { cpus: "100000" })],
    ["a program", (config) => (config.process.args = ["/no/such/program"])],
    ["a sysctl", (config) => (config.linux.sysctl = { "net.no.such.thing": "1" })],
    ["a hook", (config) => (config.hooks = { createContainer: [sh("exit 1")] })],
    ["a scheduler", (config) => (config.process.scheduler = { policy: "SCHED_ISO" })],
  ];
  for (const [what, edit] of failing) {
    const bundle = box.bundle(edit);
    const before = execFileSync("find", [bundle], { encoding: "utf8" }).split("\n").length;
    const result = box.run(["create", "--bundle", bundle, box.id()]);
    t.equal(result.status, 1, what);
    t.same(machine(box), { root: [], mounts: false, cgroups: [] }, what);
    // Mount points that the image lacked are made in it, as everywhere.
    const made = execFileSync("find", [bundle], { encoding: "utf8" }).split("\n").length - before;
    t.ok(made <= 1, `${what}: ${made} new files in the bundle`);
  }
});

t.test("a start whose program can't be executed stops the container, with the reason", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/late"];
  });
  writeFileSync(join(bundle, "rootfs/bin/late"), "#!/bin/sh\n", { mode: 0o755 });
  const { id } = box.create(bundle);
  renameSync(join(bundle, "rootfs/bin/late"), join(bundle, "rootfs/bin/gone"));
  const start = box.run(["start", id]);
  t.equal(start.status, 1);
  t.match(start.stderr, /exec \/bin\/late: no such file or directory/);
  await until("it has stopped", () => box.state(id)!.status === "stopped");
  t.equal(box.run(["delete", id]).status, 0);
});

t.test("a startContainer or poststart hook that fails: destroyed, and poststop hooks run", async (t) => {
  const box = sandbox(t);
  for (const kind of ["startContainer", "poststart"]) {
    const after = join(box.dir, kind);
    const bundle = box.bundle((config) => {
      config.process.args = ["/bin/probe", "pause"];
      config.hooks = { [kind]: [sh("exit 7")], poststop: [sh(`cat > ${after}`)] };
    });
    const { id } = box.create(bundle);
    const start = box.run(["start", id]);
    t.equal(start.status, 1);
    t.match(start.stderr, new RegExp(`hooks\\.${kind}\\[0\\].*exit status 7`));
    t.equal(box.state(id), undefined, "destroyed");
    t.same(machine(box), { root: [], mounts: false, cgroups: [] });
    t.match(JSON.parse(readFileSync(after, "utf8")), { id, status: "stopped" });
  }
});

t.test("poststop hooks run when nothing of the container is left", async (t) => {
  const box = sandbox(t);
  const id = box.id();
  const seen = join(box.dir, "seen");
  const bundle = box.bundle((config) => {
    config.hooks = { poststop: [sh(`{ ls ${box.root}; find /sys/fs/cgroup -name '*${id}*'; } > ${seen}`)] };
    config.process.args = ["/bin/echo"];
  });
  t.equal(box.run(["run", "--bundle", bundle, id]).status, 0);
  t.equal(readFileSync(seen, "utf8"), "");
});

t.test("sections of other platforms are passed over", async (t) => {
  const result = sandbox(t).runContainer((config) => {
    config.windows = { layerFolders: 5, network: "\0" };
    config.solaris = { milestone: [] };
    config.vm = "none";
    config.zos = {};
    config.freebsd = { devices: false };
    config.process.args = ["/bin/echo", "runs"];
  });
  t.equal(result.stdout, "runs\n", result.stderr);
});

t.test("a user namespace changes no owner of the image", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    withUserNamespace(config);
    config.process.args = ["/bin/echo", "runs"];
    // Mount points that would be made by the container's root can't be, as the image is not its own.
    config.mounts = config.mounts.filter(({ destination }) => existsSync(`/${destination}`));
  });
  const owners = () => execFileSync("find", [join(bundle, "rootfs"), "-printf", "%p %U:%G\n"], { encoding: "utf8" });
  const before = owners();
  const result = box.run(["run", "--bundle", bundle, box.id()]);
  t.equal(result.stdout, "runs\n", result.stderr);
  const now = new Set(owners().split("\n"));
  for (const line of before.split("\n")) t.ok(now.has(line), line);
});

t.test("a burst above the quota is refused", async (t) => {
  const box = sandbox(t);
  const result = box.runContainer((config) => {
    config.linux.resources.cpu = { quota: 10_000, period: 100_000, burst: 20_000 };
  });
  t.equal(result.status, 1);
  t.match(result.stderr, /linux\.resources\.cpu\.burst: expected no more than cpu\.quota, which is 10000, found 20000/);
});

t.test("a seccomp rule without names is refused", async (t) => {
  const box = sandbox(t);
  for (const rule of [{ names: [], action: "SCMP_ACT_ALLOW" }, { action: "SCMP_ACT_ALLOW" }]) {
    const result = box.runContainer((config) => {
      config.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [rule] };
    });
    t.equal(result.status, 1);
    t.match(result.stderr, /seccomp\.syscalls\[0\]\.names/);
  }
});
