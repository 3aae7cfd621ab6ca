// Rootless with cgroup v2 that was delegated: by hand, as container engines and session managers do it.

import { chownSync, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { isV2 } from "../helpers/cgroup.js";
import { GID, noUser, UID, user } from "../helpers/rootless.js";
import { mark, until } from "../helpers/sandbox.js";

const ROOT = "/sys/fs/cgroup";
const controllers = isV2 ? readFileSync(join(ROOT, "cgroup.controllers"), "utf8").split(/\s+/) : [];
const v2 = isV2 && controllers.includes("memory") && controllers.includes("pids");
const options = { skip: noUser() || (!v2 && "no cgroup2 with memory and pids here: the guest has it") } as const;

/** A delegated cgroup with a sub-cgroup that the runtime is called in; `prepare` moves the caller there. */
function delegated(t: Test, enabled = "+memory +pids +cpu"): { top: string; prepare: string } {
  const top = join(ROOT, `${mark}delegated-${process.pid}-${Math.random().toString(36).slice(2, 8)}`);
  const inner = join(top, "caller");
  mkdirSync(top);
  writeFileSync(join(ROOT, "cgroup.subtree_control"), "+memory +pids +cpu");
  for (const path of [
    top,
    join(top, "cgroup.procs"),
    join(top, "cgroup.subtree_control"),
    join(top, "cgroup.threads"),
  ]) {
    chownSync(path, UID, GID);
  }
  if (enabled) writeFileSync(join(top, "cgroup.subtree_control"), enabled);
  mkdirSync(inner);
  for (const path of [inner, join(inner, "cgroup.procs"), join(inner, "cgroup.subtree_control")])
    chownSync(path, UID, GID);
  t.teardown(async () => {
    await until("the cgroup is empty", () => !/populated 1/.test(readFileSync(join(top, "cgroup.events"), "utf8")));
    for (const path of [inner, top]) if (existsSync(path)) rmdirSync(path);
  });
  return { top, prepare: `echo $$ > ${inner}/cgroup.procs` };
}

const limits = { memory: { limit: 64 << 20 }, pids: { limit: 40 }, cpu: { shares: 512 } };

t.test("limits hold, and pause, ps and kill go through the cgroup", options, async (t) => {
  const { top, prepare } = delegated(t);
  const me = user(t);
  const bundle = me.bundle((config) => {
    config.linux.resources = limits;
    config.process.args = ["/bin/sh", "-c", "sleep 1000 & sleep 1000"];
  });
  const id = me.id();
  const run = (...args: string[]) => me.run(args, { prepare });
  const made = run("run", "--detach", "--bundle", bundle, id);
  t.equal(made.status, 0, made.stderr);
  t.equal(made.stderr, "", "nothing is lost");
  const read = (file: string) => readFileSync(join(top, id, file), "utf8").trim();
  t.equal(read("memory.max"), String(64 << 20));
  t.equal(read("pids.max"), "40");
  t.equal(read("cgroup.procs").split("\n")[0], String(me.state(id)!.pid));
  t.equal(run("pause", id).status, 0);
  t.equal(me.state(id)!.status, "paused");
  t.equal(run("resume", id).status, 0);
  await until("both sleep", () => run("ps", id).stdout.split("sleep").length >= 3);
  t.equal(run("delete", "--force", id).status, 0);
  t.notOk(existsSync(join(top, id)), "the cgroup is gone");
});

t.test("a cgroup namespace shows the container's own cgroup, read-only as asked", options, async (t) => {
  const { prepare } = delegated(t);
  const me = user(t);
  const text = me.shell(
    "cat /proc/self/cgroup; ls /sys/fs/cgroup/cgroup.procs; mkdir /sys/fs/cgroup/x 2>/dev/null || echo read-only",
    (config) => {
      if (!config.linux.namespaces.some(({ type }) => type === "cgroup"))
        config.linux.namespaces.push({ type: "cgroup" });
    },
    { prepare },
  );
  t.equal(text, "0::/\n/sys/fs/cgroup/cgroup.procs\nread-only");
  const writable = me.shell(
    "mkdir /sys/fs/cgroup/x && rmdir /sys/fs/cgroup/x && echo done",
    (config) => {
      const mount = config.mounts.find(({ type }) => type === "cgroup")!;
      mount.options = mount.options!.filter((option) => option !== "ro");
    },
    { prepare },
  );
  t.equal(writable, "done", "nesting works");
});

t.test("without a cgroup namespace the mount is read-only (CVE-2023-25809)", options, async (t) => {
  const { top, prepare } = delegated(t);
  const me = user(t);
  const text = me.shell(
    `mkdir ${top}/x 2>/dev/null || echo refused`,
    (config) => {
      config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "cgroup");
      const mount = config.mounts.find(({ type }) => type === "cgroup")!;
      mount.options = mount.options!.filter((option) => option !== "ro");
    },
    { prepare },
  );
  t.equal(text, "refused");
});

t.test("a controller that is not delegated: the others are applied, it is named", options, async (t) => {
  const { prepare } = delegated(t, "");
  const me = user(t);
  // Nobody may enable cpuset for this user: the machine's root has not handed it down.
  const result = me.runContainer(
    (config) => {
      config.linux.resources = { pids: { limit: 40 }, cpu: { cpus: "0" } };
      config.process.args = ["/bin/true"];
    },
    { prepare },
  );
  t.equal(result.status, 0, result.stderr);
  const warnings = result.stderr.split("\n").filter((line) => line.includes("level=warning"));
  const handed = readFileSync(join(ROOT, "cgroup.subtree_control"), "utf8").includes("cpuset");
  t.equal(warnings.length, handed ? 0 : 1, result.stderr);
  if (!handed) t.match(warnings[0], /not applied: .*linux\.resources\.cpu\.cpus.*Delegate=cpu cpuset/);
});

t.test("a value that the kernel refuses is an error, rootless or not", options, async (t) => {
  const { prepare } = delegated(t);
  const me = user(t);
  const result = me.runContainer(
    (config) => {
      config.linux.resources = { cpu: { quota: 1, period: 100_000 } };
    },
    { prepare },
  );
  t.equal(result.status, 1, result.stderr);
  t.match(result.stderr, /linux\.resources\.cpu\.quota: .*invalid argument/);
});
