// runt under the name runc, beside the real one. What differs is listed with its reason (docs/commands.md tells it
// to users).
//
// Debian 12's runc is 1.1.5; shared outputs of later versions are told apart by reason.

import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { isV2 } from "../helpers/cgroup.js";
import { type Output, Pair, real } from "../helpers/pair.js";
import { repository, sandbox, until } from "../helpers/sandbox.js";

const skip = real === undefined && "runc is not installed on this machine";

const failed = (message: string) => new RegExp(`^time=T level=error msg=${message}\n$`);

t.test("no containers, and ids that are none", { skip }, async (t) => {
  const pair = new Pair(t, sandbox(t));
  for (const line of ["list", "list -f json", "list -q", "list -f xml"]) pair.same(line);
  for (const command of ["state", "start", "kill", "delete", "pause", "resume", "ps", "events", "update"]) {
    pair.same(`${command} nobody`);
    pair.same(`${command} a/b`);
  }
  pair.same("kill nobody NOSIGNAL");
  pair.same("delete -f nobody");
  pair.same("exec nobody ls");
});

t.test("a container's life", { skip }, async (t) => {
  const pair = new Pair(t, sandbox(t));
  for (const line of [
    "create -b BUNDLE ID",
    "create -b BUNDLE ID",
    "run -b BUNDLE ID",
    "state ID",
    "list",
    "list -f json",
    "list -q",
    "ps ID",
    "ps -f json ID",
    "ps ID -o args",
    "ps -f xml ID",
    "pause ID",
    "pause ID",
    "start ID",
    "delete ID",
    "state ID",
    "resume ID",
    "resume ID",
    "start ID",
    "start ID",
    "delete ID",
    "kill ID NOSIGNAL",
    "kill ID 0",
    "events --interval 0 ID",
    "events --interval -1s ID",
    "update ID --pids-limit 20",
    "update --l3-cache-schema L3:0=f ID",
    "update --mem-bw-schema MB:0=10 ID",
    "update --kernel-memory 5m ID",
    "pause ID",
    "list",
    "state ID",
    "resume ID",
    "kill ID KILL",
  ]) {
    pair.same(line);
  }
  for (const which of ["real", "ours"] as const) {
    await until(`${which} has stopped`, () => pair.run(which, ["state", "ID"]).stdout.includes("stopped"));
  }
  for (const line of [
    "state ID",
    "list",
    "list -f json",
    "ps ID",
    "ps -f json ID",
    "kill ID",
    "kill ID KILL",
    "kill -a ID KILL",
    "pause ID",
    "resume ID",
    "start ID",
    "update ID --pids-limit 5",
    "events ID",
    "events --stats ID",
    "exec ID ls",
    "delete ID",
    "delete ID",
    "list",
  ]) {
    pair.same(line);
  }
});

t.test("events --stats: the same keys in the same order", { skip }, async (t) => {
  const pair = new Pair(t, sandbox(t));
  const stats: Record<string, string[]> = {};
  for (const which of ["real", "ours"] as const) {
    pair.run(which, ["run", "-d", "-b", "BUNDLE", "ID"]);
    const { stdout, status } = pair.run(which, ["events", "--stats", "ID"]);
    t.equal(status, 0);
    t.match(stdout, /^\{"type":"stats","id":"ID","data":\{[^\n]*\}\n$/);
    stats[which] = keys(JSON.parse(stdout));
  }
  t.same(stats.ours, stats.real);
});

/** Newer runc has psi everywhere and hugetlb on a hybrid host; the rest is there only when it is not 0. */
const SOMETIMES = /^(psi|hugetlb|cache|max|raw|io.*Recursive|percpu.*|total)$/;

/** All paths of keys that are always there. */
function keys(value: unknown, path = ""): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.entries(value)
    .filter(([key, inner]) => !SOMETIMES.test(key) && !(key === "usage" && typeof inner === "number"))
    .flatMap(([key, inner]) => [`${path}.${key}`, ...keys(inner, `${path}.${key}`)]);
}

t.test("command lines that are wrong", { skip }, async (t) => {
  const pair = new Pair(t, sandbox(t));
  const first = (output: Output) => ({ ...output, stdout: output.stdout.split("\n", 2).join("\n") });
  for (const line of [
    "run",
    "state",
    "state a b",
    "kill",
    "kill a TERM b",
    "list x",
    "ps",
    "events",
    "update",
    "create",
    "delete",
    "exec",
    "spec x",
    "list --bad",
    "list -f",
    "create --preserve-fds x c",
    "list --quiet=maybe",
    "events --interval x c",
    "update --pids-limit x c",
    "--log-format xml list",
  ]) {
    const words = line.split(" ");
    t.same(first(pair.run("ours", words)), first(pair.run("real", words)), line);
  }
  for (const line of ["-h", "state -h", "help state", "h state", "state --help", "create -h", ""]) {
    const words = line.split(" ").filter(Boolean);
    const heading = (output: Output) => ({ ...output, stdout: output.stdout.split(" - ")[0] });
    t.same(heading(pair.run("ours", words)), heading(pair.run("real", words)), `${line}: NAME:, then the name`);
  }
});

