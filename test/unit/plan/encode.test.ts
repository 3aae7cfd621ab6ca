// The encoder against a decoder of the test's own, written from native/steps/steps.json.
import t from "tap";
import { encodeProgram } from "../../../src/plan/encode.js";
import { fieldsOf, NO_SLOT, STEP_LAYOUTS, STEP_MAGIC, STEP_VERSION, type Step } from "../../../src/plan/steps.gen.js";

const encode = (steps: readonly Step[], slots = 4, passed = 1) =>
  encodeProgram({ steps: steps.map((step) => ({ step, where: "here" })), slots, passed });

/** Reads a program back; throws when a byte is not where the format says. */
function decode(program: Uint8Array): { header: number[]; steps: Record<string, unknown>[] } {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  let at = 0;
  const skip = (size: number) => {
    at += size;
    return at - size;
  };
  const u32 = () => view.getUint32(skip(4), true);
  const raw = (length: number, padded: number) => {
    const bytes = program.slice(at, at + length);
    for (let i = at + length; i < at + padded; i++) if (program[i] !== 0) throw new Error(`byte ${i} is not zero`);
    at += padded;
    return bytes;
  };
  const string = () => {
    const length = u32();
    return new TextDecoder("utf-8", { fatal: true }).decode(raw(length, (length + 4) & ~3));
  };
  const many = <Item>(item: () => Item) => Array.from({ length: u32() }, item);
  const readers = {
    u32,
    slot: u32,
    i32: () => view.getInt32(skip(4), true),
    u64: () => view.getBigUint64(skip(8), true),
    string,
    bytes: () => {
      const length = u32();
      return raw(length, (length + 3) & ~3);
    },
    strings: () => many(string),
    u32s: () => many(u32),
  };
  const ops = new Map((Object.keys(STEP_LAYOUTS) as Step["op"][]).map((op) => [STEP_LAYOUTS[op][0], op]));
  const header = Array.from({ length: 6 }, u32);
  const steps = Array.from({ length: header[3]! }, () => {
    const op = ops.get(u32())!;
    const end = u32() + at;
    const step: Record<string, unknown> = { op };
    for (const [name, type] of fieldsOf(op)) step[name] = readers[type]();
    if (at !== end) throw new Error(`${op} ends at ${at}, not ${end}`);
    return step;
  });
  if (at !== program.length) throw new Error(`${program.length - at} bytes are left`);
  return { header, steps };
}

t.test("an empty program is a header", async (t) => {
  t.strictSame(decode(encode([], 3, 2)), { header: [STEP_MAGIC, STEP_VERSION, 24, 0, 3, 2], steps: [] });
});

t.test("every type of field comes back", async (t) => {
  const steps: Step[] = [
    { op: "set_session" },
    { op: "open_namespace", slot: 3, path: "/proc/1/ns/net", type: 0x40000000 },
    { op: "clone", flags: 0xffffffff, cgroup: NO_SLOT },
    {
      op: "set_scheduler",
      policy: 6,
      flags: 2n ** 64n - 1n,
      nice: -20,
      priority: 0,
      runtime: 9007199254740993n,
      deadline: 1n,
      period: 0n,
    },
    { op: "set_affinity", cpus: [] },
    { op: "set_affinity", cpus: [0, 4294967295] },
    { op: "set_seccomp", flags: 1, filter: Uint8Array.of(1, 2, 3, 4, 5) },
    { op: "execute", args: ["", "a", "ab", "abc", "abcd"], env: [] },
    { op: "set_hostname", name: "häuschen ⌂ 🏠" },
  ];
  const { header, steps: back } = decode(encode(steps));
  t.equal(header[3], steps.length);
  t.strictSame(back, steps);
});

t.test("a number of 64 bits may be given as a number", async (t) => {
  const [step] = decode(encode([{ op: "set_rlimit", resource: 7, soft: 1024, hard: Number.MAX_SAFE_INTEGER }])).steps;
  t.strictSame(step, { op: "set_rlimit", resource: 7, soft: 1024n, hard: BigInt(Number.MAX_SAFE_INTEGER) });
});

t.test("the buffer grows", async (t) => {
  const args = Array.from({ length: 3000 }, (_, i) => "x".repeat(i % 97));
  const filter = new Uint8Array(32768).fill(7);
  const steps: Step[] = [
    { op: "execute", args, env: ["A=".padEnd(200_000, "ü")] },
    { op: "set_seccomp", flags: 0, filter },
  ];
  t.strictSame(decode(encode(steps)).steps, steps);
});

t.test("what the other side could misread is refused", async (t) => {
  const refuse = (step: unknown, message: string) => {
    t.throws(() => encode([step as Step]), { name: "RuntError", message }, message);
  };
  refuse({ op: "set_hostname", name: "a\0b" }, 'here: set_hostname name "a\\u0000b": a text may not hold a NUL byte');
  refuse({ op: "execute", args: ["a", "\0"], env: [] }, 'here: execute args "\\u0000": a text may not hold a NUL byte');
  refuse({ op: "set_hostname" }, "here: set_hostname name: a text is missing (undefined)");
  refuse({ op: "set_umask", mask: -1 }, "here: set_umask mask: -1 is out of range");
  refuse({ op: "set_umask", mask: 2 ** 32 }, "here: set_umask mask: 4294967296 is out of range");
  refuse({ op: "set_umask", mask: 0.5 }, "here: set_umask mask: 0.5 is out of range");
  refuse({ op: "set_umask", mask: 1n }, "here: set_umask mask: 1 is out of range");
  refuse(
    { op: "set_rlimit", resource: 1, soft: 2n ** 64n, hard: 0 },
    "here: set_rlimit soft: 18446744073709551616 is out of range",
  );
  refuse(
    { op: "set_rlimit", resource: 1, soft: 2 ** 53, hard: 0 },
    "here: set_rlimit soft: 9007199254740992 is out of range",
  );
  refuse({ op: "set_rlimit", resource: 1, soft: -1, hard: 0 }, "here: set_rlimit soft: -1 is out of range");
  refuse({ op: "copy_up", slot: 4, target: "/" }, "here: copy_up slot: 4 is out of range");
  t.throws(() => encode([], 16385, 0), { message: /16385 descriptors/ });
});
