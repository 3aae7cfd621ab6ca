// create, start, state, kill, delete, list: what the spec's runtime.md asks of the lifecycle.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { sandbox, until } from "../helpers/sandbox.js";

t.test("created, running, stopped, deleted", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "trap"];
    config.annotations = { "org.example.color": "blue" };
  });
  const { id, result } = box.create(bundle);

  const created = box.state(id)!;
  t.equal(created.status, "created");
  t.equal(created.id, id);
  t.equal(created.bundle, bundle);
  t.equal(created.rootfs, join(bundle, "rootfs"));
  t.equal(created.ociVersion, "1.3.0", "the version that the state complies with, whatever the bundle's is");
  t.match(created.created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);
  t.same(created.annotations, { "org.example.color": "blue" });
  t.ok(existsSync(`/proc/${created.pid}`), "its process is there");
  t.equal(readFileSync(result.files.stdout, "utf8"), "", "the program has not run yet");

  const started = box.run(["start", id]);
  t.equal(started.status, 0, started.stderr);
  t.equal(started.stdout, "");
  await until("the program is ready", () => readFileSync(result.files.stdout, "utf8") === "ready\n");
  t.equal(box.state(id)!.status, "running");
  t.equal(box.state(id)!.pid, created.pid, "the same process");

  t.equal(box.run(["kill", id]).status, 0);
  await until("it has stopped", () => box.state(id)!.status === "stopped");
  t.match(readFileSync(result.files.stdout, "utf8"), /caught 15/, "kill sends SIGTERM unless told otherwise");
  t.equal(box.state(id)!.pid, 0, "a stopped container has no process");

  const deleted = box.run(["delete", id]);
  t.equal(deleted.status, 0, deleted.stderr);
  t.equal(box.state(id), undefined);
  t.same(
    readdirSync(box.root).filter((name) => name === id),
    [],
    "its state folder is gone",
  );
});

t.test("state is two-space JSON in the order that callers know, without a newline", async (t) => {
  const box = sandbox(t);
  const { id } = box.create(box.bundle());
  const { stdout } = box.run(["state", id]);
  t.same(Object.keys(JSON.parse(stdout)), [
    "ociVersion",
    "id",
    "pid",
    "status",
    "bundle",
    "rootfs",
    "created",
    "owner",
  ]);
  t.equal(stdout, JSON.stringify(JSON.parse(stdout), null, 2));
});

t.test("--pid-file holds the pid and nothing else, relative to the caller", async (t) => {
  const box = sandbox(t);
  const { id } = box.create(box.bundle(), "--pid-file", "the.pid");
  t.equal(readFileSync(join(box.dir, "the.pid"), "utf8"), String(box.state(id)!.pid));
});

t.test("commands in the wrong state are refused", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "pause"];
  });
  const { id } = box.create(bundle);
  const again = box.run(["create", "--bundle", bundle, id]);
  t.equal(again.status, 1);
  t.match(again.stderr, /container with given ID already exists/);
  t.equal(box.run(["start", id]).status, 0);

  const twice = box.run(["start", id]);
  t.equal(twice.status, 1);
  t.match(twice.stderr, /cannot start an already running container/);
  const early = box.run(["delete", id]);
  t.equal(early.status, 1);
  t.match(early.stderr, new RegExp(`cannot delete container ${id} that is not stopped: running`));
  t.equal(box.state(id)!.status, "running", "and it goes on");

  t.equal(box.run(["kill", id, "KILL"]).status, 0);
  await until("it has stopped", () => box.state(id)!.status === "stopped");
  const dead = box.run(["kill", id, "TERM"]);
  t.equal(dead.status, 1);
  t.match(dead.stderr, /container not running/);
  const late = box.run(["start", id]);
  t.equal(late.status, 1);
  t.match(late.stderr, /cannot start a container that has stopped/);
  t.equal(box.run(["delete", id]).status, 0);
});

