// The end of containers without a mount namespace of their own: whatever becomes of them, nothing of theirs stays
// mounted, and nothing else is unmounted.

import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { TestConfig } from "../helpers/config.js";
import { inherits, paused, place, shell, started } from "../helpers/mount-place.js";
import { sandbox, until } from "../helpers/sandbox.js";

t.test("delete from another mount namespace finds the root in the one that has it", async (t) => {
  const box = sandbox(t);
  const at = await place(t, box, "private");
  const before = at.mounts();
  const id = started(box, at, box.bundle(paused()));
  t.not(at.mounts().length, before.length);
  const deleted = box.run(["delete", "--force", id]);
  t.equal(deleted.status, 0, deleted.stderr);
  t.same(at.mounts(), before);

  const last = await place(t, box, "private");
  const alone = started(box, last, box.bundle(paused()));
  last.end();
  await until("its namespace is the container's alone", () => !existsSync(`/proc/${last.pid}/ns/mnt`));
  const gone = box.run(["delete", "--force", alone]);
  t.equal(gone.status, 0, gone.stderr);
  t.equal(box.state(alone), undefined);
});

t.test("SIGKILL in the middle of create: delete --force leaves no mount", async (t) => {
  const box = sandbox(t);
  const at = await place(t, box, "shared");
  const bundle = box.bundle(paused());
  const before = at.mounts();
  const begin = Date.now();
  box.run(["delete", "--force", started(box, at, bundle)], { via: at.via });
  const length = (Date.now() - begin) / 2;
  const points = 12;
  for (let point = 0; point < points; point++) {
    const id = box.id();
    // nsenter(1) becomes runt.
    const running = box.start(["create", "--bundle", bundle, id], { via: at.via });
    await new Promise((resolve) => setTimeout(resolve, (length * 1.2 * point) / points));
    running.child.kill("SIGKILL");
    await running.done;
    const deleted = box.run(["delete", "--force", id], { via: at.via });
    t.equal(deleted.status, 0, `point ${point}: ${deleted.stderr}`);
    t.same(at.mounts(), before, `point ${point}`);
    t.notOk(existsSync(join(box.root, id)));
  }
});

t.test("SIGKILL when all is mounted, and of the delete after it", async (t) => {
  const box = sandbox(t);
  const at = await place(t, box, "shared");
  const reached = join(box.dir, "reached");
  const bundle = box.bundle(
    paused((config) => {
      config.hooks = { createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", `touch ${reached}; exec sleep 5`] }] };
    }),
  );
  const before = at.mounts();
  const id = box.id();
  const running = box.start(["create", "--bundle", bundle, id], { via: at.via });
  await until("the hook runs", () => existsSync(reached));
  running.child.kill("SIGKILL");
  await running.done;
  t.ok(at.mounts().length > before.length + 5, "the container's mounts are there");
  // A few of these end in the middle.
  for (const delay of [2, 6, 12, 30]) {
    const deleting = box.start(["delete", "--force", id], { via: at.via });
    await new Promise((resolve) => setTimeout(resolve, delay));
    deleting.child.kill("SIGKILL");
    await deleting.done;
  }
  const deleted = box.run(["delete", "--force", id], { via: at.via });
  t.equal(deleted.status, 0, deleted.stderr);
  t.same(at.mounts(), before);
  t.notOk(existsSync(join(box.root, id)));
});

t.test("a create that fails leaves nothing, before the root is mounted and after it", async (t) => {
  const box = sandbox(t);
  const at = await place(t, box, "shared");
  const before = at.mounts();
  const edits: ((config: TestConfig, bundle: string) => void)[] = [
    (config) => config.process.args.splice(0, 1, "/bin/no-such-program"),
    (config) => config.mounts.push({ destination: "/home", source: "/no/such", options: ["bind"] }),
    (config) => config.mounts.push({ destination: "/proc/self", type: "tmpfs", source: "tmpfs" }),
    (config) => {
      config.hooks = { createContainer: [{ path: "/bin/false" }] };
    },
    (config) => {
      config.hooks = { startContainer: [{ path: "/bin/no-such-hook" }] };
    },
    (_config, bundle) => rmSync(join(bundle, "rootfs"), { recursive: true }),
  ];
  for (const edit of edits) {
    const result = box.runContainer(
      (config, bundle) => {
        inherits(config);
        edit(config, bundle);
      },
      { via: at.via },
    );
    t.not(result.status, 0, edit.toString());
    t.same(at.mounts(), before, edit.toString());
    t.notOk(existsSync(join(box.root, box.ids.at(-1)!)), edit.toString());
  }
});

t.test("one root, two containers: the second is refused as long as the first is there", async (t) => {
  const box = sandbox(t);
  const at = await place(t, box, "private");
  const before = at.mounts();
  const bundle = box.bundle(paused());
  const first = started(box, at, bundle);
  const second = box.run(["create", "--bundle", bundle, box.id()], { via: at.via });
  t.equal(second.status, 1);
  t.match(second.stderr, /root\.path: .*rootfs: another container in this mount namespace has it as its root/);
  const same = box.run(["create", "--bundle", bundle, first], { via: at.via });
  t.match(same.stderr, /container with given ID already exists/);
  t.equal(box.run(["exec", first, "ls", "/proc/1/exe"], { via: at.via }).status, 0, "the first is as it was");
  t.equal(box.run(["delete", "--force", first], { via: at.via }).status, 0);
  t.same(at.mounts(), before);
  const again = started(box, at, bundle);
  t.equal(box.run(["delete", "--force", again], { via: at.via }).status, 0);
  t.same(at.mounts(), before);
});

t.test("a root that is a mount point, has mounts below it, or is moved meanwhile", async (t) => {
  const box = sandbox(t);
  const at = await place(t, box, "shared");
  const bundle = box.bundle(shell("cat /tmp/below/file"));
  mkdirSync(join(bundle, "rootfs/tmp/below"), { recursive: true });
  at.shell(`mount --bind ${bundle}/rootfs ${bundle}/rootfs`);
  at.shell(`mount -t tmpfs below ${bundle}/rootfs/tmp/below; echo seen >${bundle}/rootfs/tmp/below/file`);
  const before = at.mounts();
  const result = box.run(["run", "--bundle", bundle, box.id()], { via: at.via });
  t.equal(result.stdout, "seen\n", result.stderr);
  t.same(at.mounts(), before);

  const moving = box.bundle(paused());
  const still = at.mounts();
  const id = started(box, at, moving);
  renameSync(moving, `${moving}-moved`);
  t.equal(box.run(["delete", "--force", id], { via: at.via }).status, 0);
  t.same(at.mounts(), still);
});

t.test("what lies on the directory by then and is not the container's stays", async (t) => {
  const box = sandbox(t);
  const at = await place(t, box, "private");
  const bundle = box.bundle(paused());
  const id = started(box, at, bundle);
  // An administrator takes all of it off, and mounts something else there.
  at.shell(`umount -l ${bundle}/rootfs; umount -l ${bundle}/rootfs; mount -t tmpfs other ${bundle}/rootfs`);
  const before = at.mounts();
  const deleted = box.run(["delete", "--force", id], { via: at.via });
  t.equal(deleted.status, 0, deleted.stderr);
  t.same(at.mounts(), before);
});
