// Not a test: what both-engines.test.ts runs on Node and on QuickJS. Goes once through the addon, with values of
// every kind, and prints what it saw as JSON.

import { O_CREAT, O_RDWR } from "../../../src/host/constants.js";
import { failure } from "../../../src/host/failure.js";
import { detectCgroups } from "../../../src/cgroup/detect.js";
import { readHost } from "../../../src/host/facts.js";
import { initPath, native } from "../../../src/host/native.js";
import { processStat } from "../../../src/host/proc.js";
import { finish, shell, shellOutput, start } from "../host/fixtures.js";

const addon = native();

/** What is thrown, with all that an error of the addon tells. */
function thrown(call: () => unknown): unknown {
  try {
    return { returned: String(call()) };
  } catch (error) {
    const { name, message, code, errno, syscall, path } = error as Error & Record<string, unknown>;
    return { name, message, code, errno, syscall, path };
  }
}

/** Calls that no TypeScript would compile. */
const untyped = addon as unknown as Record<string, (...words: unknown[]) => unknown>;

const folder = process.argv[2]!;
const bytes = new Uint8Array([0x00, 0x7f, 0x80, 0xff, 0xc3, 0xa4, 0xf0, 0x9f, 0x90, 0xb3, 0x0a]);

/** Half of a surrogate pair, through a file. */
function halfOfAPair(): number[] {
  const path = `${folder}/half`;
  const fd = addon.open(path, O_RDWR | O_CREAT, 0o600);
  addon.writeFd(fd, "\ud800x\udfff");
  addon.close(fd);
  return [...addon.readBytesIfAny(path)!];
}

function files(): unknown {
  const path = `${folder}/bytes`;
  const fd = addon.open(path, O_RDWR | O_CREAT, 0o600);
  addon.writeFd(fd, bytes.subarray(1));
  addon.writeFd(fd, "ä🐳\u0000\ud83d\ude00");
  addon.close(fd);
  const status = addon.stat(path)!;
  return {
    text: addon.readFile(path),
    size: Number(status.size),
    mode: status.mode,
    absent: addon.stat(`${folder}/absent`),
    names: addon.readdir(folder),
    half: halfOfAPair(),
  };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The language's own, where QuickJS is given what it lacks. */
const language = {
  at: [[1, 2, 3].at(-1), [1].at(-2), "abc".at(-1), bytes.at(-1)],
  last: [[1, 2, 3, 4].findLast((n) => n < 3), [1].findLastIndex((n) => n > 1), [].findLast(() => true)],
  own: [Object.hasOwn({ a: 1 }, "a"), Object.hasOwn({}, "toString")],
  enumerable: Object.keys([]).length + Object.keys(Object.getOwnPropertyDescriptors([])).length,
  encoded: [...encoder.encode("aä€🐳\u0000")],
  into: encoder.encodeInto("äb", new Uint8Array(8)).written,
  decoded: decoder.decode(encoder.encode("aä€🐳")),
  broken: [
    bytes,
    [0xc0, 0x80],
    [0xe2, 0x82],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xf0, 0x9f, 0x90],
    [0xe2, 0x28, 0xa1],
    [0xff, 0x61],
  ].map((broken) => decoder.decode(new Uint8Array(broken))),
  halves: [..."\ud800 \udc00a \ud83d\ude00"].map((half) => [...encoder.encode(half)]),
  big: [(2n ** 64n - 1n).toString(), BigInt.asUintN(64, -1n).toString(), String(BigInt("0x1fffffffffffff") + 2n)],
  json: JSON.stringify(JSON.parse('{"__proto__":{"x":1},"\\u00e4":[1e3,-0.5,true,null],"b":1}')),
  pattern: /^(?<key>[\w.-]+)=(.*)$/su.exec("a.b-c=d\ne")?.groups?.key,
  sorted: ["b", "ä", "a", "B"].sort(),
  collator: ["x10", "x9"].sort((a, b) => (a < b ? -1 : 1)),
};

function errorText(): string {
  try {
    return addon.readFile("/nowhere");
  } catch (error) {
    return String(failure(error, { where: "here" }));
  }
}

/** A child of ours in the foreground, with a signal that comes before anybody waits. */
function foreground(): number {
  addon.catchSignals();
  const { pid, pidfd, channel } = start(shell("trap 'exit 21' USR1; while :; do sleep 0.01; done"));
  while (addon.receive(channel, 10_000) !== null);
  addon.sleep(100);
  // From another process: what the engine sends to itself stays its own.
  const sender = start(shell(`kill -USR1 ${addon.getpid()}`));
  finish(sender);
  return addon.supervise({ pid, pidfd, master: -1, subreaper: true });
}

/** Allocates until the garbage collector has run, with its own signals among its threads. */
function collectGarbage(): number {
  let kept = 0;
  for (let i = 0; i < 300_000; i++) kept += JSON.stringify({ i, text: `${i}` }).length % 2;
  return kept;
}

const { kernel, rootless, cgroup } = readHost(detectCgroups);
const seccomp = addon.compileSeccomp({
  defaultAction: 0x7fff0000,
  architectures: [],
  refuseNewer: false,
  rules: [
    { names: ["reboot"], action: 0x00050001, args: [{ index: 0, op: 4, value: 0xffff_ffff_ffffn, valueTwo: 0 }] },
  ],
});
const result = {
  init: initPath(),
  error: errorText(),
  kernel,
  rootless,
  version: cgroup.version,
  self: processStat(addon.getpid())?.pid === addon.getpid(),
  shell: shellOutput("echo hello; exec cat /proc/self/status"),
  foreground: foreground(),
  garbage: collectGarbage() >= 0,
  again: shellOutput("exit 9").status,
  filter: seccomp.filter.length % 8,
  bits: typeof addon.permittedCapabilities() === "bigint",
  files: files(),
  language,
  thrown: [
    ...[-1n, 2n ** 64n, 2n ** 64n - 1n, -(2n ** 63n), 0n].map((keep) =>
      thrown(() =>
        untyped.compileSeccomp!({
          defaultAction: 0x7fff0000,
          architectures: [],
          refuseNewer: false,
          rules: [{ names: ["reboot"], action: 0x00050001, args: [{ index: 0, op: 4, value: keep, valueTwo: 0 }] }],
        }),
      ),
    ),
    thrown(() => addon.readFile("/nowhere/ä")),
    thrown(() => untyped.readFile!(7)),
    thrown(() => untyped.readFile!()),
    thrown(() => untyped.close!("x")),
    thrown(() => untyped.close!(1.5)),
    thrown(() => untyped.writeFd!(1, {})),
    thrown(() => untyped.writeFd!(1, new Int32Array(2))),
    thrown(() => addon.readFile("/nowhere/\u0000x")),
  ],
};
addon.writeFd(1, JSON.stringify(result));
addon.exit(0);