t.test("an id that is not there", async (t) => {
  const box = sandbox(t);
  for (const command of ["state", "start", "kill", "delete"]) {
    const result = box.run([command, "nobody"]);
    t.equal(result.status, 1, command);
    t.match(result.stderr, /container does not exist/, command);
  }
  t.equal(box.run(["delete", "--force", "nobody"]).status, 0, "delete --force does not mind");
});

t.test("delete removes a created container, and a running one with --force", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "tree", "3"];
  });
  const created = box.create(bundle).id;
  const pid = box.state(created)!.pid;
  t.equal(box.run(["delete", created]).status, 0);
  await until("the waiting process is gone", () => !existsSync(`/proc/${pid}`));

  const { id, result } = box.create(bundle);
  box.run(["start", id]);
  await until("it runs", () => readFileSync(result.files.stdout, "utf8") === "ready\n");
  const forced = box.run(["delete", "--force", id]);
  t.equal(forced.status, 0, forced.stderr);
  t.equal(box.state(id), undefined);
});

t.test("kill knows signals by number and by name", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "trap"];
  });
  for (const [name, number] of [
    ["10", 10],
    ["SIGUSR2", 12],
    ["hup", 1],
    ["SigInt", 2],
  ] as const) {
    const { id, result } = box.create(bundle);
    box.run(["start", id]);
    await until("it is ready", () => readFileSync(result.files.stdout, "utf8") === "ready\n");
    const killed = box.run(["kill", id, name]);
    t.equal(killed.status, 0, killed.stderr);
    await until("it has stopped", () => box.state(id)!.status === "stopped");
    t.match(readFileSync(result.files.stdout, "utf8"), new RegExp(`caught ${number}\n`), name);
  }
  const { id } = box.create(bundle);
  const bad = box.run(["kill", id, "FOO"]);
  t.equal(bad.status, 1);
  t.match(bad.stderr, /unknown signal \\?"FOO/);
});

t.test("list: table, json, quiet", async (t) => {
  const box = sandbox(t);
  t.equal(box.run(["list", "--format", "json"]).stdout.trim(), "null", "an empty list");
  t.equal(box.run(["list", "-q"]).stdout, "");
  t.match(box.run(["list"]).stdout, /^ID +PID +STATUS +BUNDLE +CREATED +OWNER\n$/);

  const bundle = box.bundle();
  const ids = [box.create(bundle).id, box.create(bundle).id];
  t.same(box.run(["list", "-q"]).stdout.trim().split("\n"), ids);
  const all = JSON.parse(box.run(["list", "--format", "json"]).stdout);
  t.match(all, [{ id: ids[0], status: "created", owner: "root", bundle }, { id: ids[1] }]);
  t.equal(box.run(["list"]).stdout.trim().split("\n").length, 3);
  t.equal(box.run(["list", "--format", "yaml"]).status, 1);
});

t.test("changes of config.json after create have no effect", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/echo", "first"];
  });
  const { id, result } = box.create(bundle);
  writeFileSync(
    join(bundle, "config.json"),
    readFileSync(join(bundle, "config.json"), "utf8").replace("first", "second"),
  );
  box.run(["start", id]);
  await until("it has stopped", () => box.state(id)!.status === "stopped");
  t.equal(readFileSync(result.files.stdout, "utf8"), "first\n");
});

t.test("the bundle is the working directory when none is named", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/echo", "here"];
  });
  t.equal(box.run(["run", box.id()], { cwd: bundle }).stdout, "here\n");
});

t.test("a relative --root", async (t) => {
  const box = sandbox(t);
  mkdirSync(join(box.dir, "other"));
  const id = box.id();
  const bundle = box.bundle();
  const made = box.run(["--root", "other", "create", "--bundle", bundle, id]);
  t.equal(made.status, 0, made.stderr);
  t.equal(box.state(id), undefined, "not under the first root");
  t.same(readdirSync(join(box.dir, "other")).includes(id), true);
  t.equal(box.run(["--root", "other", "delete", "--force", id]).status, 0);
});
