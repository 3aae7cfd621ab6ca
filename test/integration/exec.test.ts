// exec: whom the added process runs as, where, with what, and what comes back. The rest is in
// exec-join.test.ts (which containers), exec-process.test.ts, exec-security.test.ts, exec-terminal.test.ts.

import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { execProbe, execShell, running } from "../helpers/exec.js";
import { capabilitySet } from "../helpers/report.js";
import { sandbox, until } from "../helpers/sandbox.js";

t.test("as the container's own process, unless told otherwise", async (t) => {
  const box = sandbox(t);
  const id = running(box, (config) => {
    config.process.env = ["PATH=/usr/bin:/bin", "COLOR=blue"];
    config.process.cwd = "/tmp";
    config.process.user = { uid: 1000, gid: 1001, additionalGids: [7, 8], umask: 0o027 };
    config.process.oomScoreAdj = 321;
    config.process.rlimits = [
      { type: "RLIMIT_NOFILE", soft: 100, hard: 200 },
      { type: "RLIMIT_CORE", soft: 2 ** 31, hard: 2 ** 31 },
    ];
    config.process.ioPriority = { class: "IOPRIO_CLASS_BE", priority: 6 };
    config.process.scheduler = { policy: "SCHED_BATCH", nice: 3 };
    config.linux.personality = { domain: "LINUX32" };
  });
  const report = execProbe(box, id);
  t.equal(report.uid, 1000);
  t.equal(report.gid, 1001);
  t.equal(report.status.Groups?.trim(), "7 8", "none of the caller's groups");
  t.equal(report.umask, 0o027);
  t.equal(report.cwd, "/tmp");
  t.same(report.env, ["PATH=/usr/bin:/bin", "COLOR=blue", "HOME=/home"]);
  t.equal(report.oom_score_adj, "321");
  t.same(report.rlimits.RLIMIT_NOFILE, ["100", "200"]);
  t.equal(report.ioprio, (2 << 13) | 6);
  t.equal(report.scheduler, 3);
  t.equal(report.personality, 8);
  t.equal(report.status.NoNewPrivs?.trim(), "1");
  t.equal(report.hostname, "runt-test");
  t.same(report.signals, {}, "no disposition of the caller");
  t.same(
    report.fds.map(({ fd }) => fd),
    [0, 1, 2],
    "no descriptor of the caller",
  );
  t.equal(report.ppid, 0, "its parent is outside");
  t.equal(report.sid, report.pid, "a session of its own");
  t.equal(report.pid > 1, true);
});

t.test("what the command line changes", async (t) => {
  const box = sandbox(t);
  const id = running(box, (config) => {
    config.process.env = ["PATH=/bin", "A=1", "B=2"];
    config.process.user = { uid: 0, gid: 5, additionalGids: [7] };
    config.process.noNewPrivileges = false;
  });
  const flags = ["--cwd", "/usr", "-e", "B=3", "--env", "C=4", "-u", "1000:100", "-g", "8", "--additional-gids=9"];
  const report = execProbe(box, id, [...flags, "--no-new-privs"]);
  t.equal(report.cwd, "/usr");
  t.same(report.env, ["PATH=/bin", "A=1", "B=3", "C=4", "HOME=/home"]);
  t.equal(report.uid, 1000);
  t.equal(report.gid, 100);
  t.equal(report.status.Groups?.trim(), "7 8 9");
  t.equal(report.status.NoNewPrivs?.trim(), "1");
  const other = execProbe(box, id, ["--user", "3"]);
  t.equal(other.uid, 3);
  t.equal(other.gid, 5, "a uid alone keeps the group");
  t.equal(other.status.NoNewPrivs?.trim(), "0");
});

