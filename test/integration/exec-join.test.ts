// exec: which containers can be joined, and that the process is then where the container is: in all
// of its namespaces and cgroups, whatever they are and in whatever state the container is.

import { chmodSync, chownSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { cgroupOf, isV2 } from "../helpers/cgroup.js";
import { type TestConfig, withoutNamespace, withUserNamespace } from "../helpers/config.js";
import { execProbe, execShell, running } from "../helpers/exec.js";
import type { Report } from "../helpers/report.js";
import { type Sandbox, sandbox, tools, until } from "../helpers/sandbox.js";

const files = ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup", "time"];

/** Every namespace of a process of the host's numbering. */
function namespacesOf(pid: number | string): Record<string, string> {
  return Object.fromEntries(files.map((file) => [file, readlinkSync(`/proc/${pid}/ns/${file}`)]));
}

/** The process is in exactly the namespaces of the container's first one. */
function isInside(t: Test, box: Sandbox, id: string, report: Report): void {
  const init = namespacesOf(box.state(id)!.pid);
  for (const file of files) t.equal(report.namespaces[file], init[file], `${file} namespace`);
}

const shapes: Record<string, (config: TestConfig) => void> = {
  "namespaces of its own": () => {},
  "a time namespace, with offsets": (config) => {
    config.linux.namespaces.push({ type: "time" });
    config.linux.timeOffsets = { monotonic: { secs: 100_000 }, boottime: { secs: 200_000 } };
  },
  "a user namespace": (config) => withUserNamespace(config),
  "the host's network": (config) => {
    withoutNamespace(config, "network");
    config.mounts = config.mounts.filter(({ type }) => type !== "sysfs");
  },
  "the host's pids": (config) => withoutNamespace(config, "pid"),
  "the host's ipc, uts and cgroups": (config) => {
    for (const type of ["ipc", "uts", "cgroup"]) withoutNamespace(config, type);
    delete config.hostname;
    config.mounts = config.mounts.filter(({ type }) => type !== "mqueue");
  },
  "nothing but a mount namespace": (config) => {
    config.linux.namespaces = [{ type: "mount" }];
    delete config.hostname;
    config.mounts = config.mounts.filter(({ type }) => type !== "mqueue" && type !== "sysfs");
  },
};

for (const [shape, edit] of Object.entries(shapes)) {
  t.test(`a container with ${shape}`, async (t) => {
    const box = sandbox(t);
    const id = running(box, edit);
    const report = execProbe(box, id);
    isInside(t, box, id, report);
    t.equal(report.cwd, "/");
    if (shape.startsWith("a time")) t.ok(report.monotonic > 100_000, "the container's clock");
  });
}

// The calls that a kernel may lack. Without pidfds, and below Linux 5.8, namespaces are joined one by one.
const enosys = join(tools, "enosys");
for (const missing of [["pidfd_open"], ["clone3"], ["openat2"], ["close_range"], ["pidfd_open", "clone3", "openat2"]]) {
  t.test(`without ${missing.join(", ")}`, async (t) => {
    const all = [() => {}, shapes["a user namespace"]!, shapes["the host's network"]!];
    // Only the way of joining depends on what the container has.
    for (const edit of missing.includes("pidfd_open") ? all : all.slice(0, 1)) {
      const box = sandbox(t);
      const id = running(box, edit);
      const report = execProbe(box, id, [], { via: missing.flatMap((call) => [enosys, call]) });
      isInside(t, box, id, report);
      const init = box.state(id)!.pid;
      const own = Object.fromEntries(report.cgroup.map((line) => line.split(":").slice(1) as [string, string]));
      t.ok(Object.keys(own).length > 0);
      t.same(
        report.fds.map(({ fd }) => fd),
        [0, 1, 2],
      );
      t.ok(init > 0);
    }
  });
}

t.test("namespaces that were joined by path: also a pid namespace with another first process", async (t) => {
  const box = sandbox(t);
  const other = box.state(running(box))!.pid;
  const id = running(box, (config) => {
    config.linux.namespaces = [
      { type: "mount" },
      ...[
        ["pid", "pid"],
        ["network", "net"],
        ["ipc", "ipc"],
        ["uts", "uts"],
      ].map(([type, file]) => ({ type: type!, path: `/proc/${other}/ns/${file}` })),
    ];
    delete config.hostname;
  });
  const report = execProbe(box, id);
  isInside(t, box, id, report);
  t.equal(report.hostname, "runt-test");
  t.ok(report.pid > 2, "neither of the two first processes");
});

t.test("a user namespace that was joined by path", async (t) => {
  const box = sandbox(t);
  const other = box.state(running(box, (config) => withUserNamespace(config)))!.pid;
  const id = running(box, (config) => {
    config.linux.namespaces.push({ type: "user", path: `/proc/${other}/ns/user` });
  });
  const report = execProbe(box, id, ["--user", "7:8"]);
  isInside(t, box, id, report);
  t.equal(report.uid, 7);
  t.equal(report.gid, 8);
});

t.test("in a user namespace: its ids, its capabilities, none of the host's groups", async (t) => {
  const box = sandbox(t);
  const id = running(box, (config) => withUserNamespace(config));
  const report = execProbe(box, id, ["-u", "1000:1001", "-g", "1002", "-c", "CAP_NET_ADMIN"], {
    via: ["setpriv", "--groups", "4,24"],
  });
  t.equal(report.uid, 1000);
  t.equal(report.gid, 1001);
  t.equal(report.status.Groups?.trim(), "1002");
  t.same(
    report.uid_map.map((line) => line.trim().split(/\s+/)),
    [["0", "100000", "65536"]],
  );
  const script = execShell(box, id, "id -u; touch /tmp/made && stat -c %u /tmp/made");
  t.equal(script.stdout, "0\n0\n");
  const unmapped = box.run(["exec", "-u", "70000", id, "/bin/true"]);
  t.equal(unmapped.status, 255);
  t.match(unmapped.stderr, /process\.user: set uid 70000: invalid argument \(the id is not mapped/);
});

t.test("a container that was created and not started", async (t) => {
  for (const edit of [() => {}, (config: TestConfig) => withUserNamespace(config)]) {
    const box = sandbox(t);
    const { id } = box.create(box.bundle(edit));
    const report = execProbe(box, id);
    isInside(t, box, id, report);
    t.equal(box.state(id)!.status, "created", "still waiting");
    t.equal(box.run(["start", id]).status, 0);
  }
});

t.test("a paused container: refused, or waited for", async (t) => {
  const box = sandbox(t);
  const id = running(box);
  t.equal(box.run(["pause", id]).status, 0);
  const refused = box.run(["exec", id, "/bin/true"]);
  t.equal(refused.status, 255);
  t.match(refused.stderr, /exec failed: cannot exec in a paused container \(use --ignore-paused to override\)/);
  const waiting = box.start(["exec", "--ignore-paused", id, "/bin/echo", "thawed"]);
  await new Promise((resolve) => setTimeout(resolve, 300));
  t.equal(waiting.stdout(), "", "nothing runs while it is paused");
  t.equal(box.state(id)!.status, "paused");
  t.equal(box.run(["resume", id]).status, 0);
  const { stdout, status, stderr } = await waiting.done;
  t.equal(stdout, "thawed\n", stderr);
  t.equal(status, 0);
});

t.test("a stopped container", async (t) => {
  const box = sandbox(t);
  const id = running(box, (config) => {
    config.process.args = ["/bin/true"];
  });
  await until("it has stopped", () => box.state(id)!.status === "stopped");
  const result = box.run(["exec", id, "/bin/true"]);
  t.equal(result.status, 255);
  t.match(result.stderr, /exec failed: cannot exec in a stopped container/);
});

t.test("a first process that is a zombie", async (t) => {
  const box = sandbox(t);
  const foreground = box.start([
    "run",
    "--keep",
    "--bundle",
    box.bundle((config) => {
      config.process.args = ["/bin/probe", "pause"];
    }),
    box.id(),
  ]);
  const id = box.ids.at(-1)!;
  await until("it runs", () => foreground.stdout() === "ready\n");
  // Nobody takes its status while its parent is stopped.
  foreground.child.kill("SIGSTOP");
  const { pid } = box.state(id)!;
  t.equal(box.run(["kill", id, "KILL"]).status, 0);
  await until("it is a zombie", () => /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8")));
  const result = box.run(["exec", id, "/bin/true"]);
  foreground.child.kill("SIGCONT");
  t.equal(result.status, 255);
  t.match(result.stderr, /exec failed: cannot exec in a stopped container/);
  t.equal((await foreground.done).status, 137);
});

t.test("containers that end meanwhile: an error or a status, never a hang, and nothing is left", async (t) => {
  const box = sandbox(t);
  for (let delay = 0; delay < 60; delay += 12) {
    const id = running(box);
    const background = box.start(["exec", id, "/bin/probe", "pause"]);
    await new Promise((resolve) => setTimeout(resolve, delay));
    t.equal(box.run(["kill", id, "KILL"]).status, 0);
    const { status, stderr } = await background.done;
    t.ok(status === 137 || status === 255, `status ${status}`);
    if (status === 255) t.match(stderr, /exec failed: cannot exec in a stopped container/);
  }
});

t.test("many at once", async (t) => {
  const box = sandbox(t);
  const id = running(box);
  const all = Array.from({ length: 12 }, (_, index) => box.start(["exec", id, "/bin/probe", "exit", `${index}`]));
  const results = await Promise.all(all.map(({ done }) => done));
  t.same(
    results.map(({ status }) => status),
    all.map((_, index) => index),
  );
  t.equal(JSON.parse(box.run(["ps", "-f", "json", id]).stdout).length, 1);
});

t.test("in every cgroup of the container", async (t) => {
  const box = sandbox(t);
  const id = running(box);
  const pidFile = join(box.dir, "pid");
  t.equal(box.run(["exec", "-d", "--pid-file", pidFile, id, "/bin/probe", "pause"]).status, 0);
  const text = (pid: string | number) => readFileSync(`/proc/${pid}/cgroup`, "utf8");
  t.equal(text(readFileSync(pidFile, "utf8")), text(box.state(id)!.pid));
});

t.test("--cgroup: a cgroup below the container's", async (t) => {
  const box = sandbox(t);
  const id = running(box);
  const { pid } = box.state(id)!;
  const controllers = isV2 ? [""] : ["pids", "memory"];
  const made = controllers.map((controller) => join(cgroupOf(pid, controller), "sub"));
  for (const path of made) mkdirSync(path);
  t.teardown(() => {
    box.run(["delete", "--force", id]);
  });
  const value = isV2 ? "/sub" : "pids,memory:sub";
  const pidFile = join(box.dir, "pid");
  const result = box.run(["exec", "-d", "--pid-file", pidFile, "--cgroup", value, id, "/bin/probe", "pause"]);
  t.equal(result.status, 0, result.stderr);
  const added = readFileSync(pidFile, "utf8");
  for (const path of made) t.equal(readFileSync(join(path, "cgroup.procs"), "utf8").trim(), added);
  if (!isV2) t.equal(cgroupOf(added, "freezer"), cgroupOf(pid, "freezer"), "other controllers as ever");
  t.equal(box.run(["exec", "--cgroup", "/", id, "/bin/true"]).status, 0, "the container's own");

  const refusals: [string[], RegExp][] = [
    [["--cgroup", isV2 ? "nosuch" : "pids:nosuch"], /--cgroup: open .*nosuch: no such file or directory/],
    [["--cgroup", "../other"], /--cgroup: bad sub cgroup path/],
    [["--cgroup", isV2 ? "a/../../b" : "pids:a/../../b"], /--cgroup: bad sub cgroup path/],
    [["--cgroup", "nosuch:/sub"], isV2 ? /cgroup v2 has one hierarchy/ : /unknown controller nosuch/],
    [["--cgroup", ":/sub"], /empty controller/],
    [["--cgroup", "pids:a", "--cgroup", "pids:b"], /controller pids specified multiple times/],
    [["--cgroup", "a", "--cgroup", "b"], /lacks the <controller>:/],
  ];
  for (const [flags, text] of refusals) {
    const refused = box.run(["exec", ...flags, id, "/bin/true"]);
    t.equal(refused.status, 255, flags.join(" "));
    t.match(refused.stderr, text);
  }
});

const skip = (t: Test, reason: string) => {
  t.ok(true, reason, { skip: reason });
};

// The rule of cgroup2 that a cgroup which hands controllers down holds no process. In the hybrid
// layout there is one controller at most to hand down, and it may be none.
const unified = isV2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified";

t.test("a container that has moved itself below its cgroup is followed", async (t) => {
  const box = sandbox(t);
  const id = running(box, (config) => {
    config.linux.resources = isV2 ? { ...config.linux.resources, pids: { limit: 100 } } : config.linux.resources;
  });
  const { pid } = box.state(id)!;
  const line = readFileSync(`/proc/${pid}/cgroup`, "utf8").match(/^0::(.*)$/m);
  if (!line) return skip(t, "there is no cgroup2 on this host");
  const directory = join(unified, line[1]!);
  const [controller] = readFileSync(join(directory, "cgroup.controllers"), "utf8").trim().split(" ");
  if (!controller) return skip(t, "no controller of cgroup2 can be handed down here");
  const below = join(directory, "payload");
  mkdirSync(below);
  writeFileSync(join(below, "cgroup.procs"), String(pid));
  writeFileSync(join(directory, "cgroup.subtree_control"), `+${controller}`);
  const pidFile = join(box.dir, "pid");
  const result = box.run(["exec", "-d", "--pid-file", pidFile, id, "/bin/probe", "pause"]);
  t.equal(result.status, 0, result.stderr);
  t.match(readFileSync(`/proc/${readFileSync(pidFile, "utf8")}/cgroup`, "utf8"), /^0::.*\/payload$/m);
  const own = box.run(["exec", "--cgroup", "/", id, "/bin/true"]);
  t.equal(own.status, 255, "asked for the container's own, and no other");
  t.match(own.stderr, /device or resource busy/);
});

t.test("a user without privileges execs into the container that is the user's own", async (t) => {
  const box = sandbox(t);
  const [uid, gid] = [4242, 4242];
  chmodSync(box.dir, 0o755);
  const via = ["setpriv", "--reuid", String(uid), "--regid", String(gid), "--clear-groups"];
  const root = join(box.dir, "rootless");
  mkdirSync(root, { mode: 0o700 });
  chownSync(root, uid, gid);
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "pause"];
    config.linux.namespaces = ["pid", "ipc", "uts", "mount", "user"].map((type) => ({ type }));
    config.linux.uidMappings = [{ containerID: 0, hostID: uid, size: 1 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: gid, size: 1 }];
    config.linux.resources = {};
    config.mounts = config.mounts.filter(({ type }) => type === "proc" || type === "tmpfs");
    config.linux.maskedPaths = [];
    config.linux.readonlyPaths = [];
  });
  const id = box.id();
  const env = { ...process.env, XDG_RUNTIME_DIR: root };
  const rootless = (...words: string[]) => box.run(["--root", root, ...words], { via, env });
  const made = rootless("run", "--detach", "--bundle", bundle, id);
  t.equal(made.status, 0, made.stderr);
  const result = rootless("exec", id, "/bin/probe");
  t.equal(result.status, 0, result.stderr);
  const report = JSON.parse(result.stdout) as Report;
  const { pid } = JSON.parse(rootless("state", id).stdout) as { pid: number };
  t.equal(report.uid, 0);
  for (const file of files) t.equal(report.namespaces[file], namespacesOf(pid)[file], `${file} namespace`);
  // The host's root, once the container is its own, brings none of its groups along.
  chownSync(join(root, id), 0, 0);
  const asRoot = box.run(["--root", root, "exec", id, "/bin/probe"], { via: ["setpriv", "--groups", "4,24"] });
  t.equal(asRoot.status, 0, asRoot.stderr);
  t.equal((JSON.parse(asRoot.stdout) as Report).status.Groups?.trim(), "");
  chownSync(join(root, id), uid, gid);
  t.equal(rootless("delete", "--force", id).status, 0);
});
