// linux.intelRdt on a directory in the place of resctrl: the kernel's part, files that come with a new group, is
// played by a mkdir of ours.

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { isSatisfied, Resctrl, type ResctrlFiles, resctrlMountPoint } from "../../../src/container/resctrl.js";
import { native } from "../../../src/host/native.js";
import type { LinuxIntelRdt } from "../../../src/spec/types.gen.js";

const SCHEMATA = "    MB:0=100;1=100\n    L3:0=fffff;1=fffff\n";

class Tree implements ResctrlFiles {
  readonly root = mkdtempSync(join(tmpdir(), "runt-resctrl-"));
  /** Every write in its order, below the root. */
  readonly writes: [path: string, text: string][] = [];
  /** What the kernel refuses: a part of a text → errno's name. */
  refuse: string | undefined;

  constructor(t: Test) {
    t.teardown(() => rmSync(this.root, { recursive: true }));
    this.fill(this.root);
    mkdirSync(join(this.root, "info"));
    writeFileSync(join(this.root, "info/last_cmd_status"), "ok\n");
  }

  fill(group: string): void {
    for (const [name, text] of [
      ["tasks", ""],
      ["schemata", SCHEMATA],
    ] as const)
      writeFileSync(join(group, name), text);
    if (!group.includes("mon_groups")) mkdirSync(join(group, "mon_groups"));
  }

  mkdir(path: string, mode: number): boolean {
    const made = native().mkdir(path, mode);
    if (made) this.fill(path);
    return made;
  }

  rmdir(path: string): boolean {
    rmSync(path, { recursive: true });
    return true;
  }

  writeFile(path: string, text: string): void {
    if (this.refuse && text.includes(this.refuse)) {
      writeFileSync(join(this.root, "info/last_cmd_status"), "Non-consecutive 1-bits in mask\n");
      // /dev/full says ENOSPC: any errno does.
      native().writeFile("/dev/full", text);
    }
    native().writeFile(path, text);
    this.writes.push([path.slice(this.root.length), text]);
  }

  readFileIfAny = (path: string) => native().readFileIfAny(path);
  lstat = (path: string) => native().lstat(path);
  /** What happens while runt waits. */
  meanwhile: () => void = () => {};
  sleep(): void {
    this.meanwhile();
  }

  /** As create does it. */
  apply(rdt: LinuxIntelRdt, id = "box"): Resctrl {
    const resctrl = new Resctrl(rdt, id, this.root, this);
    resctrl.create();
    resctrl.join(77);
    return resctrl;
  }

  has = (path: string) => existsSync(join(this.root, path));
}

function message(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return "no error";
}

t.test("without closID the group is called as the container, and goes with it", async (t) => {
  const tree = new Tree(t);
  const { state } = tree.apply({});
  t.same(state, { groups: [`${tree.root}/box`], made: [`${tree.root}/box`] });
  t.same(tree.writes, [["/box/tasks", "77\n"]], "no schemata are written when none are given");
});

t.test("the schemata are written line by line: l3CacheSchema, memBwSchema, schemata", async (t) => {
  const tree = new Tree(t);
  tree.apply({ schemata: ["L2:0=f", "MB:0=30"], memBwSchema: "MB:0=20;1=70", l3CacheSchema: "L3:0=7f0;1=1f" });
  t.same(tree.writes, [
    ["/box/schemata", "L3:0=7f0;1=1f\n"],
    ["/box/schemata", "MB:0=20;1=70\n"],
    ["/box/schemata", "L2:0=f\n"],
    ["/box/schemata", "MB:0=30\n"],
    ["/box/tasks", "77\n"],
  ]);
  t.same(new Tree(t).apply({ l3CacheSchema: "L3:0=1" }).state.made.length, 1, "one of them is enough");
});

t.test("closID without schemata: a group that is there", async (t) => {
  const tree = new Tree(t);
  tree.mkdir(join(tree.root, "gold"), 0o755);
  const { state } = tree.apply({ closID: "gold" });
  t.same(state, { groups: [`${tree.root}/gold`], made: [] }, "it is not ours to remove");
  t.same(tree.writes, [["/gold/tasks", "77\n"]]);
  t.match(
    message(() => tree.apply({ closID: "silver" })),
    /^linux\.intelRdt\.closID: the group .*\/silver does not exist/,
  );
  t.notOk(tree.has("silver"));
  t.match(
    message(() => tree.apply({ closID: "silver", schemata: [] })),
    /does not exist/,
  );
});

t.test("closID with schemata: made when it is missing, and stays", async (t) => {
  const tree = new Tree(t);
  const { state } = tree.apply({ closID: "gold", l3CacheSchema: "L3:0=f" });
  t.ok(tree.has("gold"));
  t.same(state.made, []);
  t.same(tree.writes[0], ["/gold/schemata", "L3:0=f\n"]);
});

t.test("closID with schemata of a group that is there: they must be its own", async (t) => {
  const tree = new Tree(t);
  tree.mkdir(join(tree.root, "gold"), 0o755);
  t.match(
    message(() => tree.apply({ closID: "gold", l3CacheSchema: "L3:0=f" })),
    /^linux\.intelRdt\.l3CacheSchema: the group .*\/gold exists and has other schemata: L3:0=fffff;1=fffff/,
  );
  t.match(
    message(() => tree.apply({ closID: "gold", memBwSchema: "MB:0=10" })),
    /^linux\.intelRdt\.memBwSchema: .*MB:0=100;1=100/,
  );
  t.same(tree.writes, [], "nothing is written before all is known");
  tree.apply({ closID: "gold", l3CacheSchema: "L3:1=0fffff;0=FFFFF", memBwSchema: "MB:1=100" });
  tree.apply({ closID: "gold", schemata: ["L3:0=3"] });
  t.same(tree.writes.at(-2), ["/gold/schemata", "L3:0=3\n"], "schemata are written, whatever was there");
});

