// A caller that has little: few descriptors, small files, a full disk, no stdout. Either the container runs or
// an error says what was missing, and nothing is left.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { cgroupsNamed } from "../helpers/cgroup.js";
import { runtime, type Sandbox, sandbox } from "../helpers/sandbox.js";

/** Directories of containers under the root of the sandbox. */
const containers = (box: Sandbox) =>
  existsSync(box.root) ? readdirSync(box.root).filter((name) => !name.includes("~")) : [];

function runsOrCleans(t: Test, box: Sandbox, what: string, via: string[], cause: RegExp) {
  const id = box.id();
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/true"];
    config.process.rlimits = [];
  });
  const { status, stderr } = box.run(["run", "--bundle", bundle, id], { via });
  if (status !== 0) t.match(stderr, cause, `${what}: ${status}`);
  t.notMatch(stderr, /bug in runt/, what);
  t.same(containers(box), [], `${what}: nothing is left`);
  t.same(cgroupsNamed(id), [], `${what}: no cgroup`);
  return status;
}

const onNode = !spawnSync(runtime, ["--version"], { encoding: "utf8" }).stdout.includes("engine: quickjs");

t.test("few descriptors", { skip: onNode && "Node itself needs more of them" }, async (t) => {
  const box = sandbox(t);
  const statuses = [5, 6, 7, 8, 9, 10, 12, 16, 24, 64].map((most) =>
    runsOrCleans(t, box, `${most}`, ["prlimit", `--nofile=${most}:${most}`], /too many open files/),
  );
  t.equal(statuses[0], 1, "5 are too few");
  t.equal(statuses.at(-1), 0, "64 are enough");
});

// No smaller ones: our own stderr is a file, too.
t.test("small files", async (t) => {
  const box = sandbox(t);
  const statuses = [500, 2000, 100000].map((most) =>
    runsOrCleans(t, box, `${most}`, ["prlimit", `--fsize=${most}`], /: (file too large|broken pipe)/),
  );
  t.equal(statuses[0], 1);
  t.equal(statuses.at(-1), 0);
});

t.test("a full disk under --root", async (t) => {
  const box = sandbox(t);
  mkdirSync(box.root, { recursive: true });
  for (const limit of ["size=4k", "size=8k", "nr_inodes=2", "nr_inodes=3", "nr_inodes=4", "nr_inodes=5"]) {
    const script = `mount -t tmpfs -o ${limit} tmpfs "$0" && "$@"; status=$?; ls "$0"; exit $status`;
    const id = box.id();
    const words = ["run", "--bundle", box.bundle(), id];
    const { status, stderr, stdout } = box.run(words, { via: ["unshare", "-m", "sh", "-c", script, box.root] });
    t.equal(status, 1, limit);
    t.match(stderr, /no space left on device/, limit);
    t.equal(stdout, "", `${limit}: nothing is left`);
    t.same(cgroupsNamed(id), [], `${limit}: no cgroup`);
  }
});

t.test("more mounts than the caller may have files open", async (t) => {
  const box = sandbox(t);
  const source = join(box.dir, "source");
  mkdirSync(source);
  const many = 1100;
  const bundle = box.bundle((config) => {
    for (let i = 0; i < many; i++) {
      config.mounts.push({ destination: `/tmp/m${i}`, type: "bind", source, options: ["bind"] });
    }
    config.process.rlimits = [];
    config.process.args = ["/bin/sh", "-c", "grep -c /tmp/m /proc/self/mountinfo; ulimit -Sn"];
  });
  const { stdout, stderr } = box.run(["run", "--bundle", bundle, box.id()], { via: ["prlimit", "--nofile=256:4096"] });
  t.equal(stdout, `${many}\n256\n`, stderr);
  const refused = box.run(["run", "--bundle", bundle, box.id()], { via: ["prlimit", "--nofile=256:1024"] });
  t.match(refused.stderr, /mounts\[\d+\].*: too many open files \(the caller's hard limit of open files is too low/);
  t.same(containers(box), []);
});

t.test("root without CAP_SYS_ADMIN", async (t) => {
  const via = ["setpriv", "--bounding-set=-sys_admin"];
  t.equal(runsOrCleans(t, sandbox(t), "no CAP_SYS_ADMIN", via, /CAP_SYS_ADMIN/), 1);
});

t.test("standard output that takes nothing", async (t) => {
  const box = sandbox(t);
  const to = (target: string) => ({ via: ["sh", "-c", `exec "$@" ${target}`, "sh"] });
  t.match(box.run(["list"], to(">/dev/full")), { status: 1, stderr: /write standard output: no space left on device/ });
});