t.test("capabilities are added, none is inheritable (CVE-2022-29162)", async (t) => {
  const box = sandbox(t);
  const id = running(box);
  const own = execProbe(box, id);
  const report = execProbe(box, id, ["--cap", "CAP_NET_RAW", "-c", "CAP_CHOWN"]);
  for (const set of ["Bnd", "Prm", "Eff"]) {
    t.same(capabilitySet(report, set), ["CAP_CHOWN", ...capabilitySet(own, set), "CAP_NET_RAW"].sort(byNumber), set);
  }
  t.same(capabilitySet(report, "Inh"), []);
  t.same(capabilitySet(report, "Amb"), []);
  const unknown = box.run(["exec", "--cap", "CAP_FOO", id, "/bin/probe", "exit", "3"]);
  t.equal(unknown.status, 3);
  t.match(unknown.stderr, /ignoring unknown or unavailable capabilities: \[CAP_FOO\]/);
});

const order = ["CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_AUDIT_WRITE"];
const byNumber = (a: string, b: string) => order.indexOf(a) - order.indexOf(b);

t.test("ambient ones too, where the process of the container may inherit them", async (t) => {
  const box = sandbox(t);
  const id = running(box, (config) => {
    const all = ["CAP_KILL", "CAP_CHOWN"];
    config.process.capabilities = { bounding: all, effective: ["CAP_KILL"], permitted: ["CAP_KILL"], inheritable: all };
  });
  const report = execProbe(box, id, ["--cap", "CAP_CHOWN", "--user", "1000"]);
  t.same(capabilitySet(report, "Amb"), ["CAP_CHOWN"]);
  t.same(capabilitySet(report, "Eff"), ["CAP_CHOWN"]);
});

t.test("the user is a number and nothing else (CVE-2026-30892, CVE-2016-3697)", async (t) => {
  const box = sandbox(t);
  const id = running(box, (_, bundle) => {
    rmSync(join(bundle, "rootfs/etc/passwd")); // a hard link of all tests' file
    writeFileSync(join(bundle, "rootfs/etc/passwd"), "1000:x:0:0::/:/bin/sh\nroot:x:0:0::/:/bin/sh\n");
  });
  t.equal(execProbe(box, id, ["-u", "1000"]).uid, 1000, "not the name 1000 of the image's passwd");
  for (const user of ["1:", ":1", "+1", "0x1", "1 ", " 1", "4294967295", "-1", "root", "1:root", "1:2:3", "1.0"]) {
    const result = box.run(["exec", `--user=${user}`, id, "/bin/probe"]);
    t.equal(result.status, 255, user);
    t.match(result.stderr, /exec failed: --user: bad [ug]id: /);
    t.equal(/names are .* not looked up: give the number/.test(result.stderr), user.endsWith("root"), user);
  }
});

t.test("exit codes: the process's own, 128 + N for a signal, 255 for exec's own errors, 1 for its usage", async (t) => {
  const box = sandbox(t);
  const id = running(box);
  const cases: [number, string[], RegExp?][] = [
    [0, [id, "/bin/probe", "exit", "0"]],
    [7, [id, "/bin/probe", "exit", "7"]],
    [137, [id, "/bin/probe", "signal", "9"]],
    [134, [id, "/bin/probe", "abort"]],
    [255, [id], /exec failed: process args cannot be empty/],
    [
      255,
      [id, "nosuch"],
      /exec failed: unable to start container process: exec: \\"nosuch\\": executable file not found/,
    ],
    [255, [id, "/etc"], /exec failed: unable to start container process: exec: \\"\/etc\\": is a directory/],
    [255, ["--cwd", "tmp", id, "true"], /exec failed: Cwd must be an absolute path/],
    [
      255,
      ["--cwd", "/nosuch", id, "true"],
      /exec failed: .*chdir to cwd \(\\"\/nosuch\\"\): no such file or directory/,
    ],
    [255, ["--env", "A", id, "true"], /exec failed: --env: invalid environment variable: missing '='/],
    [255, ["--env", "=A", id, "true"], /exec failed: --env: invalid environment variable: name cannot be empty/],
    [255, ["-g", "-1", id, "true"], /exec failed: additional-gids must be a positive number -1/],
    [255, ["-g", "x", id, "true"], /exec failed: --additional-gids: bad gid/],
    [255, ["--preserve-fds", "1", id, "true"], /exec failed: unable to stat preserved-fd \d \(of 1\)/],
    [255, ["nosuch", "true"], /exec failed: container does not exist/],
    [255, ["--apparmor", "nosuch", id, "true"], /exec failed: .*nosuch/],
    [255, ["--process-label", "a:b:c:d", id, "true"], /exec failed: .*SELinux/],
    [1, [], /requires a minimum of 1 argument/],
    [1, ["--nosuch", id, "true"], /flag provided but not defined: -nosuch/],
    [1, ["--preserve-fds", "x", id, "true"], /invalid value/],
  ];
  for (const [status, words, text] of cases) {
    const result = box.run(["exec", ...words]);
    t.equal(result.status, status, `exec ${words.slice(words.indexOf(id))}: ${result.stderr}`);
    if (text) t.match(result.stderr, text);
    else t.equal(result.stderr, "");
  }
});

