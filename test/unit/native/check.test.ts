// runt-init decodes a program before it runs the first step of it. Whatever the bytes are, it must
// answer "ok" or say what is wrong, and never crash (security.md D.8).
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import tap, { type Test } from "tap";
import { encodeProgram } from "../../../src/plan/encode.js";
import { type FieldType, fieldsOf, STEP_LAYOUTS, STEP_VERSION, type Step } from "../../../src/plan/steps.gen.js";

const INIT = fileURLToPath(new URL("../../../../lib/runt/runt-init", import.meta.url));
const BATCH = 500;
const SLOTS = 8;

/** Answers of `runt-init --check`, in order. Fails the test when it ends by a signal. */
function check(t: Test, programs: readonly Uint8Array[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), "runt-check-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const answers: string[] = [];
  for (let first = 0; first < programs.length; first += BATCH) {
    const names = programs.slice(first, first + BATCH).map((program, index) => {
      writeFileSync(join(folder, `${first + index}`), program);
      return `${first + index}`;
    });
    const run = spawnSync(INIT, ["--check", ...names], { cwd: folder, encoding: "utf8" });
    t.equal(run.signal, null, `programs ${first} to ${first + names.length - 1} end by no signal`);
    const lines = run.stdout.trimEnd().split("\n");
    t.equal(lines.length, names.length, "a line for each");
    t.equal(run.status, lines.every((line) => line.endsWith(": ok")) ? 0 : 1, "the status says whether all are sound");
    answers.push(...lines.map((line) => line.slice(line.indexOf(": ") + 2)));
  }
  return answers;
}

/** Always the same numbers: a failure must come back. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function field(type: FieldType, below: (limit: number) => number): unknown {
  const text = () => "/äb c"[below(5)]!.repeat(below(20));
  switch (type) {
    case "u32":
      return below(2 ** 32);
    case "i32":
      return below(2 ** 32) - 2 ** 31;
    case "u64":
      return BigInt(below(2 ** 32)) << 32n;
    case "slot":
      return below(SLOTS);
    case "string":
      return text();
    case "bytes":
      return new Uint8Array((1 + below(10)) * 8).fill(below(256));
    case "strings":
      return Array.from({ length: 1 + below(4) }, text);
    case "u32s":
      return Array.from({ length: below(6) }, () => below(1000));
  }
}

function randomStep(op: Step["op"], below: (limit: number) => number): Step {
  const fields = fieldsOf(op).map(([name, type]) => [name, field(type, below)]);
  return { op, ...Object.fromEntries(fields) } as unknown as Step;
}

const encode = (...steps: Step[]) =>
  encodeProgram({ steps: steps.map((step) => ({ step, where: "" })), slots: SLOTS, passed: 2 });
const OPS = Object.keys(STEP_LAYOUTS) as Step["op"][];

/** A copy with one u32 set. */
function withWord(program: Uint8Array, at: number, value: number): Uint8Array {
  const copy = program.slice();
  new DataView(copy.buffer).setUint32(at, value, true);
  return copy;
}

tap.test("what the encoder makes is sound", async (t) => {
  const below = random(1);
  const programs = [encode(), ...OPS.map((op) => encode(randomStep(op, below)))];
  for (let i = 0; i < 200; i++) {
    programs.push(encode(...Array.from({ length: below(20) }, () => randomStep(OPS[below(OPS.length)]!, below))));
  }
  const bad = check(t, programs).filter((answer) => answer !== "ok");
  t.strictSame(bad, []);
});

tap.test("a program that is cut off or goes on is refused", async (t) => {
  const below = random(2);
  const whole = encode(...OPS.map((op) => randomStep(op, below)));
  const cut: Uint8Array[] = [];
  for (let size = 0; size < whole.length; size += 3) {
    cut.push(whole.slice(0, size));
    if (size >= 24) cut.push(withWord(whole.slice(0, size), 8, size));
  }
  const longer = new Uint8Array(whole.length + 4);
  longer.set(whole);
  cut.push(longer, withWord(longer, 8, longer.length));
  t.strictSame(check(t, cut).indexOf("ok"), -1);
});

