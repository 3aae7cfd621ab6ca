// Crashes and races: runt killed in the middle, one id twice, a state file that is broken.

import { existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { cgroupsNamed, processesIn } from "../helpers/cgroup.js";
import { sandbox, until } from "../helpers/sandbox.js";

t.test("SIGKILL in the middle of create: delete --force cleans, the id can be used again", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "pause"];
  });
  // Spread over the time that a whole create takes; with clean-up after each.
  const begin = Date.now();
  const whole = box.create(bundle).id;
  const length = Date.now() - begin;
  box.run(["delete", "--force", whole]);
  const points = 12;
  for (let point = 0; point < points; point++) {
    const id = box.id();
    const running = box.start(["create", "--bundle", bundle, id]);
    await new Promise((resolve) => setTimeout(resolve, (length * 1.2 * point) / points));
    running.child.kill("SIGKILL");
    await running.done;
    const deleted = box.run(["delete", "--force", id]);
    t.equal(deleted.status, 0, `point ${point}: ${deleted.stderr}`);
    t.equal(box.state(id), undefined);
    t.notOk(existsSync(join(box.root, id)), `point ${point}: no state`);
    await until(`point ${point}: no process`, () => processesIn(id).length === 0);
    t.same(cgroupsNamed(id), [], `point ${point}: no cgroup`);
    const again = box.run([
      "run",
      "--bundle",
      box.bundle((config) => {
        config.process.args = ["/bin/true"];
      }),
      id,
    ]);
    t.equal(again.status, 0, `point ${point}: the id works again: ${again.stderr}`);
  }
});

t.test("SIGKILL of a hook's runt: between the hooks of create", async (t) => {
  const box = sandbox(t);
  const reached = join(box.dir, "reached");
  const id = box.id();
  const bundle = box.bundle((config) => {
    config.hooks = { createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", `touch ${reached}; exec sleep 5`] }] };
  });
  const running = box.start(["create", "--bundle", bundle, id]);
  await until("the hook runs", () => existsSync(reached));
  running.child.kill("SIGKILL");
  await running.done;
  const other = box.run(["create", "--bundle", bundle, id]);
  t.equal(other.status, 1, "the id is still taken");
  const deleted = box.run(["delete", "--force", id]);
  t.equal(deleted.status, 0, deleted.stderr);
  t.equal(box.state(id), undefined);
  await until("no process is left", () => processesIn(id).length === 0);
  t.same(cgroupsNamed(id), []);
});

t.test("a foreground run killed with SIGKILL: the container can be deleted", async (t) => {
  const box = sandbox(t);
  const id = box.id();
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "pause"];
  });
  const running = box.start(["run", "--bundle", bundle, id]);
  await until("the program is ready", () => running.stdout() === "ready\n");
  running.child.kill("SIGKILL");
  await running.done;
  t.equal(box.state(id)?.status, "running", "the container lives on");
  t.equal(box.run(["delete", "--force", id]).status, 0);
  t.equal(box.state(id), undefined);
  t.same(cgroupsNamed(id), []);
});

t.test("two creates of one id at once: one wins, the other says why", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "pause"];
  });
  for (let round = 0; round < 5; round++) {
    const id = box.id();
    const both = await Promise.all([1, 2, 3].map(() => box.start(["create", "--bundle", bundle, id]).done));
    const lost = both.filter(({ status }) => status !== 0);
    t.equal(both.length - lost.length, 1, both.map(({ stderr }) => stderr).join(""));
    for (const { status, stderr } of lost) {
      t.equal(status, 1);
      t.match(stderr, /container with given ID already exists/);
    }
    t.equal(box.state(id)?.status, "created");
    t.equal(processesIn(id).length, 1, "one first process");
    t.equal(box.run(["delete", "--force", id]).status, 0);
  }
});

t.test("create and delete --force of one id at once never leave anything", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle();
  for (let round = 0; round < 6; round++) {
    const id = box.id();
    const creating = box.start(["create", "--bundle", bundle, id]);
    await new Promise((resolve) => setTimeout(resolve, round * 4));
    await Promise.all([creating.done, box.start(["delete", "--force", id]).done]);
    t.equal(box.run(["delete", "--force", id]).status, 0);
    t.notOk(existsSync(join(box.root, id)));
    await until("no process is left", () => processesIn(id).length === 0);
    t.same(cgroupsNamed(id), []);
  }
});

for (const [what, damage] of [
  ["cut in half", (file: string) => truncateSync(file, Math.floor(readFileSync(file).length / 2))],
  ["empty", (file: string) => truncateSync(file, 0)],
  ["not JSON", (file: string) => writeFileSync(file, "no json at all")],
  ["JSON of another kind", (file: string) => writeFileSync(file, '{"pid": "many"}')],
] as const) {
  t.test(`a state file that is ${what}`, async (t) => {
    const box = sandbox(t);
    const { id } = box.create(box.bundle());
    const { pid } = box.state(id)!;
    damage(join(box.root, id, "state.json"));
    const state = box.run(["state", id]);
    t.equal(state.status, 1);
    t.match(state.stderr, /state\.json/);
    t.notMatch(state.stderr, /\n\s+at |TypeError/);
    const list = box.run(["list", "-q"]);
    t.match(list.stderr, new RegExp(id), "list names it and goes on");
    const deleted = box.run(["delete", "--force", id]);
    t.equal(deleted.status, 0, deleted.stderr);
    t.notOk(existsSync(join(box.root, id)));
    await until("its process is gone", () => !existsSync(`/proc/${pid}`) || processesIn(id).length === 0);
    t.same(cgroupsNamed(id), [], "delete --force always cleans");
  });
}

t.test("the first process dies while it waits for start", async (t) => {
  const box = sandbox(t);
  const { id } = box.create(box.bundle());
  process.kill(box.state(id)!.pid as number, "SIGKILL");
  await until("it has stopped", () => box.state(id)!.status === "stopped");
  const started = box.run(["start", id]);
  t.equal(started.status, 1);
  t.match(started.stderr, /cannot start a container that has stopped/);
  t.equal(box.run(["delete", id]).status, 0);
});

t.test("a pid that another process has now is not the container", async (t) => {
  const box = sandbox(t);
  const { id } = box.create(box.bundle());
  const file = join(box.root, id, "state.json");
  const { pid } = box.state(id)!;
  const text = readFileSync(file, "utf8");
  t.match(text, new RegExp(`${pid}`));
  // The state now names this test's own process: same pid, other start time.
  writeFileSync(file, text.replaceAll(String(pid), String(process.pid)));
  t.equal(box.state(id)!.status, "stopped");
  const killed = box.run(["kill", id, "KILL"]);
  t.equal(killed.status, 1, "and is not killed");
  writeFileSync(file, text);
  t.equal(box.run(["delete", "--force", id]).status, 0);
});
