// Hooks: all six kinds, their order, namespaces, state on stdin, time-out, failure (runtime.md, "Lifecycle").

import { existsSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { TestConfig, TestHook } from "../helpers/config.js";
import { sandbox, until } from "../helpers/sandbox.js";

const kinds = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"] as const;
type Kind = (typeof kinds)[number];

/** A hook that runs a shell line. startContainer runs in the container: its shell is busybox's there. */
const sh = (line: string, extra: Partial<TestHook> = {}): TestHook => ({
  path: "/bin/sh",
  args: ["sh", "-c", line],
  env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
  ...extra,
});

function addHook(config: TestConfig, kind: string, ...hooks: TestHook[]): void {
  config.hooks = { ...config.hooks, [kind]: [...(config.hooks?.[kind] ?? []), ...hooks] };
}

/** Binds a folder of the sandbox at the same path in the container, so that every hook can write there. */
function share(config: TestConfig, folder: string): void {
  config.mounts.push({ destination: folder, type: "none", source: folder, options: ["bind"] });
}

t.test("order: every hook once, in the order of the spec, two of a kind in the order of the list", async (t) => {
  const box = sandbox(t);
  const log = join(box.dir, "log");
  writeFileSync(log, "");
  const bundle = box.bundle((config) => {
    share(config, log);
    for (const kind of kinds) addHook(config, kind, sh(`echo ${kind} 1 >> ${log}`), sh(`echo ${kind} 2 >> ${log}`));
    config.process.args = ["/bin/sh", "-c", `echo program >> ${log}`];
  });
  const lines = () => readFileSync(log, "utf8").trim().split("\n").filter(Boolean);
  const { id } = box.create(bundle);
  const early = ["prestart", "createRuntime", "createContainer"].flatMap((kind) => [`${kind} 1`, `${kind} 2`]);
  t.same(lines(), early, "create runs these three");
  const started = box.run(["start", id]);
  t.equal(started.status, 0, started.stderr);
  await until("it has stopped", () => box.state(id)!.status === "stopped");
  const late = lines().slice(early.length);
  t.same(late.slice(0, 2), ["startContainer 1", "startContainer 2"]);
  t.same(
    late.slice(2).sort(),
    ["poststart 1", "poststart 2", "program"],
    "poststart comes after start, beside the program",
  );
  t.equal(box.run(["delete", id]).status, 0);
  t.same(lines().slice(-2), ["poststop 1", "poststop 2"]);
});

t.test("run runs them all", async (t) => {
  const box = sandbox(t);
  const log = join(box.dir, "log");
  writeFileSync(log, "");
  const result = box.runContainer((config) => {
    share(config, log);
    for (const kind of kinds) addHook(config, kind, sh(`echo ${kind} >> ${log}`));
  });
  t.equal(result.status, 0, result.stderr);
  t.same(readFileSync(log, "utf8").trim().split("\n").sort(), [...kinds].sort());
});

t.test("the state is on stdin, with the status of the moment", async (t) => {
  const box = sandbox(t);
  const folder = join(box.dir, "states");
  const { mkdirSync } = await import("node:fs");
  mkdirSync(folder);
  const bundle = box.bundle((config) => {
    share(config, folder);
    config.annotations = { key: "value" };
    for (const kind of kinds) addHook(config, kind, sh(`cat > ${folder}/${kind}`));
  });
  const id = box.id();
  const result = box.run(["run", "--bundle", bundle, id]);
  t.equal(result.status, 0, result.stderr);
  const wanted: Record<Kind, string | RegExp> = {
    prestart: /creat(ing|ed)/,
    createRuntime: /creat(ing|ed)/,
    createContainer: /creat(ing|ed)/,
    startContainer: /created|running/,
    poststart: "running",
    poststop: "stopped",
  };
  for (const kind of kinds) {
    const state = JSON.parse(readFileSync(join(folder, kind), "utf8"));
    t.match(state, { id, bundle, annotations: { key: "value" }, status: wanted[kind], ociVersion: /^1\./ }, kind);
    if (kind !== "poststop") t.type(state.pid, "number", kind);
  }
  const { pid } = JSON.parse(readFileSync(join(folder, "createRuntime"), "utf8"));
  t.ok(pid > 1, "the pid as the host sees it");
});

t.test("each runs in the namespaces that the spec says", async (t) => {
  const box = sandbox(t);
  const log = join(box.dir, "log");
  writeFileSync(log, "");
  const bundle = box.bundle((config, bundle) => {
    share(config, log);
    const mark = `[ -e ${bundle}/config.json ] && root=host || root=container`;
    for (const kind of kinds) {
      addHook(
        config,
        kind,
        sh(`${mark}; echo ${kind} $(readlink /proc/self/ns/mnt) $(readlink /proc/self/ns/uts) $root >> ${log}`),
      );
    }
  });
  const { id } = box.create(bundle);
  const { pid } = box.state(id)!;
  const [mnt, uts] = [readlinkSync(`/proc/${pid}/ns/mnt`), readlinkSync(`/proc/${pid}/ns/uts`)];
  const [hostMnt, hostUts] = [readlinkSync("/proc/self/ns/mnt"), readlinkSync("/proc/self/ns/uts")];
  box.run(["start", id]);
  await until("it has stopped", () => box.state(id)!.status === "stopped");
  box.run(["delete", id]);
  const seen = Object.fromEntries(
    readFileSync(log, "utf8")
      .trim()
      .split("\n")
      .map((line) => [line.split(" ")[0], line.split(" ").slice(1)]),
  );
  for (const kind of ["prestart", "createRuntime", "poststart", "poststop"]) {
    t.same(seen[kind], [hostMnt, hostUts, "host"], `${kind}: the runtime's`);
  }
  t.same(seen.createContainer, [mnt, uts, "host"], "createContainer: the container's, before pivot_root");
  t.same(seen.startContainer, [mnt, uts, "container"], "startContainer: in the container, after pivot_root");
});

t.test("createRuntime sees the container's mounts from outside, before pivot_root; nothing has run yet", async (t) => {
  const box = sandbox(t);
  const seen = join(box.dir, "seen");
  const bundle = box.bundle((config) => {
    addHook(
      config,
      "createRuntime",
      sh(`pid=$(sed -n 's/.*"pid": *\\([0-9]*\\).*/\\1/p'); cat /proc/$pid/mountinfo > ${seen}`),
    );
  });
  box.create(bundle);
  t.match(readFileSync(seen, "utf8"), new RegExp(`${bundle}/rootfs/proc `), "proc is mounted below the bundle's root");
});

t.test("a hook without an environment has the caller's", async (t) => {
  const box = sandbox(t);
  const log = join(box.dir, "log");
  writeFileSync(log, "");
  const bundle = box.bundle((config) => {
    share(config, log);
    for (const kind of kinds) {
      const { path, args } = sh(`echo ${kind} $HOME $A >> ${log}`);
      addHook(config, kind, { path, args: args! });
    }
    config.process.env = ["HOME=/inside", "A=program"];
    config.process.args = ["/bin/true"];
  });
  const { PATH } = process.env;
  const result = box.run(["run", "--bundle", bundle, box.id()], { env: { PATH, HOME: "/caller" } });
  t.equal(result.status, 0, result.stderr);
  t.same(
    readFileSync(log, "utf8").trim().split("\n").sort(),
    kinds.map((kind) => (kind === "startContainer" ? "startContainer /inside program" : `${kind} /caller`)).sort(),
  );
});

t.test("args[0], and no environment but that of the hook", async (t) => {
  const box = sandbox(t);
  const seen = join(box.dir, "seen");
  const script = join(box.dir, "script");
  writeFileSync(script, `#!/bin/sh\n/usr/bin/env > ${seen}\necho "$0|$1|$2" >> ${seen}\n`, { mode: 0o755 });
  const result = box.runContainer((config) => {
    addHook(config, "createRuntime", { path: script, args: ["ignored", "one", "two words"], env: ["ONLY=this"] });
  });
  t.equal(result.status, 0, result.stderr);
  const lines = readFileSync(seen, "utf8").trim().split("\n");
  t.same(
    lines.filter((line) => !/^(PWD|SHLVL|_)=/.test(line)),
    ["ONLY=this", `${script}|one|two words`],
  );
});

t.test("the working directory is the bundle, in the container that of the program", async (t) => {
  const box = sandbox(t);
  const log = join(box.dir, "log");
  writeFileSync(log, "");
  const bundle = box.bundle((config) => {
    share(config, log);
    config.process.cwd = "/tmp";
    for (const kind of kinds) addHook(config, kind, sh(`echo ${kind} $(pwd) >> ${log}`));
  });
  const { id } = box.create(bundle);
  box.run(["start", id], { cwd: "/usr" });
  await until("it has stopped", () => box.state(id)!.status === "stopped");
  box.run(["delete", id], { cwd: "/usr" });
  const places = kinds.map((kind) => `${kind} ${kind === "startContainer" ? "/tmp" : bundle}`);
  t.same(readFileSync(log, "utf8").trim().split("\n"), places);
});

t.test("a bundle that is gone: poststop hooks run in /", async (t) => {
  const box = sandbox(t);
  const log = join(box.dir, "log");
  const bundle = box.bundle((config) => addHook(config, "poststop", sh(`pwd > ${log}`)));
  const { id } = box.create(bundle);
  rmSync(bundle, { recursive: true });
  t.equal(box.run(["delete", "--force", id]).status, 0);
  t.equal(readFileSync(log, "utf8"), "/\n");
});

t.test("hooks have no descriptor but their stdio", async (t) => {
  const box = sandbox(t);
  const seen = join(box.dir, "seen");
  writeFileSync(seen, "");
  const result = box.runContainer((config) => {
    share(config, seen);
    for (const kind of kinds)
      addHook(config, kind, sh(`exec 9>>${seen}; ls /proc/self/fd | tr '\\n' ' ' >&9; echo ${kind} >&9`));
  });
  t.equal(result.status, 0, result.stderr);
  for (const line of readFileSync(seen, "utf8").trim().split("\n")) {
    // 0 1 2, 9 (the log) and what ls itself opens to read the folder.
    t.match(line, /^0 1 2 3 9 \w+$/, line);
  }
});

for (const kind of ["prestart", "createRuntime", "createContainer"]) {
  t.test(`a failing ${kind} hook ends create, its output is in the error, nothing is left`, async (t) => {
    const box = sandbox(t);
    const stopped = join(box.dir, "poststop");
    const id = box.id();
    const bundle = box.bundle((config) => {
      addHook(config, kind, sh("echo the reason why >&2; exit 3"));
      addHook(config, "poststop", sh(`touch ${stopped}`));
    });
    const result = box.run(["create", "--bundle", bundle, id]);
    t.equal(result.status, 1);
    t.match(result.stderr, /the reason why/);
    t.match(result.stderr, /exit status 3/);
    t.match(result.stderr, new RegExp(kind));
    t.equal(box.state(id), undefined);
    t.notOk(existsSync(join(box.root, id)));
    t.ok(existsSync(stopped), "poststop hooks are run");
  });
}

t.test("a failing startContainer hook ends start, the program never runs", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    addHook(config, "startContainer", sh("echo no way >&2; exit 4"));
    config.process.args = ["/bin/echo", "ran"];
  });
  const { id, result } = box.create(bundle);
  const started = box.run(["start", id]);
  t.equal(started.status, 1, "start fails");
  t.match(started.stderr, /no way/);
  await until("it has stopped", () => (box.state(id)?.status ?? "stopped") === "stopped");
  t.notMatch(readFileSync(result.files.stdout, "utf8"), /ran/);
});

