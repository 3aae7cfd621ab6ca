// runt-init is started: what it gets, what it does not get, and what it says.

import { copyFileSync, readdirSync, readlinkSync } from "node:fs";
import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import t from "tap";
import { O_RDONLY } from "../../../src/host/constants.js";
import { initPath, native } from "../../../src/host/native.js";
import { encodeProgram } from "../../../src/plan/encode.js";
import { MESSAGE_FAILURE, NO_SLOT, type Step } from "../../../src/plan/steps.gen.js";
import { processStat } from "../../../src/host/proc.js";
import { failsWith } from "../../helpers/native-error.js";
import { until } from "../../helpers/sandbox.js";
import { finish, program, shell, shellOutput, start } from "./fixtures.js";

t.test("a program runs, and hang-up is its success", async (t) => {
  const { output, status } = shellOutput('echo "$0 $GIVEN $(env | grep -c .)"; exit 7');
  t.match(output, /^sh yes \d\n$/);
  t.equal(status, 7);
});

t.test("a signal is 128 and its number", async (t) => {
  t.equal(shellOutput("kill -TERM $$").status, 143);
  t.equal(shellOutput("kill -KILL $$").status, 137);
});

t.test("nothing of the environment comes along", async (t) => {
  // Not through a shell, which adds PWD.
  const output = native().memfd("output", "");
  const steps = [
    { op: "find_program", name: "/bin/cat", path: "" },
    { op: "execute", args: ["cat", "/proc/self/environ"], env: ["GIVEN=yes"] },
  ] as const;
  finish(start(steps, { stdio: [0, output, 2] }));
  t.equal(native().readFile(`/proc/self/fd/${output}`), "GIVEN=yes\0");
  native().close(output);
});

t.test("signals are as they were made: none blocked, ignored or caught", async (t) => {
  process.on("SIGUSR1", () => {});
  t.teardown(() => process.removeAllListeners("SIGUSR1"));
  const { output } = shellOutput("exec cat /proc/self/status");
  for (const line of ["SigBlk", "SigIgn", "SigCgt"]) t.match(output, new RegExp(`^${line}:\\t0+$`, "m"), line);
});

t.test("only stdio and what is preserved stays open", async (t) => {
  // The caller of runt leaked descriptors into us that are not close-on-exec.
  const script = `
    import { shellOutput } from ${JSON.stringify(new URL("./fixtures.js", import.meta.url).href)};
    process.stdout.write(shellOutput("exec ls /proc/self/fd").output);`;
  const leaking = [
    "-c",
    'exec 5</dev/null 7</dev/null 9</dev/null; exec "$0" --input-type=module -e "$1"',
    process.execPath,
    script,
  ];
  const { stdout, stderr } = spawnSync("sh", leaking, { encoding: "utf8" });
  // 3 is ls reading the directory.
  t.equal(stdout, "0\n1\n2\n3\n", stderr);
});

t.test("descriptors land where they belong, whatever their numbers were", async (t) => {
  const dir = t.testdir({ a: "A", b: "B", c: "C" });
  const open = (name: string) => native().open(join(dir, name), O_RDONLY, 0);
  const read = (...fds: number[]) => fds.map((fd) => `cat <&${fd}`).join("; ");
  const files = ["a", "b", "c"].map(open);
  t.teardown(() => {
    for (const fd of files) native().close(fd);
  });
  const [a, b, c] = files as [number, number, number];
  // Each run reads from offset 0 through an open file of its own.
  const run = (preserve: number[], order: number[]) => {
    const anew = preserve.map((fd) => native().open(`/proc/self/fd/${fd}`, O_RDONLY, 0));
    const { output } = shellOutput(read(...order), { preserve: anew });
    for (const fd of anew) native().close(fd);
    return output;
  };
  t.equal(run([a, b, c], [3, 4, 5]), "ABC");
  t.equal(run([c, b, a], [3, 4, 5]), "CBA");
  t.equal(run([c, a], [4, 3]), "AC");
});

t.test("stdio may be swapped, and one descriptor may be given twice", async (t) => {
  const fd = native().memfd("input", "typed");
  const output = native().memfd("output", "");
  finish(start(shell("cat; echo to stderr >&2; cat <&3 || true"), { stdio: [fd, 1, output], preserve: [output] }));
  t.match(native().readFile(`/proc/self/fd/${output}`), /to stderr/);
  native().close(fd);
  native().close(output);
});

