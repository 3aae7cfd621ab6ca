// linux.intelRdt from end to end: config-linux.md, "IntelRdt". Few machines have resctrl, so a directory stands for
// it: the shell that becomes runt binds a mountinfo that says so on its own, which keeps its pid over execve.
// What needs the kernel's part (files that come with a new group) is in test/unit/container/resctrl.test.ts.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { TestConfig } from "../helpers/config.js";
import { type Sandbox, sandbox } from "../helpers/sandbox.js";

const hasResctrl = readFileSync("/proc/self/mountinfo", "utf8").includes(" - resctrl ");

/** A tree with one class, "gold". Out: the words that make runt see it. */
function fake(box: Sandbox): { root: string; via: string[] } {
  const root = join(box.dir, "resctrl");
  for (const group of ["", "gold"]) {
    mkdirSync(join(root, group), { recursive: true });
    writeFileSync(join(root, group, "tasks"), "");
    writeFileSync(join(root, group, "schemata"), "    L3:0=f;1=f\n");
  }
  const line = `999 1 0:99 / ${root} rw,relatime - resctrl resctrl rw`;
  const script = `cat /proc/$$/mountinfo >${box.dir}/mounts; echo '${line}' >>${box.dir}/mounts; mount --bind ${box.dir}/mounts /proc/$$/mountinfo && exec "$@"`;
  return { root, via: ["unshare", "-m", "sh", "-c", script, "sh"] };
}

const rdt = (value: object) => (config: TestConfig) => {
  config.linux.intelRdt = value;
};

t.test("the first process and those of exec are in the class, which stays at delete", async (t) => {
  const box = sandbox(t);
  const { root, via } = fake(box);
  const tasks = () => readFileSync(join(root, "gold/tasks"), "utf8");
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "pause"];
    rdt({ closID: "gold", l3CacheSchema: "L3:1=f" })(config);
  });
  const id = box.id();
  const created = box.run(["create", "--bundle", bundle, id], { via });
  t.equal(created.status, 0, created.stderr);
  t.equal(tasks(), `${box.state(id)!.pid}\n`, "before start");
  t.equal(readFileSync(join(root, "gold/schemata"), "utf8").split("\n")[0], "L3:1=f");
  t.equal(box.run(["start", id]).status, 0);
  const exec = box.run(["exec", id, "/bin/true"]);
  t.equal(exec.status, 0, exec.stderr);
  t.not(tasks(), `${box.state(id)!.pid}\n`, "exec's process was written too");
  t.match(tasks(), /^\d+\n/);
  t.equal(box.run(["delete", "--force", id]).status, 0);
  t.ok(existsSync(join(root, "gold")));
});

t.test("a class that is missing or another is refused, and nothing is left", async (t) => {
  const box = sandbox(t);
  const { root, via } = fake(box);
  for (const [value, words] of [
    [{ closID: "silver" }, /linux\.intelRdt\.closID: the group .*silver does not exist/],
    [{ closID: "gold", l3CacheSchema: "L3:0=3" }, /linux\.intelRdt\.l3CacheSchema: .*has other schemata: L3:0=f;1=f/],
  ] as const) {
    const result = box.runContainer(rdt(value), { via });
    t.equal(result.status, 1);
    t.match(result.stderr, words);
    t.notOk(existsSync(join(box.root, box.ids.at(-1)!)));
  }
  t.equal(readFileSync(join(root, "gold/tasks"), "utf8"), "");
});

t.test(
  "without resctrl it is refused by name",
  { skip: hasResctrl ? "this machine has resctrl" : false },
  async (t) => {
    const box = sandbox(t);
    const result = box.runContainer(rdt({}));
    t.equal(result.status, 1);
    t.match(result.stderr, /linux\.intelRdt: no resctrl file system is mounted \(mount -t resctrl/);
    t.notOk(existsSync(join(box.root, box.ids[0]!)));
  },
);

t.test("a container without intelRdt touches none", async (t) => {
  const box = sandbox(t);
  const { root, via } = fake(box);
  t.equal(box.runContainer(undefined, { via }).status, 0);
  t.equal(readFileSync(join(root, "tasks"), "utf8"), "");
  t.equal(readFileSync(join(root, "gold/tasks"), "utf8"), "");
});
