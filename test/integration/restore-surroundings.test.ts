// restore into what was there before the container: namespaces that others have made, a writable layer that was kept.

import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { TestConfig } from "../helpers/config.js";
import { checkpoint, counting, fine, gone, noCriu, numbers, restore } from "../helpers/criu.js";
import { type Sandbox, sandbox, until } from "../helpers/sandbox.js";

const withCriu = { skip: noCriu } as const;
const procFile = (box: Sandbox, id: string, file: string) =>
  readFileSync(`/proc/${box.state(id)!.pid}/${file}`, "utf8");

t.test("namespaces that were joined by path", withCriu, async (t) => {
  const box = sandbox(t);
  const pause = box.create(box.bundle((config) => (config.process.args = ["/bin/probe", "pause"])));
  fine(box.run(["start", pause.id]));
  const { pid } = box.state(pause.id)!;
  const joined = { network: "net", ipc: "ipc", uts: "uts" };
  const { id, bundle } = await counting(box, (config) => {
    for (const namespace of config.linux.namespaces) {
      const file = joined[namespace.type as keyof typeof joined];
      if (file) namespace.path = `/proc/${pid}/ns/${file}`;
    }
    delete config.hostname;
  });
  const images = checkpoint(box, id);
  const back = restore(box, bundle, images);
  t.equal(back.result.status, 0, back.result.stderr);
  for (const file of Object.values(joined)) {
    const of = (process: number) => readlinkSync(`/proc/${process}/ns/${file}`);
    t.equal(of(box.state(back.id)!.pid), of(pid), file);
  }
  // Now with one of its own.
  const config = JSON.parse(readFileSync(join(bundle, "config.json"), "utf8")) as TestConfig;
  for (const namespace of config.linux.namespaces) delete namespace.path;
  box.configure(bundle, config);
  const refused = restore(box, bundle, images);
  t.match(refused.result, { status: 1, stderr: /had joined a network namespace, but here is no path of one/ });
  gone(t, box, refused.id);
});

t.test("a pid namespace that was joined by path: it has its number again", withCriu, async (t) => {
  const box = sandbox(t);
  // Its first process waits for all children: a zombie keeps the number of its session, which criu needs again.
  const first = ["/bin/sh", "-c", "while :; do sleep 0.3; done"];
  const pause = box.create(box.bundle((config) => (config.process.args = first)));
  fine(box.run(["start", pause.id]));
  const { pid } = box.state(pause.id)!;
  const { id, bundle } = await counting(box, (config) => {
    for (const namespace of config.linux.namespaces) {
      if (namespace.type === "pid") namespace.path = `/proc/${pid}/ns/pid`;
    }
  });
  const numberOf = (of: string) => /^NSpid:.*\t(\d+)$/m.exec(procFile(box, of, "status"))?.[1];
  const number = numberOf(id);
  t.not(number, "1");
  const images = checkpoint(box, id);
  const back = restore(box, bundle, images);
  t.equal(back.result.status, 0, back.result.stderr);
  await until("it prints again", () => numbers(back.output()).length > 2);
  t.equal(numberOf(back.id), number);
  t.equal(readlinkSync(`/proc/${box.state(back.id)!.pid}/ns/pid`), readlinkSync(`/proc/${pid}/ns/pid`));
  fine(box.run(["delete", "--force", back.id]));
  gone(t, box, back.id);
  t.equal(box.state(pause.id)!.status, "running", "the one who made it goes on");
});

t.test("a writable layer that is kept: files are there, and an open one is written on", withCriu, async (t) => {
  const box = sandbox(t);
  const upper = join(box.dir, "upper");
  const { id, bundle } = await counting(box, (config) => {
    config.annotations = { "runt.rootfs.overlay": "true", "runt.rootfs.upper": upper };
    config.root.readonly = false;
    config.process.args = [
      "/bin/sh",
      "-c",
      "exec 3>/log; i=0; while :; do i=$((i+1)); echo $i; echo $i >&3; echo $i >/last; sleep 0.1; done",
    ];
  });
  const images = checkpoint(box, id);
  const last = readFileSync(join(upper, "last"), "utf8");
  const log = readFileSync(join(upper, "log"), "utf8");
  const back = restore(box, bundle, images);
  t.equal(back.result.status, 0, back.result.stderr);
  await until("it prints again", () => numbers(back.output()).length > 2);
  t.ok(Number(readFileSync(join(upper, "last"), "utf8")) > Number(last));
  const now = readFileSync(join(upper, "log"), "utf8");
  t.ok(now.startsWith(log) && now.length > log.length, "on from where it was");
  fine(box.run(["delete", "--force", back.id]));
  gone(t, box, back.id);
  t.ok(existsSync(join(upper, "log")), "the layer stays");
});