t.test("a descriptor that is not open is named", async (t) => {
  t.throws(() => start(shell("true"), { preserve: [999] }), failsWith("EBADF", "dup", "descriptor 999"));
  t.throws(() => start(shell("true"), { stdio: [0, 1, 998] }), failsWith("EBADF"));
});

t.test("what a container sees of runt-init can't be changed (CVE-2019-5736)", async (t) => {
  // hold: runt-init waits at a sync point, as it does while a container is made.
  const spawned = start([{ op: "sync", point: 3, slot: 0xffffffff }, ...shell("exit 0")]);
  const message = native().receive(spawned.channel, 10_000)!;
  t.match(message, { kind: 2, value: 3, step: 0 });
  const exe = `/proc/${spawned.pid}/exe`;
  t.match(readlinkSync(exe), /^\/memfd:runt-init/);
  // No write access (EPERM by the seals, ETXTBSY while it runs), neither here nor after its end.
  t.throws(() => native().writeFile(exe, "#!/bin/sh"));
  native().answer(spawned.channel, -1);
  t.equal(finish(spawned).status, 0);
});

const asRoot = { skip: process.getuid!() === 0 ? false : "needs root" } as const;
t.test("where programs in memory are forbidden it is a detached read-only mount", asRoot, async (t) => {
  if (native().readFileIfAny("/proc/sys/vm/memfd_noexec") === null) return t.pass("not before Linux 6.3");
  const script = `
    import { shellOutput } from ${JSON.stringify(new URL("./fixtures.js", import.meta.url).href)};
    console.log(shellOutput("echo runs").output);`;
  // The setting belongs to the pid namespace.
  const shell = 'echo 2 >/proc/sys/vm/memfd_noexec && exec "$0" --input-type=module -e "$1"';
  const args = ["-pfm", "--mount-proc", "sh", "-c", shell, process.execPath, script];
  const { stdout, stderr } = spawnSync("unshare", args, { encoding: "utf8" });
  t.equal(stdout, "runs\n\n", stderr);
});

t.test("a hang-up in place of an answer ends it", async (t) => {
  const { pid, pidfd, channel } = start([{ op: "sync", point: 3, slot: 0xffffffff }, ...shell("exit 0")]);
  t.ok(native().receive(channel, 10_000));
  native().close(channel);
  t.not(native().reap(pid), 0);
  native().close(pidfd);
});

t.test("a failed step says which, what and why", async (t) => {
  const { messages, status } = finish(
    start([{ op: "find_program", name: "/no/such/program", path: "" }, ...shell("")]),
  );
  t.equal(messages.length, 1);
  t.match(messages[0], { kind: MESSAGE_FAILURE, step: 0, value: 2, fds: [] });
  t.match(messages[0]!.text, /\/no\/such\/program/);
  t.not(status, 0);
});

t.test("a process that has ended has no namespaces to be joined: nothing is run in the host's", async (t) => {
  // Its parent does not ask for its status: a zombie, as a container's first process is that ends while exec comes.
  const parent = spawn("sh", ["-c", "sleep 0 & echo $!; exec sleep 100"], { stdio: ["ignore", "pipe", "inherit"] });
  t.teardown(() => parent.kill("SIGKILL"));
  const pid = Number(await new Promise((resolve) => parent.stdout.once("data", resolve)));
  await until("it is a zombie", () => processStat(pid)?.state === "Z");
  const { startTime } = processStat(pid)!;
  const output = native().memfd("output", "");
  const join: Step = { op: "join_process", process: NO_SLOT, pid, startTime, flags: 0x6c020000, root: 0 };
  const { messages, status } = finish(start([join, ...shell("echo escaped")], { stdio: [0, output, 2] }));
  t.match(messages, [{ kind: MESSAGE_FAILURE, step: 0, value: 3 }]);
  t.equal(status, 1);
  t.equal(native().readFile(`/proc/self/fd/${output}`), "");
  native().close(output);
});

t.test("a program that is none is refused by runt-init", async (t) => {
  const { messages, status } = finish(
    native().spawnInit({
      initPath: initPath(),
      program: new Uint8Array([1, 2, 3]),
      stdio: [0, 1, 2],
      preserve: [],
      slots: [],
    }),
  );
  t.match(messages[0], { kind: MESSAGE_FAILURE });
  t.not(status, 0);
});

