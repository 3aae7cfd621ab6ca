// linux.intelRdt from end to end: config-linux.md, "IntelRdt". Few machines have resctrl, so a directory stands for
// it: the shell that becomes runt binds a mountinfo that says so on its own, which keeps its pid over execve.
// What needs the kernel's part (files that come with a new group) is in test/unit/container/resctrl.test.ts.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { TestConfig } from "../helpers/config.js";
import { checkpoint, counting, gone, noCriu } from "../helpers/criu.js";
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

t.test("update writes schemas, all or nothing; events tells what the files say", async (t) => {
  const box = sandbox(t);
  const { root, via } = fake(box);
  const file = (path: string, text: string) => {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  file("schemata", "    MB:0=100;1=100\n    L3:0=fffff;1=fffff\n");
  file("info/L3/cbm_mask", "fffff\n");
  file("info/L3/min_cbm_bits", "1\n");
  file("info/L3/num_closids", "16\n");
  file("info/L3_MON/mon_features", "llc_occupancy\nmbm_total_bytes\nmbm_local_bytes\n");
  for (const [cache, bytes] of [
    ["mon_L3_00", "9007199254740993"],
    ["mon_L3_01", "7"],
  ] as const) {
    file(`gold/mon_data/${cache}/mbm_total_bytes`, `${bytes}\n`);
    file(`gold/mon_data/${cache}/mbm_local_bytes`, "5\n");
    file(`gold/mon_data/${cache}/llc_occupancy`, "4096\n");
  }
  const schemata = () => readFileSync(join(root, "gold/schemata"), "utf8");
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "pause"];
    rdt({ closID: "gold" })(config);
  });
  const id = box.id();
  t.equal(box.run(["create", "--bundle", bundle, id], { via }).status, 0);
  const update = (...flags: string[]) => box.run(["update", ...flags, id], { via });

  t.match(update("--mem-bw-schema", "MB:0=20"), { status: 1, stderr: /memory bandwidth schema is not enabled/ });
  t.equal(update("--l3-cache-schema", "L3:0=3").status, 0);
  t.match(schemata(), /^L3:0=3\n/);
  writeFileSync(join(root, "gold/schemata"), "    L3:0=f;1=f\n");
  t.equal(update("--l3-cache-schema", "L3:0=7", "--cpu-period", "1").status, 1, "a limit is refused");
  t.equal(schemata(), "    L3:0=f;1=f\n", "so the schema is what it was");

  const events = box.run(["events", "--stats", id], { via });
  t.equal(events.status, 0, events.stderr);
  t.match(events.stdout, '"mbm_total_bytes":9007199254740993', "exact");
  t.same(JSON.parse(events.stdout).data.intel_rdt, {
    l3_cache_info: { cbm_mask: "fffff", min_cbm_bits: 1, num_closids: 16 },
    l3_cache_schema_root: "L3:0=fffff;1=fffff",
    l3_cache_schema: "L3:0=f;1=f",
    schemata: ["L3:0=f;1=f"],
    mbm_stats: [
      { mbm_total_bytes: 2 ** 53, mbm_local_bytes: 5 },
      { mbm_total_bytes: 7, mbm_local_bytes: 5 },
    ],
    cmt_stats: [{ llc_occupancy: 4096 }, { llc_occupancy: 4096 }],
  });

  const other = box.create(box.bundle(({ process }) => (process.args = ["/bin/probe", "pause"]))).id;
  t.match(box.run(["update", "--l3-cache-schema", "L3:0=3", other], { via }).stderr, /non-existent Intel RDT/);
  t.match(JSON.parse(box.run(["events", "--stats", other], { via }).stdout).data.intel_rdt, {});
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
  "restore into a group that existed: it is the processes', and is left when they go",
  { skip: noCriu },
  async (t) => {
    const box = sandbox(t);
    const { id: first, bundle } = await counting(box);
    const images = checkpoint(box, first);
    const { root, via } = fake(box);
    // Without closID a group is called as the container; this one is somebody else's.
    const id = box.id();
    mkdirSync(join(root, id));
    writeFileSync(join(root, id, "tasks"), "");
    const tasks = () => readFileSync(join(root, id, "tasks"), "utf8");
    const config = JSON.parse(readFileSync(join(bundle, "config.json"), "utf8")) as TestConfig;
    const back = (hooks: object) => {
      rdt({})(config);
      box.configure(bundle, { ...config, hooks });
      return box.run(["restore", "-d", "-b", bundle, "--image-path", images, id], { via });
    };
    t.match(back({ createRuntime: [{ path: "/bin/false" }] }), { status: 1, stderr: /exit status 1/ });
    gone(t, box, id);
    t.ok(existsSync(join(root, id)), "a restore that fails leaves it");
    writeFileSync(join(root, id, "tasks"), "");
    const restored = back({});
    t.equal(restored.status, 0, restored.stderr);
    t.match(tasks(), /^\d+\n$/);
    t.match(JSON.parse(readFileSync(join(box.root, id, "state.json"), "utf8")).resctrl, { made: [] });
    t.equal(box.run(["delete", "--force", id]).status, 0);
    t.ok(existsSync(join(root, id)));
  },
);

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
