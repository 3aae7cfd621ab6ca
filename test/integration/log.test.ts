// Logging: files, the journal, syslog, levels, the story of --debug.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { runtime, sandbox } from "../helpers/sandbox.js";

const linesOf = (file: string) => readFileSync(file, "utf8").split("\n").filter(Boolean);
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

t.test("--log: the line goes to the file, the bare message to stderr", async (t) => {
  const box = sandbox(t);
  const log = join(box.dir, "log");
  for (const target of [log, `file:${log}`]) {
    const result = box.run(["--log", target, "--log-format", "json", "state", "nobody"]);
    t.same([result.status, result.stdout, result.stderr], [1, "", "container does not exist\n"]);
  }
  const lines = linesOf(log);
  t.equal(lines.length, 2, "appended");
  t.match(lines[0], /^\{"level":"error","msg":"container does not exist","time":"[^"]+"\}$/);
  t.match(JSON.parse(lines[0]!).time, TIME);
  t.equal(statSync(log).mode & 0o777, 0o644);
  box.run(["--log", log, "state", "nobody"]);
  t.match(linesOf(log)[2], /^time="[^"]+" level=error msg="container does not exist"$/);
});

t.test("a relative file is the caller's; an empty name means stderr", async (t) => {
  const box = sandbox(t);
  box.run(["--log", "here.log", "state", "nobody"], { cwd: box.dir });
  t.equal(linesOf(join(box.dir, "here.log")).length, 1);
  t.match(
    box.run(["--log", "", "state", "nobody"]).stderr,
    /^time="[^"]+" level=error msg="container does not exist"\n$/,
  );
});

t.test("a log that can't be opened is an error, not silence", async (t) => {
  const box = sandbox(t);
  const result = box.run(["--log", "/no/such/folder/log", "list"]);
  t.equal(result.status, 1);
  t.match(result.stderr, /--log: open \/no\/such\/folder\/log: no such file or directory/);
  const full = box.run(["--log", "/dev/full", "state", "nobody"]);
  t.same([full.status, full.stderr], [1, "container does not exist\n"], "a full disk: the error is still told");
});

t.test("levels", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.capabilities = { ...config.process.capabilities, bounding: ["CAP_WRONG"] };
    config.process.args = ["/bin/true"];
  });
  const stderr = (...options: string[]) => box.run([...options, "run", "--bundle", bundle, box.id()]).stderr;
  t.match(stderr(), /level=warning msg=.*CAP_WRONG/);
  t.notMatch(stderr(), /level=debug/);
  t.equal(stderr("--log-level", "error"), "");
  t.match(stderr("--log-level", "debug"), /level=warning[\s\S]*level=debug/);
  const wrong = box.run(["--log-level", "loud", "list"]);
  t.equal(wrong.status, 1);
  t.match(wrong.stderr, /--log-level: .*loud.* is none of error, warning, debug/);
});

t.test("--debug tells of a start step by step, with times, and of no secret", async (t) => {
  const box = sandbox(t);
  const log = join(box.dir, "log");
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/true"];
    config.process.env = ["PASSWORD=geheim"];
    config.hooks = { createContainer: [{ path: "/bin/true", env: ["PASSWORD=geheim"] }] };
  });
  const debug = ["--debug", "--log", log, "--log-format", "json"];
  const run = box.run([...debug, "run", "--bundle", bundle, box.id()]);
  t.same([run.status, run.stderr], [0, ""], run.stderr);
  const messages = linesOf(log).map((line) => JSON.parse(line).msg as string);
  const told = messages.join("\n");
  t.match(told, /create: Linux \d+\.\d+, cgroup v[12]/);
  t.match(told, /ms: step \d+ make_filesystem mounts\[0\] \(\/proc → proc\): \d+\.\d{3} ms/);
  t.match(told, /ms: step \d+ run_hook/);
  t.match(told, /run: process \d+ runs the program[\s\S]*run: process \d+ has ended with status 0/);
  t.notMatch(told, /geheim/);
  const times = messages.map((text) => Number.parseFloat(text));
  t.same(
    times,
    [...times].sort((a, b) => a - b),
    "each line with the time since the start",
  );

  const id = box.id();
  box.run(["create", "--bundle", bundle, id]);
  const started = box.run([...debug, "start", id]);
  t.same([started.status, started.stderr], [0, ""], "a container that was made without --debug");
  const other = box.id();
  box.run([...debug, "create", "--bundle", bundle, other]);
  t.equal(box.run(["start", other]).status, 0, "and one that was made with it");
});

