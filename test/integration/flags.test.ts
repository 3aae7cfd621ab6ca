// Every flag of the table has an effect: here, or in the test file that is named. A flag that is added without a
// test fails the last test of this file.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { spawnSync } from "node:child_process";
import t, { type Test } from "tap";
import { COMMANDS, findCommand, flagsOf, GLOBAL_FLAGS, type Flag } from "../../src/cli/flags.js";
import { cgroupsNamed } from "../helpers/cgroup.js";
import { type Result, runtime, type Sandbox, sandbox, tools, until } from "../helpers/sandbox.js";
import { parseReport } from "../helpers/report.js";

type Effect = (t: Test, box: Sandbox) => void | Promise<void>;

const bundleOf = (box: Sandbox, ...args: string[]) =>
  box.bundle((config) => {
    config.process.args = args;
  });

function fine(result: Result): Result {
  if (result.status !== 0) throw new Error(`status ${result.status}: ${result.stderr}`);
  return result;
}

/** A plan with and without a flag. */
const changesPlan =
  (flag: string, without: RegExp, given: RegExp): Effect =>
  (t, box) => {
    const bundle = bundleOf(box, "/bin/probe");
    t.match(fine(box.run(["plan", "-b", bundle])).stdout, without);
    t.notMatch(fine(box.run(["plan", flag, "-b", bundle])).stdout, without);
    t.match(fine(box.run(["plan", flag, "-b", bundle])).stdout, given);
  };

/** The step that was run, as --debug tells it. (A root where pivot_root fails can't be made but by a ramdisk.) */
const noPivot =
  (command: "create" | "run"): Effect =>
  (t, box) => {
    for (const [words, step] of [
      [[], "pivot_root"],
      [["--no-pivot"], "move_root"],
    ] as const) {
      const id = box.id();
      const result = box.run(["--debug", command, ...words, "-b", bundleOf(box, "/bin/probe", "exit", "4"), id]);
      t.equal(result.status, command === "run" ? 4 : 0, result.stderr);
      t.match(result.stderr, new RegExp(`step \\d+ ${step} `));
    }
  };

/** Both commands' process is made: by run at once, by create when it is started. */
async function outputOf(box: Sandbox, command: "create" | "run", words: string[], bundle: string): Promise<string> {
  const id = box.id();
  const made = fine(box.run([command, ...words, "-b", bundle, id]));
  if (command === "create") fine(box.run(["start", id]));
  if (command === "create") await until("it has ended", () => box.state(id)!.status === "stopped");
  return readFileSync(made.files.stdout, "utf8");
}

const noNewKeyring =
  (command: "create" | "run"): Effect =>
  async (t, box) => {
    const own = parseReport(spawnSync(join(tools, "probe"), { encoding: "utf8" }).stdout).keyring;
    const keyring = async (...words: string[]) =>
      parseReport(await outputOf(box, command, words, bundleOf(box, "/bin/probe"))).keyring;
    t.not(await keyring(), own, "a new one");
    t.equal(await keyring("--no-new-keyring"), own, "the caller's");
  };

const config =
  (command: "create" | "run"): Effect =>
  async (t, box) => {
    const bundle = bundleOf(box, "/bin/echo", "bundle");
    const text = readFileSync(join(bundle, "config.json"), "utf8");
    writeFileSync(join(box.dir, "other.json"), text.replace('"bundle"', '"other"'));
    t.equal(await outputOf(box, command, [], bundle), "bundle\n");
    t.equal(await outputOf(box, command, ["--config", "other.json"], bundle), "other\n", "from where the caller is");
    t.equal(await outputOf(box, command, ["-f", join(box.dir, "other.json")], bundle), "other\n");
    t.equal(await outputOf(box, command, ["-f", "config.json"], bundle), "bundle\n", "config.json is the bundle's");
    t.match(box.run([command, "-f", "none.json", "-b", bundle, box.id()]), {
      status: 1,
      stderr: /JSON specification file none\.json not found/,
    });
  };

const pidfdSocket =
  (command: "create" | "run"): Effect =>
  async (t, box) => {
    const path = join(box.dir, "pidfd.sock");
    let received = "";
    const server = createServer((connection) => connection.on("data", (data) => (received += data)));
    await new Promise<void>((listening) => server.listen(path, listening));
    t.teardown(() => server.close());
    const words = command === "run" ? ["run", "-d"] : ["create"];
    const bundle = bundleOf(box, "/bin/probe", "pause");
    t.equal((await box.start([...words, "--pidfd-socket", path, "-b", bundle, box.id()]).done).status, 0);
    await until("something came", () => received !== "");
    t.pass("a descriptor came with a text");
  };