t.test("what follows the command is the command's, flags and all", async (t) => {
  const box = sandbox(t);
  const id = running(box);
  const result = box.run(["exec", id, "/bin/echo", "--user", "-d", "--", "x"]);
  t.equal(result.stdout, "--user -d -- x\n");
});

t.test("stdin, stdout and stderr are the caller's", async (t) => {
  const box = sandbox(t);
  const id = running(box);
  const result = box.run(["exec", id, "/bin/sh", "-c", "cat; echo error >&2; exit 5"], { input: "some input\n" });
  t.equal(result.stdout, "some input\n");
  t.equal(result.stderr, "error\n");
  t.equal(result.status, 5);
});

t.test("--preserve-fds", async (t) => {
  const box = sandbox(t);
  const id = running(box);
  const file = join(box.dir, "preserved");
  writeFileSync(file, "through a descriptor\n");
  const fd = openSync(file, "r");
  t.teardown(() => closeSync(fd));
  const result = box.run(["exec", "--preserve-fds", "1", id, "/bin/sh", "-c", "cat <&3; ls /proc/self/fd | wc -l"], {
    fds: [fd, fd],
    env: { ...process.env, LISTEN_FDS: "1", LISTEN_PID: "1" },
  });
  t.match(result.stdout, /^through a descriptor\n\s*5\n$/, "0, 1, 2, 3 and that of ls; not 4");
});

t.test("--detach returns at once, and tells the pid", async (t) => {
  const box = sandbox(t);
  const id = running(box);
  const pidFile = join(box.dir, "pid");
  const result = box.run(["exec", "--detach", "--pid-file", pidFile, id, "/bin/probe", "pause"]);
  t.equal(result.status, 0, result.stderr);
  const pid = readFileSync(pidFile, "utf8");
  t.match(pid, /^\d+$/);
  t.equal(readFileSync(`/proc/${pid}/cmdline`, "utf8"), "/bin/probe\0pause\0");
  const init = box.state(id)!.pid;
  t.equal(
    readFileSync(`/proc/${pid}/cgroup`, "utf8"),
    readFileSync(`/proc/${init}/cgroup`, "utf8"),
    "in every cgroup of the container",
  );
  t.match(box.run(["ps", id]).stdout, new RegExp(`\\b${pid}\\b`));
  t.equal(box.run(["kill", id, "KILL"]).status, 0);
  await until("it ended with the container", () => !existsSync(`/proc/${pid}/root`) || isZombie(pid));
});

const isZombie = (pid: string) => /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));

