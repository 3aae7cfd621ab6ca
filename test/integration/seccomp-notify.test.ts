// SCMP_ACT_NOTIFY: the agent gets the container process state with the listener, and answers.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { agent } from "../helpers/agent.js";
import type { TestConfig } from "../helpers/config.js";
import { sandbox, until } from "../helpers/sandbox.js";

const MKDIR = ["mkdir", "mkdirat"];

function notifying(config: TestConfig, path: string | undefined, names = MKDIR, extra: object = {}): void {
  config.linux.seccomp = {
    defaultAction: "SCMP_ACT_ALLOW",
    ...(path === undefined ? {} : { listenerPath: path }),
    listenerMetadata: path === undefined ? undefined : "for the agent",
    syscalls: [{ names, action: "SCMP_ACT_NOTIFY" }],
    ...extra,
  };
}

for (const noNewPrivileges of [true, false]) {
  t.test(`run: the agent answers, noNewPrivileges ${noNewPrivileges}`, async (t) => {
    const box = sandbox(t);
    const { path, told, calls } = await agent(t, box);
    let bundle = "";
    const result = box.runContainer((config, folder) => {
      bundle = folder;
      notifying(config, path);
      config.process.noNewPrivileges = noNewPrivileges;
      config.process.user = { uid: 1000, gid: 1000 };
      config.annotations = { "some.key": "some value" };
      config.process.args = ["/bin/probe", "tries", "mkdir", "/tmp/x", "--", "getcwd"];
    });
    t.match(result.stdout, /^mkdir: No medium found\ngetcwd: ok\n$/, result.stderr);
    await until("the agent has been told", () => told().length > 0);
    t.equal(told().length, 1, "one connection, closed");
    const { state, links, messages } = told()[0]!;
    t.same(links, ["anon_inode:seccomp notify"]);
    t.equal(messages, 1);
    t.match(state.ociVersion, /^1\./);
    t.same(state.fds, ["seccompFd"]);
    t.equal(state.metadata, "for the agent");
    t.equal(state.pid, state.state.pid);
    t.match(state.state, {
      ociVersion: /^1\./,
      id: box.ids[0],
      status: noNewPrivileges ? "created" : "creating",
      bundle,
      annotations: { "some.key": "some value" },
    });
    t.same(Object.keys(state).sort(), ["fds", "metadata", "ociVersion", "pid", "state"]);
    t.ok(calls().length >= 1);
  });

  t.test(`create and start: who is told when, noNewPrivileges ${noNewPrivileges}`, async (t) => {
    const box = sandbox(t);
    const { path, told } = await agent(t, box);
    const bundle = box.bundle((config) => {
      notifying(config, path);
      config.process.noNewPrivileges = noNewPrivileges;
      config.process.args = ["/bin/probe", "try", "mkdir", "/x"];
    });
    const { id, result } = box.create(bundle);
    const { pid } = box.state(id)!;
    if (!noNewPrivileges) await until("the agent has been told", () => told().length === 1);
    t.equal(told().length, noNewPrivileges ? 0 : 1);
    const start = box.run(["start", id]);
    t.equal(start.status, 0, start.stderr);
    await until("the agent has been told", () => told().length === 1);
    t.equal(told()[0]!.state.pid, pid);
    t.equal(told()[0]!.state.state.pid, pid);
    await until("it has run", () => box.state(id)!.status === "stopped");
    t.equal(readFileSync(result.files.stdout, "utf8"), "mkdir: No medium found\n");
  });
}

t.test("the program has no descriptor of it, and calls that the runtime itself makes may be notified", async (t) => {
  const box = sandbox(t);
  const { path } = await agent(t, box);
  const names = ["execve", "openat", "open", "read", "close", "fcntl", "close_range", "capset", "chdir", "exit_group"];
  for (const noNewPrivileges of [true, false]) {
    const result = box.runContainer((config) => {
      notifying(config, path, names);
      config.process.noNewPrivileges = noNewPrivileges;
      config.process.args = ["/bin/sh", "-c", "echo /proc/self/fd/*"];
    });
    t.equal(result.stdout, "/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3\n", result.stderr);
  }
});

t.test("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV and the other flags", async (t) => {
  const box = sandbox(t);
  const { path } = await agent(t, box);
  // biome-ignore format: a word list
  const flags = ["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"];
  const result = box.runContainer((config) => {
    notifying(config, path, MKDIR, { flags });
    config.process.args = ["/bin/probe", "try", "mkdir", "/x"];
  });
  t.equal(result.stdout, "mkdir: No medium found\n", result.stderr);
  const bundle = box.bundle((config) => notifying(config, path, MKDIR, { flags }));
  const plan = box.run(["plan", "--bundle", bundle]).stdout;
  t.match(plan, /set_seccomp flags=0x2e /, "LOG, SPEC_ALLOW, NEW_LISTENER, WAIT_KILLABLE_RECV");
});