const format =
  (command: "list" | "ps"): Effect =>
  (t, box) => {
    const { id } = box.create(bundleOf(box, "/bin/probe", "pause"));
    const words = command === "ps" ? [id] : [];
    t.match(fine(box.run([command, ...words])).stdout, /PID/);
    t.doesNotThrow(() => JSON.parse(fine(box.run([command, "--format", "json", ...words])).stdout));
    t.doesNotThrow(() => JSON.parse(fine(box.run([command, "-f=json", ...words])).stdout));
    t.match(box.run([command, "-f", "yaml", ...words]), { status: 1, stderr: /invalid format option/ });
  };

/** The parent of a process that outlives its own. */
async function orphansParent(box: Sandbox, ...flags: string[]): Promise<{ parent: number; engine: number }> {
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/sh", "-c", "sh -c 'sleep 1000 & echo $!'; sleep 1000"];
    config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "pid");
  });
  const id = box.id();
  const run = box.start(["run", ...flags, "-b", bundle, id]);
  await until("the orphan's pid is told", () => /^\d+\n/.test(run.stdout()));
  const orphan = Number.parseInt(run.stdout(), 10);
  const parent = () => Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${orphan}/status`, "utf8"))?.[1]);
  await until("its parent has ended", () => cmdline(parent()) !== "sh");
  const found = { parent: parent(), engine: run.child.pid! };
  fine(box.run(["kill", "--all", id, "KILL"]));
  await run.done;
  return found;
}

function cmdline(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0] ?? "";
  } catch {
    return "";
  }
}

/** A flag → its effect, or the beginning of the names of the test files that show it. */
const EFFECTS: Readonly<Record<string, Effect | string>> = {
  "--debug": "log",
  "--log": "log",
  "--log-format": "log",
  "--log-level": "log",
  "--rootless": "rootless",
  "--systemd-cgroup": "systemd",
  "--root": (t, box) => {
    box.create(bundleOf(box, "/bin/probe", "pause"));
    t.not(fine(box.run(["list", "-q"])).stdout, "");
    t.equal(fine(box.run(["--root", box.dir, "list", "-q"])).stdout, "", "nothing in another one");
  },
  "--cgroup-manager": (t, box) => {
    const bundle = bundleOf(box, "/bin/probe", "pause");
    const [without, given] = [box.id(), box.id()];
    fine(box.run(["create", "-b", bundle, without]));
    fine(box.run(["--cgroup-manager", "disabled", "create", "-b", bundle, given]));
    t.not(cgroupsNamed(without).length, 0);
    t.same(cgroupsNamed(given), []);
    const stats = box.run(["events", "--stats", given]);
    t.equal(stats.status, 0);
    t.match(stats.stderr, /the container has no cgroup of its own .*: every number is 0/);
    t.equal(box.run(["--cgroup-manager", "none", "list"]).status, 1);
  },
  "--version": (t, box) => {
    for (const word of ["--version", "-v", "-version"]) t.match(fine(box.run([word])).stdout, /^\w+ version \d/);
  },
  "--help": (t, box) => {
    for (const word of ["--help", "-h", "-help"]) t.match(fine(box.run([word])).stdout, /^NAME:\n/);
  },

  "checkpoint --auto-dedup": "checkpoint",
  "checkpoint --empty-ns": "checkpoint",
  "checkpoint --ext-unix-sk": "checkpoint",
  "checkpoint --file-locks": "checkpoint",
  "checkpoint --image-path": "checkpoint",
  "checkpoint --lazy-pages": "checkpoint",
  "checkpoint --leave-running": "checkpoint",
  "checkpoint --link-remap": "checkpoint",
  "checkpoint --manage-cgroups-mode": "checkpoint",
  "checkpoint --page-server": "checkpoint",
  "checkpoint --parent-path": "checkpoint",
  "checkpoint --pre-dump": "checkpoint",
  "checkpoint --shell-job": "checkpoint",
  "checkpoint --status-fd": "checkpoint",
  "checkpoint --tcp-established": "checkpoint",
  "checkpoint --tcp-skip-in-flight": "checkpoint",
  "checkpoint --work-path": "checkpoint",

  "create --bundle": (t, box) => {
    t.match(box.run(["create", box.id()], { cwd: box.dir }).stderr, /config\.json not found/);
    fine(box.run(["create", "--bundle", bundleOf(box, "/bin/probe"), box.id()]));
  },
  "create --config": config("create"),
  "create --console-socket": "console",
  "create --no-new-keyring": noNewKeyring("create"),
  "create --no-pivot": noPivot("create"),
  "create --pid-file": "lifecycle",
  "create --pidfd-socket": pidfdSocket("create"),
  "create --preserve-fds": "run",

  "delete --force": "lifecycle",
  "delete --regex": (t, box) => {
    const bundle = bundleOf(box, "/bin/probe", "pause");
    const ids = [1, 2, 3].map(() => box.create(bundle).id).sort();
    fine(box.run(["start", ids[0]!]));
    const some = fine(box.run(["delete", "--regex", `^(${ids[0]}|${ids[1]})$`]));
    t.match(
      some.stderr,
      new RegExp(`level=warning msg="${ids[0]}: cannot delete container ${ids[0]} that is not stopped`),
    );
    t.same(
      fine(box.run(["list", "-q"]))
        .stdout.trim()
        .split("\n"),
      [ids[0], ids[2]],
    );
    fine(box.run(["delete", "-r", "-f", "[[:digit:]]+$"]));
    t.equal(fine(box.run(["list", "-q"])).stdout, "");
    fine(box.run(["delete", "-r", "nobody"]));
    for (const bad of ["(", "a(?=b)", "[[:nothing:]]"]) {
      t.match(box.run(["delete", "-r", bad]), { status: 1, stderr: /invalid regular expression/ });
    }
  },

  "events --interval": "events",
  "events --stats": "events",

  "exec --additional-gids": "exec",
  "exec --apparmor": "exec",
  "exec --cap": "exec",
  "exec --cgroup": "exec",
  "exec --console-socket": "exec",
  "exec --cwd": "exec",
  "exec --detach": "exec",
  "exec --env": "exec",
  "exec --ignore-paused": "exec",
  "exec --no-new-privs": "exec",
  "exec --pid-file": "exec",
  "exec --pidfd-socket": "exec",
  "exec --preserve-fds": "exec",
  "exec --process": "exec",
  "exec --process-label": "exec",
  "exec --tty": "exec",
  "exec --user": "exec",

  "kill --all": async (t, box) => {
    const { id, result } = box.create(
      bundleOf(box, "/bin/sh", "-c", "trap '' USR1; echo ready; sleep 1000 & wait; wait"),
    );
    fine(box.run(["start", id]));
    await until("it is ready", () => readFileSync(result.files.stdout, "utf8") === "ready\n");
    const pids = () => fine(box.run(["ps", "-f", "json", id])).stdout;
    await until("both run", () => JSON.parse(pids()).length === 2);
    fine(box.run(["kill", id, "TERM"]));
    await new Promise((done) => setTimeout(done, 100));
    t.equal(JSON.parse(pids()).length, 2, "the first process alone is asked, and takes no SIGTERM as pid 1");
    fine(box.run(["kill", "-a", id, "TERM"]));
    await until("the other has ended, and with it the container", () => box.state(id)!.status === "stopped");
    fine(box.run(["kill", "--all", id]));
  },
  "kill --regex": async (t, box) => {
    const bundle = bundleOf(box, "/bin/probe", "pause");
    const ids = [1, 2, 3].map(() => box.create(bundle).id).sort();
    fine(box.run(["kill", "--regex", `${ids[0]}|${ids[2]}`, "KILL"]));
    const status = (id: string | undefined) => box.state(id!)!.status;
    await until("they have stopped", () => status(ids[0]) === "stopped" && status(ids[2]) === "stopped");
    t.equal(status(ids[1]), "created");
    const again = fine(box.run(["kill", "-r", ".", "KILL"]));
    t.match(again.stderr, new RegExp(`level=warning msg="${ids[0]}: container not running"`));
    await until("the third has, too", () => status(ids[1]) === "stopped");
    t.match(box.run(["kill", "-r", "[", "KILL"]), { status: 1, stderr: /invalid regular expression/ });
  },

  "list --format": format("list"),
  "list --quiet": (t, box) => {
    const { id } = box.create(bundleOf(box, "/bin/probe", "pause"));
    for (const word of ["--quiet", "-q", "-quiet", "--quiet=true"])
      t.equal(fine(box.run(["list", word])).stdout, `${id}\n`);
    t.match(fine(box.run(["list", "--quiet=false"])).stdout, /^ID/);
  },

  "plan --bundle": (t, box) => {
    t.match(box.run(["plan"], { cwd: box.dir }).stderr, /config\.json not found/);
    fine(box.run(["plan", "--bundle", bundleOf(box, "/bin/probe")]));
  },
  "plan --config": (t, box) => {
    const bundle = bundleOf(box, "/bin/probe");
    const text = readFileSync(join(bundle, "config.json"), "utf8");
    writeFileSync(join(box.dir, "other.json"), text.replace("/bin/probe", "/bin/other"));
    t.match(fine(box.run(["plan", "-b", bundle, "--config", "other.json"])).stdout, /\/bin\/other/);
  },
  "plan --no-new-keyring": changesPlan("--no-new-keyring", /keyring/, /./),
  "plan --no-pivot": changesPlan("--no-pivot", /pivot_root/, /move_root/),
  "plan --preserve-fds": (t, box) => {
    const bundle = bundleOf(box, "/bin/probe");
    t.match(box.run(["plan", "-b", bundle, "--preserve-fds", "1"]), { status: 1, stderr: /preserved-fd/ });
  },

  "ps --format": format("ps"),

  "restore --auto-dedup": "restore",
  "restore --bundle": "restore",
  "restore --console-socket": "restore",
  "restore --detach": "restore",
  "restore --empty-ns": "restore",
  "restore --ext-unix-sk": "restore",
  "restore --file-locks": "restore",
  "restore --image-path": "restore",
  "restore --lazy-pages": "restore",
  "restore --lsm-mount-context": "restore",
  "restore --lsm-profile": "restore",
  "restore --manage-cgroups-mode": "restore",
  "restore --no-pivot": "restore",
  "restore --no-subreaper": "restore",
  "restore --pid-file": "restore",
  "restore --shell-job": "restore",
  "restore --tcp-established": "restore",
  "restore --work-path": "restore",

  "run --bundle": (t, box) => {
    t.match(box.run(["run", box.id()], { cwd: box.dir }).stderr, /config\.json not found/);
    const bundle = bundleOf(box, "/bin/probe", "exit", "3");
    t.equal(box.run(["run", "-b", bundle, box.id()]).status, 3);
    t.equal(box.run(["run", box.id()], { cwd: bundle }).status, 3, "the current directory when it is not given");
  },
  "run --config": config("run"),
  "run --console-socket": "console",
  "run --detach": "run",
  "run --keep": "run",
  "run --no-new-keyring": noNewKeyring("run"),
  "run --no-pivot": noPivot("run"),
  "run --no-subreaper": async (t, box) => {
    const adopted = await orphansParent(box);
    t.equal(adopted.parent, adopted.engine);
    const left = await orphansParent(box, "--no-subreaper");
    t.not(left.parent, left.engine);
  },
  "run --pid-file": "run",
  "run --pidfd-socket": pidfdSocket("run"),
  "run --preserve-fds": "run",

  "spec --bundle": (t, box) => {
    const bundle = bundleOf(box, "/bin/probe");
    t.match(box.run(["spec", "--bundle", bundle]), { status: 1, stderr: /File config\.json exists/ });
    fine(box.run(["spec"], { cwd: box.dir }));
    t.match(readFileSync(join(box.dir, "config.json"), "utf8"), /"terminal": true/);
  },
  "spec --rootless": (t, box) => {
    fine(box.run(["spec", "--rootless"], { cwd: box.dir }));
    t.match(JSON.parse(readFileSync(join(box.dir, "config.json"), "utf8")).linux.uidMappings, [{ containerID: 0 }]);
  },

  ...Object.fromEntries(findCommand("update")!.flags.map(({ name }) => [`update --${name}`, "update"])),
};

