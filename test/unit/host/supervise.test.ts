// The foreground: exit codes, signals, orphans.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import t from "tap";

const foreground = fileURLToPath(new URL("./supervised.js", import.meta.url));

interface Run {
  child: ChildProcess;
  /** Resolves when the output holds the text. */
  saw(text: string): Promise<void>;
  ended: Promise<{ code: number | null; output: string }>;
}

/** Runs a shell text in the foreground. Its output and "ready" come together. */
function run(text: string, wrap: readonly string[] = []): Run {
  const [command = "", ...args] = [...wrap, process.execPath, foreground, text];
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const waiting: { text: string; done: () => void }[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream!.on("data", (chunk) => {
      output += String(chunk);
      for (const { text, done } of waiting) if (output.includes(text)) done();
    });
  }
  const saw = (text: string) =>
    new Promise<void>((done) => (output.includes(text) ? done() : waiting.push({ text, done })));
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, output }));
  return { child, saw, ended };
}

t.test("exit codes", async (t) => {
  for (const [text, code] of [
    ["exit 0", 0],
    ["exit 42", 42],
    ["kill -TERM $$", 143],
    ["kill -SEGV $$", 139],
  ] as const) {
    t.equal((await run(text).ended).code, code, text);
  }
});

t.test("a program that has ended before anybody waits", async (t) => {
  t.equal((await run("sleep 0.2; exit 5").ended).code, 5);
  t.equal((await run("exit 6").ended).code, 6);
});

t.test("signals go to the program, and the foreground stays", async (t) => {
  const names = ["HUP", "INT", "QUIT", "USR1", "USR2", "TERM", "CONT", "TSTP", "ALRM", "WINCH"];
  const traps = names.map((name) => `trap 'echo got ${name}.' ${name}`).join("; ");
  const { child, saw, ended } = run(
    `${traps}; trap 'exit 9' RTMIN 2>/dev/null; echo trapped; i=0; while [ $i -lt 600 ]; do sleep 0.05; i=$((i+1)); done`,
  );
  await saw("trapped");
  await saw("ready");
  for (const name of names.filter((each) => each !== "WINCH")) {
    child.kill(`SIG${name}` as NodeJS.Signals);
    await saw(`got ${name}.`);
  }
  child.kill("SIGWINCH");
  child.kill("SIGURG");
  child.kill("SIGUSR1");
  await saw("got USR1.");
  t.equal(await Promise.race([saw("got WINCH.").then(() => "WINCH"), sleep(100)]), undefined);
  // A fault that somebody sends is a signal like any other; one of our own would end us.
  child.kill("SIGSEGV");
  t.equal((await ended).code, 139);
});

const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));

t.test("real-time signals", async (t) => {
  const text = `exec python3 -c "
import signal, sys
signal.signal(signal.SIGRTMIN + 3, lambda *_: sys.exit(33))
print('trapped', flush=True)
while True: signal.pause()"`;
  const { child, saw, ended } = run(text);
  await saw("trapped");
  await saw("ready");
  spawn("kill", ["-37", String(child.pid)]);
  t.equal((await ended).code, 33);
});

t.test("orphans of the program are taken over when asked for", async (t) => {
  // The middle shell ends, so that `sleep` gets a new parent, says who that is, and ends in time.
  const orphan = "(sh -c 'sleep 0.1; echo parent $(cut -d\\  -f4 /proc/$$/stat).' &) ; sleep 0.4; exit 3";
  const { child, ended } = run(`#subreaper\n${orphan}`);
  const { code, output } = await ended;
  t.equal(code, 3);
  t.match(output, `parent ${child.pid}.`);
  t.notMatch((await run(orphan).ended).output, /parent ${child.pid}\./);
});

t.test("a caller that ignores SIGCHLD still gets the exit code", async (t) => {
  const ignoring = [
    "python3",
    "-c",
    "import os, signal, sys\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\nos.execv(sys.argv[1], sys.argv[1:])",
  ];
  t.equal((await run("sleep 0.1; exit 12", ignoring).ended).code, 12);
});