t.test("a failing poststart hook stops the container", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    addHook(config, "poststart", sh("echo too late >&2; exit 5"));
    config.process.args = ["/bin/probe", "pause"];
  });
  const { id } = box.create(bundle);
  const started = box.run(["start", id]);
  t.equal(started.status, 1);
  t.match(started.stderr, /too late/);
  await until("it has stopped", () => (box.state(id)?.status ?? "stopped") === "stopped");
});

t.test("a failing poststop hook is only a warning, and the next one still runs", async (t) => {
  const box = sandbox(t);
  const after = join(box.dir, "after");
  const id = box.id();
  const bundle = box.bundle((config) => {
    addHook(config, "poststop", sh("echo never mind >&2; exit 6"), sh(`touch ${after}`));
  });
  const result = box.run(["run", "--bundle", bundle, id]);
  t.equal(result.status, 0);
  t.match(result.stderr, /never mind/);
  t.ok(existsSync(after));
  t.equal(box.state(id), undefined);
});

t.test("a hook that takes too long is killed", async (t) => {
  const box = sandbox(t);
  const id = box.id();
  const begin = Date.now();
  const bundle = box.bundle((config) => addHook(config, "createRuntime", sh("exec sleep 30", { timeout: 1 })));
  const result = box.run(["create", "--bundle", bundle, id]);
  t.equal(result.status, 1);
  t.match(result.stderr, /time|deadline/i);
  t.ok(Date.now() - begin < 10_000);
  t.equal(box.state(id), undefined);
});

t.test("a hook program that is missing is named", async (t) => {
  const box = sandbox(t);
  const result = box.runContainer((config) => addHook(config, "createRuntime", { path: "/no/such/hook" }));
  t.equal(result.status, 1);
  t.match(result.stderr, /\/no\/such\/hook.*no such file or directory/);
});