t.test("of two that make a class at the same time one makes it, the other finds it", async (t) => {
  const tree = new Tree(t);
  const asked = { closID: "gold", l3CacheSchema: "L3:0=f" };
  const second = new Resctrl(asked, "two", tree.root, tree);
  const other = new Resctrl({ closID: "gold", l3CacheSchema: "L3:0=7" }, "three", tree.root, tree);
  // The first has made it, and has not come further.
  tree.mkdir(join(tree.root, "gold"), 0o755);
  let rounds = 0;
  tree.meanwhile = () => {
    if (++rounds === 3) writeFileSync(join(tree.root, "gold/schemata"), "    L3:0=f\n");
  };
  second.create();
  t.equal(rounds, 3, "it waits for the schemata");
  t.match(
    message(() => other.create()),
    /linux\.intelRdt\.l3CacheSchema: the group .*\/gold exists and has other schemata: L3:0=f/,
  );
  t.ok(tree.has("gold"), "whoever has not made it does not remove it");
});

t.test("of two containers with one id in two roots the one that made the group removes it", async (t) => {
  const tree = new Tree(t);
  const [first, second] = [{}, {}].map(
    (rdt) => new Resctrl({ ...rdt, enableMonitoring: true }, "box", tree.root, tree),
  );
  t.equal(first!.create(), false, "as the journal says");
  t.equal(second!.create(), true, "the journal says too much");
  t.same(first!.state.made, [`${tree.root}/box/mon_groups/box`, `${tree.root}/box`]);
  t.same(second!.state.made, []);
});

t.test('closID "/" is the default class', async (t) => {
  const tree = new Tree(t);
  const { state } = tree.apply({ closID: "/", enableMonitoring: true });
  t.same(state.groups, [tree.root, `${tree.root}/mon_groups/box`]);
  t.same(state.made, [`${tree.root}/mon_groups/box`]);
  t.same(
    tree.writes.map(([path]) => path),
    ["/tasks", "/mon_groups/box/tasks"],
  );
});

t.test("enableMonitoring: a group of the container's own inside, which goes with it", async (t) => {
  const tree = new Tree(t);
  tree.mkdir(join(tree.root, "gold"), 0o755);
  t.same(tree.apply({ closID: "gold", enableMonitoring: true }).state.made, [`${tree.root}/gold/mon_groups/box`]);
  t.same(tree.apply({ enableMonitoring: true }).state.made, [`${tree.root}/box/mon_groups/box`, `${tree.root}/box`]);
  t.notOk(tree.apply({}, "two").state.groups.some((path) => path.includes("mon_groups")));
  // No room for one more.
  rmSync(join(tree.root, "gold/mon_groups"), { recursive: true });
  t.match(
    message(() => tree.apply({ closID: "gold", enableMonitoring: true }, "three")),
    /^linux\.intelRdt\.enableMonitoring: make resctrl group .*\/gold\/mon_groups\/three: no such file or directory/,
  );
});

t.test("what the kernel refuses is said with its words, and leaves no half-made class", async (t) => {
  const tree = new Tree(t);
  tree.refuse = "L3:0=5";
  t.match(
    message(() => tree.apply({ closID: "gold", memBwSchema: "MB:0=10", schemata: ["L3:0=5"] })),
    /^linux\.intelRdt\.schemata\[0\]: write "L3:0=5" to .*: no space left on device \(the kernel says: Non-consecutive 1-bits in mask\)/,
  );
  t.notOk(tree.has("gold"));
});

t.test("names that are no groups", async (t) => {
  const tree = new Tree(t);
  for (const closID of ["info", "mon_groups", "mon_data"]) {
    t.match(
      message(() => tree.apply({ closID })),
      /^linux\.intelRdt\.closID: resctrl has a directory/,
    );
  }
  t.match(
    message(() => tree.apply({}, "info")),
    /^linux\.intelRdt: resctrl has a directory "info"/,
  );
  mkdirSync(join(tree.root, "plain"));
  t.match(
    message(() => tree.apply({ closID: "plain" })),
    /plain is no group of resctrl/,
  );
});

t.test("where resctrl is mounted", async (t) => {
  const line = (point: string, type: string, root = "/") =>
    `31 25 0:27 ${root} ${point} rw shared:5 - ${type} none rw\n`;
  t.equal(resctrlMountPoint(line("/a", "tmpfs") + line("/sys/fs/resctrl", "resctrl")), "/sys/fs/resctrl");
  t.equal(resctrlMountPoint(line("/with\\040blank", "resctrl")), "/with blank");
  t.equal(resctrlMountPoint(line("/part", "resctrl", "/gold")), undefined, "a part of it is not the whole");
  t.equal(resctrlMountPoint(line("/x", "tmpfs") + line("/resctrl", "tmpfs")), undefined);
  t.equal(resctrlMountPoint(""), undefined);
});

t.test("schemata in other words", async (t) => {
  t.ok(isSatisfied("L3:0=ff", "L3:0=0000ff;1=f\n"));
  t.ok(isSatisfied("MB: 1 = 70 ; 0=20", "    MB:0=20;1= 70"));
  t.notOk(isSatisfied("L3:2=ff", "L3:0=ff;1=f"));
  t.notOk(isSatisfied("L2:0=ff", "L3:0=ff"));
  t.notOk(isSatisfied("L3:0=ff", ""));
  t.ok(isSatisfied("L3:0=0", "L3:0=00"));
});
