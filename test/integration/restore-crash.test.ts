// restore killed in the middle: what is left goes with `delete --force`, and the checkpoint is as good as before.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { cgroupsNamed, processesIn } from "../helpers/cgroup.js";
import type { TestConfig } from "../helpers/config.js";
import { checkpoint, counting, fine, noCriu, restore } from "../helpers/criu.js";
import { type Sandbox, sandbox, until } from "../helpers/sandbox.js";

const withCriu = { skip: noCriu } as const;

/** Nothing of a container is left after `delete --force`, whatever a dead runt had made of it. */
async function cleaned(t: Test, box: Sandbox, id: string, point: string): Promise<void> {
  const deleted = box.run(["delete", "--force", id]);
  t.equal(deleted.status, 0, `${point}: ${deleted.stderr}`);
  t.equal(box.state(id), undefined, point);
  t.notOk(existsSync(join(box.root, id)), `${point}: no state`);
  await until(`${point}: no process`, () => processesIn(id).length === 0);
  t.same(cgroupsNamed(id), [], `${point}: no cgroup`);
}

t.test("SIGKILL in the middle of restore: delete --force cleans, and it can be restored again", withCriu, async (t) => {
  const box = sandbox(t);
  const { id: first, bundle } = await counting(box);
  const images = checkpoint(box, first);
  const begin = Date.now();
  const whole = restore(box, bundle, images);
  const length = Date.now() - begin;
  t.equal(whole.result.status, 0, whole.result.stderr);
  fine(box.run(["delete", "--force", whole.id]));
  // Spread over the time that a whole restore takes.
  const points = 7;
  for (let point = 0; point < points; point++) {
    const id = box.id();
    const running = box.start(["restore", "-d", "-b", bundle, "--image-path", images, id]);
    await new Promise((resolve) => setTimeout(resolve, (length * 1.1 * point) / points));
    running.child.kill("SIGKILL");
    await running.done;
    await cleaned(t, box, id, `point ${point}`);
  }
  const again = restore(box, bundle, images);
  t.equal(again.result.status, 0, again.result.stderr);
  t.equal(box.state(again.id)?.status, "running");
});

t.test("SIGKILL while criu has made the namespaces and waits for a hook", withCriu, async (t) => {
  const box = sandbox(t);
  const { id: first, bundle } = await counting(box);
  const images = checkpoint(box, first);
  const reached = join(box.dir, "reached");
  const config = JSON.parse(readFileSync(join(bundle, "config.json"), "utf8")) as TestConfig;
  config.hooks = { createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", `touch ${reached}; exec sleep 5`] }] };
  box.configure(bundle, config);
  const id = box.id();
  const running = box.start(["restore", "-d", "-b", bundle, "--image-path", images, id]);
  await until("the hook runs", () => existsSync(reached), 60_000);
  t.ok(processesIn(id).length > 0, "criu is in the container's cgroup");
  running.child.kill("SIGKILL");
  await running.done;
  t.match(box.run(["restore", "-d", "-b", bundle, "--image-path", images, id]), {
    status: 1,
    stderr: /container with given ID already exists/,
  });
  await cleaned(t, box, id, "in the hook");
});

t.test("SIGKILL of a runt that waits for the container: it goes on, and can be deleted", withCriu, async (t) => {
  const box = sandbox(t);
  const { id: first, bundle } = await counting(box);
  const images = checkpoint(box, first);
  const id = box.id();
  const running = box.start(["restore", "-b", bundle, "--image-path", images, id]);
  await until("it counts again", () => running.stdout().split("\n").length > 3, 60_000);
  running.child.kill("SIGKILL");
  await running.done;
  t.equal(box.state(id)?.status, "running");
  await cleaned(t, box, id, "in the foreground");
});