t.test("bundles that are wrong", { skip }, async (t) => {
  const pair = new Pair(t, sandbox(t));
  const config = JSON.parse(readFileSync(join(pair.bundle, "config.json"), "utf8"));
  const write = (value: unknown) => writeFileSync(join(pair.bundle, "config.json"), JSON.stringify(value));
  const process = (change: object) => write({ ...config, process: { ...config.process, ...change } });
  process({ cwd: "" });
  pair.differs("run -b BUNDLE ID", { real: /Cwd property must not be empty/, ours: /Cwd property must not be empty/ });
  process({ args: [] });
  pair.differs("run -b BUNDLE ID", { real: /args must not be empty/, ours: /args must not be empty/ });
  process({ args: ["nosuch"] });
  const notFound = /exec: \\"nosuch\\": executable file not found in \$PATH/;
  pair.differs("run -b BUNDLE ID", { real: notFound, ours: notFound });
  process({ args: ["/etc"] });
  pair.differs("run -b BUNDLE ID", { real: /exec: \\"\/etc\\": /, ours: /exec: \\"\/etc\\": / });
  process({ terminal: true });
  pair.same("create -b BUNDLE ID");
  pair.same("run -d -b BUNDLE ID");
  process({});
  pair.same("create --console-socket /nowhere -b BUNDLE ID");
  pair.same("run --console-socket /nowhere -b BUNDLE ID");
  write({ ...config, root: { path: "nowhere" } });
  const noRoot = /invalid rootfs: stat .*nowhere: no such file or directory/;
  pair.differs("run -b BUNDLE ID", { real: /stat .*nowhere: no such file or directory/, ours: noRoot });
  rmSync(join(pair.bundle, "config.json"));
  pair.same("run -b BUNDLE ID");
  t.same(pair.run("ours", ["list", "-q"]).stdout, "", "nothing is left");
});

t.test("spec: the same but for what newer runc changed", { skip }, async (t) => {
  const pair = new Pair(t, sandbox(t));
  for (const options of [[], ["--rootless"]]) {
    const written = (["real", "ours"] as const).map((which) => {
      const { status, stdout, stderr } = pair.run(which, ["spec", ...options]);
      t.same([status, stdout, stderr], [0, "", ""]);
      const again = pair.run(which, ["spec", ...options]);
      t.equal(again.status, 1);
      t.match(again.stderr, failed('"File config.json exists. Remove it first"'));
      const text = readFileSync(join(pair.box.dir, "config.json"), "utf8");
      rmSync(join(pair.box.dir, "config.json"));
      return text;
    });
    const [theirs = "", ours = ""] = written;
    t.equal(ours, like15(theirs), options.join(" "));
  }
});

/** 1.1.5's config as runc 1.5 writes it: no ambient capabilities, its own version of the specification. */
function like15(text: string): string {
  return text.replace(/,\n\t\t\t"ambient": \[[^\]]*\]/, "").replace(/"ociVersion": "[^"]*"/, '"ociVersion": "1.3.0"');
}