t.test("exec: the agent is told of the added process, in the container that runs", async (t) => {
  const box = sandbox(t);
  const { path, told } = await agent(t, box);
  for (const noNewPrivileges of [true, false]) {
    const id = box.id();
    const bundle = box.bundle((config) => {
      notifying(config, path);
      config.process.noNewPrivileges = noNewPrivileges;
      config.process.args = ["/bin/probe", "pause"];
    });
    t.equal(box.run(["run", "--detach", "--bundle", bundle, id]).status, 0);
    const before = noNewPrivileges ? 1 : 3;
    await until("the agent knows the container", () => told().length === before);
    const result = box.run(["exec", id, "/bin/probe", "try", "mkdir", "/x"]);
    t.equal(result.stdout, "mkdir: No medium found\n", result.stderr);
    await until("the agent knows the process", () => told().length === before + 1);
    const { state } = told().at(-1)!;
    const { pid } = box.state(id)!;
    t.match(state.state, { id, status: "running", pid });
    t.not(state.pid, pid);
    t.equal(state.metadata, "for the agent");
  }
});

t.test("without an agent nothing runs", async (t) => {
  const box = sandbox(t);
  for (const noNewPrivileges of [true, false]) {
    const result = box.runContainer((config) => {
      notifying(config, join(box.dir, "nobody"));
      config.process.noNewPrivileges = noNewPrivileges;
      config.process.args = ["/bin/echo", "runs"];
    });
    t.equal(result.status, 1);
    t.equal(result.stdout, "");
    t.match(result.stderr, /linux\.seccomp\.listenerPath: failed to connect with seccomp agent .*no such file or dir/);
    t.notOk(box.state(box.ids.at(-1)!), "nothing is left");
  }
});

t.test("a late filter: start without an agent leaves the container created, and can be repeated", async (t) => {
  const box = sandbox(t);
  const { path, child } = await agent(t, box);
  child.kill("SIGKILL");
  await until("the agent is gone", () => child.signalCode !== null);
  const bundle = box.bundle((config) => {
    notifying(config, path);
    config.process.args = ["/bin/probe", "try", "mkdir", "/x"];
  });
  const { id, result } = box.create(bundle);
  const start = box.run(["start", id]);
  t.equal(start.status, 1);
  t.match(start.stderr, /failed to connect with seccomp agent .*connection refused/);
  t.equal(box.state(id)!.status, "created");
  // Its successor is asked for under the same name.
  const { renameSync } = await import("node:fs");
  const second = await agent(t, box);
  renameSync(second.path, path);
  t.equal(box.run(["start", id]).status, 0);
  await until("it has run", () => box.state(id)!.status === "stopped");
  t.equal(readFileSync(result.files.stdout, "utf8"), "mkdir: No medium found\n");
});

t.test("a listener that is not a stream socket, or that nobody accepts at", async (t) => {
  const box = sandbox(t);
  const file = join(box.dir, "file");
  const result = box.runContainer((config, bundle) => {
    notifying(config, join(bundle, "config.json"));
    config.process.args = ["/bin/touch", file];
  });
  t.equal(result.status, 1);
  t.match(result.stderr, /failed to connect with seccomp agent .*connection refused/);
  t.notOk(existsSync(file));
});

t.test("an agent that dies: its calls fail with ENOSYS, and nothing hangs", async (t) => {
  const box = sandbox(t);
  const { path, child, told } = await agent(t, box);
  const run = box.start(
    [
      "run",
      "--bundle",
      box.bundle((config) => {
        notifying(config, path);
        config.process.args = ["/bin/sh", "-c", "read line; /bin/probe try mkdir /x"];
      }),
      box.id(),
    ],
    { input: "" },
  );
  await until("the agent has been told", () => told().length === 1);
  child.kill("SIGKILL");
  await until("the agent is gone", () => child.signalCode !== null);
  run.child.stdin!.end("go\n");
  t.equal((await run.done).stdout, "mkdir: Function not implemented\n");
});

t.test("refused where it can't work", async (t) => {
  const box = sandbox(t);
  const path = join(box.dir, "nobody");
  const refused = (edit: (config: TestConfig) => void, pattern: RegExp) => {
    const result = box.runContainer(edit);
    t.equal(result.status, 1);
    t.match(result.stderr, pattern);
  };
  for (const name of ["write", "sendmsg", "recvmsg"]) {
    const pattern = new RegExp(`SCMP_ACT_NOTIFY cannot be used for the ${name} syscall`);
    refused((config) => notifying(config, path, ["mkdir", name]), pattern);
  }
  refused((config) => notifying(config, path, MKDIR, { defaultAction: "SCMP_ACT_NOTIFY" }), /as default action/);
  refused((config) => notifying(config, undefined), /SCMP_ACT_NOTIFY needs the path of a socket/);
  refused((config) => notifying(config, ""), /SCMP_ACT_NOTIFY needs the path of a socket/);
  refused((config) => notifying(config, "@abstract"), /listenerPath: .*expected an absolute path/);
  refused(
    (config) => notifying(config, path, ["execve"], { defaultAction: "SCMP_ACT_ERRNO" }),
    /a profile that does not allow the sendmsg syscall/,
  );
});

t.test("a listenerPath is ignored when nothing notifies", async (t) => {
  const box = sandbox(t);
  for (const path of [join(box.dir, "nobody"), "relative"]) {
    const result = box.runContainer((config) => {
      config.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", listenerPath: path, listenerMetadata: "x" };
      config.process.args = ["/bin/echo", "runs"];
    });
    t.equal(result.stdout, "runs\n", result.stderr);
  }
});