const table: { key: string; flag: Flag }[] = [
  ...GLOBAL_FLAGS.map((flag) => ({ key: `--${flag.name}`, flag })),
  ...COMMANDS.flatMap(({ name, flags }) => flags.map((flag) => ({ key: `${name} --${flag.name}`, flag }))),
];

for (const [key, effect] of Object.entries(EFFECTS)) {
  if (typeof effect !== "string") t.test(key, async (t) => await effect(t, sandbox(t)));
}

t.test("--help of every command", async (t) => {
  const box = sandbox(t);
  for (const command of COMMANDS) {
    const { stdout } = fine(box.run([command.name, "--help"]));
    t.ok(stdout.startsWith("NAME:\n"), command.name);
    for (const flag of flagsOf(command))
      t.equal(stdout.includes(`--${flag.name}`), !flag.hidden, `${command.name}: --${flag.name}`);
  }
});

t.test(`every flag of the table has a test (${runtime})`, async (t) => {
  const here = dirname(fileURLToPath(import.meta.url));
  const tests = readdirSync(here)
    .filter((file) => file.endsWith(".test.js"))
    .map((file) => ({ file, text: readFileSync(join(here, file), "utf8") }));
  for (const { key, flag } of table) {
    const effect = EFFECTS[key];
    t.ok(effect, `${key}: say here what it does, or which test file shows it`);
    if (typeof effect !== "string") continue;
    const text = tests
      .filter(({ file }) => file.startsWith(effect))
      .map((test) => test.text)
      .join("");
    const named =
      text.includes(`--${flag.name}`) || text.includes(`"-${flag.short}"`) || text.includes(`"${flag.name}"`);
    t.ok(named, `${key}: ${effect}*.test.ts names it`);
  }
  const known = new Set(table.map(({ key }) => key));
  t.same(
    Object.keys(EFFECTS).filter((key) => !known.has(key)),
    [],
    "no effect without a flag",
  );
});