tap.test("each part of the header counts", async (t) => {
  const program = encode({ op: "set_session" });
  const bad = [
    [0, 1],
    [4, STEP_VERSION + 1],
    [8, 28],
    [12, 2],
    [12, 0],
    [12, 0xffffffff],
    [16, 16385],
    [20, SLOTS + 1],
  ].map(([at, value]) => withWord(program, at!, value!));
  t.strictSame(check(t, bad), [
    "this is no program of steps",
    "the program has another version than this runt-init",
    "the size of the program is not what its header says",
    "a step of the program is cut off",
    "the program has bytes left over at its end",
    "a step of the program is cut off",
    "the program has too many slots",
    "the program has too many slots",
  ]);
});

tap.test("a step that does not fit its layout is refused", async (t) => {
  const hostname = encode({ op: "set_hostname", name: "abc" });
  const nulInside = hostname.slice();
  nulInside[24 + 8 + 4 + 1] = 0;
  const notTerminated = hostname.slice();
  notTerminated[24 + 8 + 4 + 3] = 1;
  const padded = encode({ op: "set_hostname", name: "abcd" });
  padded[padded.length - 1] = 1;
  const slot = encode({ op: "copy_up", slot: 0, target: "/" });
  const malformed = [
    nulInside,
    notTerminated,
    padded,
    withWord(hostname, 24, 0), // unknown opcodes
    withWord(hostname, 24, OPS.length + 1),
    withWord(hostname, 32, 2), // length of the text
    withWord(hostname, 32, 0xffffffff),
    withWord(hostname, 32, 0xfffffffc),
    withWord(slot, 32, SLOTS), // slots
    withWord(slot, 32, 0xffffffff),
    withWord(encode({ op: "set_affinity", cpus: [1] }), 32, 0x40000001),
    withWord(encode({ op: "execute", args: ["a"], env: [] }), 32, 0xffffffff),
    encode({ op: "execute", args: [], env: [] }),
    encode({ op: "set_seccomp", flags: 0, filter: new Uint8Array(0) }),
    encode({ op: "set_seccomp", flags: 0, filter: new Uint8Array(12) }),
    encode({ op: "set_seccomp", flags: 0, filter: new Uint8Array(8 * 4097) }),
  ];
  t.strictSame(
    check(t, malformed),
    malformed.map(() => "a step of the program is malformed"),
  );
});

tap.test("broken bytes never crash it", async (t) => {
  const below = random(3);
  const extremes = [0, 1, 3, 4, 0x7fffffff, 0x80000000, 0xfffffffb, 0xfffffffc, 0xffffffff];
  const programs = Array.from({ length: 3000 }, () => {
    const program = encode(
      ...Array.from({ length: 1 + below(4) }, () => randomStep(OPS[below(OPS.length)]!, below)),
    ).slice();
    for (let changes = 1 + below(3); changes > 0; changes--) {
      if (below(2) && program.length > 28) {
        const at = 24 + 4 * below((program.length - 24) / 4);
        new DataView(program.buffer).setUint32(at, extremes[below(extremes.length)]!, true);
      } else {
        program[below(program.length)]! ^= 1 << below(8);
      }
    }
    return program;
  });
  check(t, programs);
});

tap.test("a file that is none", async (t) => {
  const run = spawnSync(INIT, ["--check", "/nonexistent", "/dev/null", "/"], { encoding: "utf8" });
  t.equal(run.stdout, "/nonexistent: can't be opened\n/dev/null: empty\n/: can't be mapped\n");
  t.equal(run.status, 1);
  t.equal(spawnSync(INIT, []).status, 1);
  t.equal(spawnSync(INIT, ["-1"]).status, 1);
});