t.test("no trace of it without --debug", async (t) => {
  const box = sandbox(t);
  t.notMatch(box.run(["plan", "--bundle", box.bundle()]).stdout, /\btrace\b/);
});

// In a mount namespace of its own, where the two services' sockets are ours. Prints what they got.
const services = `
import json, os, socket, subprocess, sys
def mount(*words): subprocess.run(["mount", *words], check=True)
mount("-t", "tmpfs", "none", "/run")
os.makedirs("/run/systemd/journal")
os.mkdir("/run/dev")
subprocess.run("cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty /dev/fd /dev/std* /run/dev/", shell=True, check=True)
mount("--bind", "/run/dev", "/dev")
heard = {}
for name, path in (("journald", "/run/systemd/journal/socket"), ("syslog", "/dev/log")):
    heard[name] = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard[name].bind(path)
    heard[name].settimeout(0.2)
service, *command = sys.argv[1:]
done = subprocess.run(command, capture_output=True, text=True)
got = []
try:
    while True: got.append(heard[service].recv(200000).decode())
except TimeoutError: pass
print(json.dumps({"status": done.returncode, "stderr": done.stderr, "got": got}))
`;

function withServices(service: string, words: string[]): { status: number; stderr: string; got: string[] } {
  const args = ["--mount", "python3", "-c", services, service, runtime, ...words];
  return JSON.parse(execFileSync("unshare", args, { encoding: "utf8" }));
}

t.test("--log=journald: and --log=syslog:", async (t) => {
  const box = sandbox(t);
  const words = ["--root", box.root, "state", "nobody"];
  const journal = withServices("journald", ["--log=journald:web", ...words]);
  t.same([journal.status, journal.stderr], [1, "container does not exist\n"]);
  t.match(journal.got, [/^PRIORITY=3\nSYSLOG_IDENTIFIER=web\nSYSLOG_PID=\d+\nMESSAGE=container does not exist\n$/]);
  t.match(withServices("journald", ["--log=journald:", ...words]).got[0], /SYSLOG_IDENTIFIER=runt\n/);
  const json = withServices("journald", ["--log=journald:", "--log-format=json", ...words]);
  t.match(json.got[0], /MESSAGE=\{"level":"error","msg":"container does not exist","time":"[^"]+"\}\n/);

  const syslog = withServices("syslog", ["--log", "syslog:web", ...words]);
  t.same([syslog.status, syslog.stderr], [1, "container does not exist\n"]);
  t.match(syslog.got, [/^<11>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d web\[\d+\]: container does not exist$/]);
});

t.test("a log service that is not there is an error", async (t) => {
  const box = sandbox(t);
  const words = ["--root", box.root, "list"];
  const empty =
    'mount -t tmpfs none /run && mkdir /run/dev && cp -a /dev/null /run/dev && mount --bind /run/dev /dev && "$@"';
  for (const [service, path] of [
    ["journald", "/run/systemd/journal/socket"],
    ["syslog", "/dev/log"],
  ] as const) {
    const args = ["--mount", "sh", "-c", empty, "sh", runtime, `--log=${service}:`, ...words];
    const { status, stderr } = spawnSync("unshare", args, { encoding: "utf8" });
    t.equal(status, 1);
    t.match(stderr, `--log: connect ${path}: no such file or directory (${service} does not run here`);
  }
});

const journal = existsSync("/run/systemd/journal/socket");
t.test("the real journal", { skip: !journal && "systemd-journald does not run here" }, async (t) => {
  const box = sandbox(t);
  const identifier = `runt-test-${process.pid}`;
  box.run([`--log=journald:${identifier}`, "state", "nobody"]);
  box.run([`--log=syslog:${identifier}`, "state", "nobody"]);
  const bundle = box.bundle((config) => {
    config.process.args = ["/no\nPRIORITY=0\nsuch"];
  });
  box.run([`--log=journald:${identifier}`, "run", "--bundle", bundle, box.id()]);
  execFileSync("journalctl", ["--sync"]);
  const text = execFileSync("journalctl", ["-t", identifier, "-o", "json", "--no-pager"], { encoding: "utf8" });
  const entries = text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  t.equal(entries.length, 3, text);
  t.match(entries[0], { PRIORITY: "3", MESSAGE: "container does not exist", _TRANSPORT: "journal" });
  t.match(entries[1], { PRIORITY: "3", MESSAGE: "container does not exist", _TRANSPORT: "syslog" });
  t.match(entries[2], { PRIORITY: "3", MESSAGE: /run failed: .*no\nPRIORITY=0\nsuch/s });
});