t.test("a failed exec leaves no pid file", async (t) => {
  const box = sandbox(t);
  const id = running(box);
  const pidFile = join(box.dir, "pid");
  const text = join(box.dir, "not-a-program");
  writeFileSync(text, "no program", { mode: 0o755 });
  const result = box.run(["exec", "--pid-file", pidFile, id, "nosuch"]);
  t.equal(result.status, 255);
  t.notOk(existsSync(pidFile));
  const unwritable = box.run(["exec", "--pid-file", join(box.dir, "no/such/pid"), id, "/bin/probe", "pause"]);
  t.equal(unwritable.status, 255);
  t.match(unwritable.stderr, /exec failed: --pid-file: write/);
  t.equal(box.run(["ps", "-f", "json", id]).stdout.split(",").length, 1, "nothing but the first process runs");
});

t.test("a program that the kernel refuses: after the pid file was written", async (t) => {
  const box = sandbox(t);
  const id = running(box, (_, bundle) => {
    writeFileSync(join(bundle, "rootfs/bin/nonsense"), "\u0001\u0002", { mode: 0o755 });
  });
  const pidFile = join(box.dir, "pid");
  const result = box.run(["exec", "--pid-file", pidFile, id, "/bin/nonsense"]);
  t.equal(result.status, 255);
  t.match(result.stderr, /exec failed: unable to start container process: exec \/bin\/nonsense: exec format error/);
  t.notOk(existsSync(pidFile));
});

t.test("signals to a foreground exec reach the process", async (t) => {
  const box = sandbox(t);
  const id = running(box);
  const background = box.start(["exec", id, "/bin/probe", "trap"]);
  await until("it is ready", () => background.stdout() === "ready\n");
  background.child.kill("SIGUSR1");
  const { stdout, status } = await background.done;
  t.match(stdout, /caught 10/);
  t.equal(status, 50, "what the probe makes of it");
});

t.test("the container's end ends a foreground exec", async (t) => {
  const box = sandbox(t);
  const id = running(box);
  const background = box.start(["exec", id, "/bin/probe", "pause"]);
  await until("it is ready", () => background.stdout() === "ready\n");
  t.equal(box.run(["kill", id, "KILL"]).status, 0);
  t.equal((await background.done).status, 137);
});

t.test("the seccomp filter and limits of the container hold, though config.json was changed since", async (t) => {
  for (const noNewPrivileges of [true, false]) {
    const box = sandbox(t);
    const id = box.id();
    const bundle = box.bundle((config) => {
      config.process.args = ["/bin/probe", "pause"];
      config.process.noNewPrivileges = noNewPrivileges;
      config.linux.seccomp = {
        defaultAction: "SCMP_ACT_ALLOW",
        syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 95 }],
      };
    });
    t.equal(box.run(["run", "--detach", "--bundle", bundle, id]).status, 0);
    writeFileSync(join(bundle, "config.json"), "not JSON any more");
    const report = execProbe(box, id);
    t.equal(report.status.Seccomp?.trim(), "2");
    t.equal(report.status.Seccomp_filters?.trim() ?? "1", "1");
    t.match(execShell(box, id, "mkdir /tmp/x").stderr, /Operation not supported|Not supported/);
    t.same(report.rlimits.RLIMIT_NOFILE, ["1024", "1024"]);
  }
});

t.test("limits beyond 2^53 are exact", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "pause"];
    config.process.rlimits = [{ type: "RLIMIT_FSIZE", soft: 1, hard: 2 }];
  });
  const file = join(bundle, "config.json");
  const text = readFileSync(file, "utf8").replace(/"soft": 1,/, '"soft": 9007199254740993,');
  writeFileSync(file, text.replace(/"hard": 2\b/, '"hard": 18446744073709551615'));
  const id = box.id();
  const result = box.run(["run", "--detach", "--bundle", bundle, id]);
  t.equal(result.status, 0, result.stderr);
  t.same(execProbe(box, id).rlimits.RLIMIT_FSIZE, ["9007199254740993", "-1"], "-1: no limit");
});