t.test("what differs, and why", { skip }, async (t) => {
  const pair = new Pair(t, sandbox(t));
  // As newer runc (cli.md): rc of an unknown command with -h, the colon, a root that is given and missing.
  pair.differs("nonsense -h", { real: { status: 3 }, ours: { status: 1 } });
  pair.differs("--bad list", {
    real: { status: 1, stdout: /^Incorrect Usage\. flag provided but not defined: -bad/ },
    ours: { status: 1, stdout: /^Incorrect Usage: flag provided but not defined: -bad/ },
  });
  pair.differs(`--root ${pair.box.dir}/ID/none list`, { real: { status: 0 }, ours: { status: 1 } });
  pair.differs("--root / list -q", { real: { status: 0 }, ours: /Option --root argument should not be set to \// });
  for (const line of ["nonsense", "help nonsense"]) {
    pair.differs(line, {
      real: { status: 3 },
      ours: { status: 3, stderr: failed("\"No help topic for 'nonsense'\"") },
    });
  }
  // Refused where 1.1.5 lets the kernel refuse, crashes, or goes on.
  pair.run("real", ["create", "-b", "BUNDLE", "ID"]);
  pair.run("ours", ["create", "-b", "BUNDLE", "ID"]);
  pair.differs("kill ID 99", {
    real: failed('"unable to signal init: invalid argument"'),
    ours: failed('"unknown signal \\\\"99\\\\""'),
  });
  pair.differs("--rootless maybe list", { real: { status: 0 }, ours: { status: 1, stderr: /--rootless/ } });
  // The words of Go's parsers; the beginning is the contract.
  for (const name of ["cpu-period", "cpu-quota", "cpu-share", "memory", "memory-swap", "memory-reservation"]) {
    const message = new RegExp(`msg="invalid value for ${name}: `);
    pair.differs(`update --${name} x ID`, { real: message, ours: message });
  }
  // Everything is put back, and nothing is left "inconsistent".
  if (!isV2) {
    const text = /unable to set memory limit to 1 \(current usage: \d+, peak usage: \d+\)/;
    pair.differs("update --memory 1 ID", { real: text, ours: text });
    pair.differs("update --cpu-share 1 ID", {
      real: /the minimum allowed cpu-shares is 2/,
      ours: /the minimum allowed cpu-shares is 2/,
    });
  }
  // A document that is cut off or null: a place in the file where 1.1.5 has Go's EOF, or crashes.
  pair.differs("update -r - ID", { real: failed("EOF"), ours: failed('"standard input: the file is empty"') });
});

t.test("installed, with a link named runc", async (t) => {
  const box = sandbox(t);
  const prefix = join(box.dir, "prefix");
  execFileSync(process.execPath, [join(repository, "scripts/install-to.mjs"), prefix], { cwd: repository });
  symlinkSync("runt", join(prefix, "bin/runc"));
  const run = (...words: string[]) => {
    const { status, stdout, stderr } = spawnSync(join(prefix, "bin/runc"), words, { encoding: "utf8", cwd: box.dir });
    return { status, stdout, stderr };
  };
  const version = run("--version");
  t.match(version, {
    status: 0,
    stdout: /^runc version \d+\.\d+\.\d+(\+\S+)?\ncommit: \S+\nspec: \d+\.\d+\.\d+\n/,
    stderr: "",
  });
  t.same(run("-v"), version);
  const [, major] = /version (\d+)/.exec(version.stdout)!;
  t.ok(Number(major) >= 1, "callers ask for 1.0 or newer");
  t.match(version.stdout, /^libseccomp: \d+\.\d+\.\d+$/m);
  t.match(run("--help").stdout, /^NAME:\n {3}runc - Open Container Initiative runtime\n/);
  for (const command of [
    "create",
    "delete",
    "events",
    "exec",
    "features",
    "kill",
    "list",
    "pause",
    "ps",
    "resume",
    "run",
    "spec",
    "start",
    "state",
    "update",
  ]) {
    t.match(run(command, "--help"), { status: 0, stdout: new RegExp(`^NAME:\n {3}runc ${command} - `) }, command);
  }
  t.match(run("run"), {
    status: 1,
    stdout: /^Incorrect Usage\.\n\n/,
    stderr: /bin\/runc: \\"run\\" requires exactly 1 argument\(s\)/,
  });
  t.match(
    run("--root", box.root, "run", "nobody").stderr,
    /msg="runc run failed: JSON specification file config\.json not found \(/,
  );
  t.equal(run("spec").status, 0);
  t.equal(JSON.parse(readFileSync(join(box.dir, "config.json"), "utf8")).hostname, "runc");
  const { annotations } = JSON.parse(run("features").stdout);
  t.ok(version.stdout.startsWith(`runc version ${annotations["org.opencontainers.runc.version"]}\n`));

  // The default root is runc's. A namespace hides the machine's own.
  const own = spawnSync(
    "unshare",
    [
      "-m",
      "sh",
      "-c",
      'mount -t tmpfs none /run && mkdir -m 700 /run/runc && mkdir /run/runc/half && "$1" list',
      "sh",
      join(prefix, "bin/runc"),
    ],
    { encoding: "utf8" },
  );
  t.equal(own.status, 0, own.stderr);
  t.match(own.stderr, /load container half/, "/run/runc");

  // A copy works as well, and runs containers.
  cpSync(join(prefix, "bin/runt"), join(prefix, "bin/copy"));
  rmSync(join(prefix, "bin/runc"));
  execFileSync("mv", [join(prefix, "bin/copy"), join(prefix, "bin/runc")]);
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "exit", "7"];
  });
  t.equal(run("--root", box.root, "run", "-b", bundle, box.id()).status, 7);
});