t.test("receive gives up after its time", async (t) => {
  const spawned = start([{ op: "sync", point: 3, slot: 0xffffffff }, ...shell("exit 0")]);
  t.ok(native().receive(spawned.channel, 10_000));
  t.throws(() => native().receive(spawned.channel, 20), failsWith("ETIMEDOUT", "recvmsg"));
  native().answer(spawned.channel, -1);
  finish(spawned);
});

t.test("a runt-init that is missing or none", async (t) => {
  const dir = t.testdir({ text: "no program" });
  const options = { program: program([]), stdio: [0, 1, 2] as const, preserve: [], slots: [] };
  t.throws(
    () => native().spawnInit({ ...options, initPath: join(dir, "none") }),
    failsWith("ENOENT", "open", join(dir, "none")),
  );
  t.throws(() => native().spawnInit({ ...options, initPath: join(dir, "text") }), failsWith("ENOEXEC", "posix_spawn"));
  copyFileSync(initPath(), join(dir, "copy"));
  const spawned = start(shell("exit 3"), { initPath: join(dir, "copy") });
  t.equal(finish(spawned).status, 3, "another path is another image");
});

t.test("no descriptor of ours is left after many programs", async (t) => {
  shellOutput("true");
  const before = readdirSync("/proc/self/fd").length;
  for (let i = 0; i < 20; i++) shellOutput("true");
  t.equal(readdirSync("/proc/self/fd").length, before);
});

/** Gives a program of two parts the second one, or what stands for it. Out: as finish. */
function inTwoParts(first: readonly Step[], second: Uint8Array | null) {
  const init = start(first);
  const memory = second === null ? -1 : native().memfd("program", second);
  native().answer(init.channel, memory);
  if (memory >= 0) native().close(memory);
  return finish(init);
}

const RECEIVE: Step = { op: "receive_program" };

t.test("a program in two parts: steps and slots are numbered through", async (t) => {
  const exit = inTwoParts(
    [{ op: "set_umask", mask: 0o27 }, RECEIVE],
    program(shell('test "$(umask)" = 0027 && exit 9')),
  );
  t.strictSame(exit, { messages: [], status: 9 });
  const opens: Step = { op: "open_directory", slot: 1, path: "/", readable: 0 };
  const rest = encodeProgram({ steps: [{ step: opens, where: "" }], slots: 2, passed: 0 });
  t.equal(inTwoParts([RECEIVE], rest).status, 0, "more slots than the first part had");
  const failed = inTwoParts(
    [RECEIVE],
    program([
      { op: "set_umask", mask: 0 },
      { op: "change_directory", path: "/none", create: 0 },
    ]),
  );
  t.match(failed.messages, [{ kind: MESSAGE_FAILURE, step: 2 }]);
  t.equal(failed.status, 1);
});

t.test("a second part that is none is refused", async (t) => {
  const refusal = (first: readonly Step[], second: Uint8Array | null) => inTwoParts(first, second).messages[0]?.text;
  t.equal(refusal([RECEIVE], null), "find the rest of the program");
  t.equal(refusal([RECEIVE], new Uint8Array(24)), "this is no program of steps");
  t.equal(refusal([RECEIVE], new Uint8Array()), "no program at its descriptor");
  const passing = program([{ op: "open_directory", slot: 0, path: "/", readable: 0 }], 1);
  t.equal(refusal([RECEIVE], passing), "slots are passed in with the first part of a program only");
  t.equal(refusal([RECEIVE, { op: "set_session" }], program([])), "the first part of the program goes on");
});

t.test("an engine that goes before it has given what is waited for ends it", async (t) => {
  for (const step of [RECEIVE, { op: "await" }] satisfies Step[]) {
    const { pid, pidfd, channel } = start([step]);
    native().close(channel);
    t.equal(native().reap(pid), 1, step.op);
    native().close(pidfd);
  }
});

t.test("await waits for one answer, the rest of the program for the next", async (t) => {
  const init = start([{ op: "await" }, RECEIVE]);
  t.throws(() => native().receive(init.channel, 20), { code: "ETIMEDOUT" }, "nothing is asked");
  native().answer(init.channel, -1);
  const memory = native().memfd("program", program(shell("exit 8")));
  native().answer(init.channel, memory);
  native().close(memory);
  t.strictSame(finish(init), { messages: [], status: 8 });
});
