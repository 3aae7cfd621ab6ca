// Profiles → BPF. The filters are looked at by running them: over every case in a small BPF
// machine here, and one in the kernel.

import t from "tap";
import type { SeccompProfile, SeccompRule } from "../../../src/host/addon.js";
import { native } from "../../../src/host/native.js";
import { failsWith } from "../../helpers/native-error.js";
import { shell, shellOutput, finish, start } from "./fixtures.js";

const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const errno = (number: number) => 0x00050000 | number;
const X86_64 = 0xc000003e;
const I386 = 0x40000003;
const AARCH64 = 0xc00000b7;
const ARM = 0x40000028;

/** seccomp_data: what a filter sees of a system call. */
function call(number: number, args: readonly bigint[] = [], architecture = X86_64): DataView {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, number, true);
  data.setUint32(4, architecture, true);
  for (const [index, value] of args.entries()) data.setBigUint64(16 + 8 * index, value, true);
  return data;
}

/** Runs a classic BPF program as the kernel does (Documentation/networking/filter.rst). */
function decide(filter: Uint8Array, data: DataView): number {
  const code = new DataView(filter.buffer, filter.byteOffset, filter.byteLength);
  let accumulator = 0;
  const memory: number[] = [];
  for (let at = 0; at < filter.length / 8; at++) {
    const [op, yes, no, k] = [
      code.getUint16(8 * at, true),
      code.getUint8(8 * at + 2),
      code.getUint8(8 * at + 3),
      code.getUint32(8 * at + 4, true),
    ];
    const branch = (met: boolean) => {
      at += met ? yes : no;
    };
    if (op === 0x20) accumulator = data.getUint32(k, true);
    else if (op === 0x54) accumulator = (accumulator & k) >>> 0;
    else if (op === 0x02) memory[k] = accumulator;
    else if (op === 0x60) accumulator = memory[k]!;
    else if (op === 0x05) at += k;
    else if (op === 0x15) branch(accumulator === k);
    else if (op === 0x25) branch(accumulator > k);
    else if (op === 0x35) branch(accumulator >= k);
    else if (op === 0x45) branch((accumulator & k) !== 0);
    else if (op === 0x06) return k;
    else throw new Error(`unknown BPF instruction 0x${op.toString(16)}`);
  }
  throw new Error("the program has no end");
}

/** The numbers in the tests are those of x86-64: named, so that the filter has them on any machine. */
function compile(rules: readonly SeccompRule[], profile: Partial<SeccompProfile> = {}) {
  const defaults = { defaultAction: errno(1), architectures: [X86_64], refuseNewer: false };
  return native().compileSeccomp({ ...defaults, rules, ...profile });
}

t.test("names, the default action, and unknown names", async (t) => {
  const { filter, unknown } = compile([
    { names: ["read", "no_such_call", "write"], action: ALLOW, args: [] },
    { names: ["reboot"], action: KILL_PROCESS, args: [] },
    // socketcall is known, but only i386 has it.
    { names: ["socketcall"], action: ALLOW, args: [] },
  ]);
  t.same(unknown, ["no_such_call"]);
  t.equal(decide(filter, call(0)), ALLOW);
  t.equal(decide(filter, call(1)), ALLOW);
  t.equal(decide(filter, call(2)), errno(1));
  t.equal(decide(filter, call(169)), KILL_PROCESS);
  t.equal(decide(filter, call(0, [], I386)), 0, "another architecture is killed");
});

t.test("a rule that says what the default says is passed over", async (t) => {
  const { filter } = compile([{ names: ["read"], action: errno(1), args: [] }]);
  t.equal(decide(filter, call(0)), errno(1));
});

t.test("other architectures", async (t) => {
  const { filter } = compile([{ names: ["read", "socketcall"], action: ALLOW, args: [] }], {
    architectures: [X86_64, I386],
  });
  t.equal(decide(filter, call(0)), ALLOW);
  t.equal(decide(filter, call(3, [], I386)), ALLOW);
  t.equal(decide(filter, call(102, [], I386)), ALLOW);
  t.equal(decide(filter, call(102)), errno(1));
  t.throws(() => compile([], { architectures: [1] }), failsWith("EINVAL", "seccomp_arch_add"));
});

const BIG = 0xffff_ffff_0000_0001n;
// SCMP_CMP_*, with values that match and values that do not; SCMP_CMP_MASKED_EQ is (argument & value) == valueTwo.
const operators = [
  { name: "NE", op: 1, value: 5n, matching: [4n, 6n, 0x1_0000_0005n], other: [5n] },
  { name: "LT", op: 2, value: 5n, matching: [0n, 4n], other: [5n, 6n, 0x1_0000_0000n] },
  { name: "LE", op: 3, value: 5n, matching: [4n, 5n], other: [6n, BIG] },
  { name: "EQ", op: 4, value: BIG, matching: [BIG], other: [BIG - 1n, BIG + 1n, 1n] },
  { name: "GE", op: 5, value: 5n, matching: [5n, 6n, BIG], other: [4n] },
  { name: "GT", op: 6, value: BIG, matching: [BIG + 1n], other: [BIG, 5n] },
  { name: "MASKED_EQ", op: 7, value: 0xf0n, valueTwo: 0x20n, matching: [0x20n, 0x2fn, 0xf2fn], other: [0x30n, 0n] },
];
for (const { name, op, value, valueTwo = 0n, matching, other } of operators) {
  t.test(`operator ${name}, 64 bits`, async (t) => {
    const { filter } = compile([{ names: ["write"], action: ALLOW, args: [{ index: 2, op, value, valueTwo }] }]);
    for (const each of matching) t.equal(decide(filter, call(1, [0n, 0n, each])), ALLOW, `${each}`);
    for (const each of other) t.equal(decide(filter, call(1, [0n, 0n, each])), errno(1), `${each}`);
  });
}

const equals = (index: number, value: number | bigint) => ({ index, op: 4, value, valueTwo: 0 });

t.test("conditions on different arguments must all hold", async (t) => {
  const { filter } = compile([{ names: ["socket"], action: ALLOW, args: [equals(0, 1), equals(1, 2)] }]);
  t.equal(decide(filter, call(41, [1n, 2n])), ALLOW);
  t.equal(decide(filter, call(41, [1n, 3n])), errno(1));
  t.equal(decide(filter, call(41, [2n, 2n])), errno(1));
});

t.test("of several conditions on one argument each is enough, as in runc and crun", async (t) => {
  const { filter } = compile([
    { names: ["personality"], action: ALLOW, args: [equals(0, 0), equals(0, 0xffffffffn), equals(0, 8)] },
  ]);
  for (const value of [0n, 8n, 0xffffffffn]) t.equal(decide(filter, call(135, [value])), ALLOW);
  t.equal(decide(filter, call(135, [9n])), errno(1));
});

t.test("many rules become a tree that decides the same", async (t) => {
  const names = [
    "read",
    "write",
    "open",
    "close",
    "stat",
    "fstat",
    "lstat",
    "poll",
    "lseek",
    "mmap",
    "mprotect",
    "munmap",
    "brk",
    "ioctl",
    "pread64",
    "pwrite64",
    "readv",
    "writev",
    "access",
    "pipe",
    "select",
    "mremap",
    "msync",
    "mincore",
    "madvise",
    "dup",
    "dup2",
    "pause",
    "nanosleep",
    "getpid",
    "socket",
    "connect",
    "accept",
    "sendto",
    "shutdown",
    "bind",
    "listen",
    "fork",
    "vfork",
    "execve",
    "exit",
  ];
  const each = names.map((name) => ({ names: [name], action: ALLOW, args: [] }));
  const tree = compile(each).filter;
  const lists = compile(each.slice(0, 20)).filter;
  t.ok(tree.length > lists.length);
  for (const number of [0, 1, 2, 3, 17, 39, 41, 57, 59, 60]) t.equal(decide(tree, call(number)), ALLOW, `${number}`);
  for (const number of [40, 61, 101, 165, 400]) t.equal(decide(tree, call(number)), errno(1), `${number}`);
});

t.test("calls that are newer than the profile get ENOSYS", async (t) => {
  const names = ["read", "close_range", "no_such_call"];
  const newer = (architectures: number[], names: string[]) =>
    compile([{ names, action: ALLOW, args: [] }], { refuseNewer: true, architectures }).filter;
  const filter = newer([X86_64], names);
  const table: [number, number][] = [
    [0, ALLOW],
    [1, errno(1)],
    [424, errno(1)],
    [435, errno(1)],
    [436, ALLOW],
    [437, errno(38)],
    [1000, errno(38)],
    [0x3fffffff, errno(38)],
    [0x40000000, 0],
    [0x400003e8, 0],
  ];
  for (const [number, action] of table) t.equal(decide(filter, call(number)), action, `${number}`);
  t.equal(decide(filter, call(1000, [], I386)), 0, "another architecture is the filter's");
});

t.test("a list of old calls: what came before Linux 4.4 gets the default action", async (t) => {
  const { filter } = compile([{ names: ["read"], action: ALLOW, args: [] }], { refuseNewer: true });
  t.equal(decide(filter, call(83)), errno(1));
  t.equal(decide(filter, call(325)), errno(1), "mlock2");
  t.equal(decide(filter, call(326)), errno(38), "copy_file_range");
});

t.test("newer calls of several architectures, x32 among them", async (t) => {
  const X32 = 0x4000003e;
  const rules = [{ names: ["read", "openat2"], action: ALLOW, args: [] }];
  const { filter } = compile(rules, { refuseNewer: true, architectures: [X86_64, I386, X32] });
  for (const [architecture, bit] of [
    [X86_64, 0],
    [I386, 0],
    [X86_64, 0x40000000],
  ] as const) {
    t.equal(decide(filter, call(bit + 437, [], architecture)), ALLOW, "openat2");
    t.equal(decide(filter, call(bit + 436, [], architecture)), errno(1));
    t.equal(decide(filter, call(bit + 438, [], architecture)), errno(38));
    t.equal(decide(filter, call(bit + 200, [], architecture)), errno(1));
  }
  t.equal(decide(filter, call(1000, [], 0xc00000f3)), 0, "an architecture that is not listed");
});

t.test("what engines send on arm64: calls that it never had are passed over", async (t) => {
  // mkdir and stat are mkdirat and newfstatat there; Arm of 32 bits has them all.
  const names = ["read", "mkdir", "mkdirat", "stat", "newfstatat", "openat2"];
  const rules = [{ names, action: ALLOW, args: [] }];
  const { filter, unknown } = compile(rules, { architectures: [AARCH64, ARM], refuseNewer: true });
  t.same(unknown, []);
  for (const number of [63, 34, 79, 437]) t.equal(decide(filter, call(number, [], AARCH64)), ALLOW, `${number}`);
  for (const number of [64, 33, 436]) t.equal(decide(filter, call(number, [], AARCH64)), errno(1), `${number}`);
  t.equal(decide(filter, call(438, [], AARCH64)), errno(38));
  for (const number of [3, 39, 106, 323, 437]) t.equal(decide(filter, call(number, [], ARM)), ALLOW, `arm ${number}`);
  t.equal(decide(filter, call(40, [], ARM)), errno(1), "arm: rmdir");
});

t.test("numbers must be exact", async (t) => {
  for (const value of [-1, 1.5, 2 ** 53, -1n, 1n << 64n, "1"]) {
    t.throws(
      () => compile([{ names: ["read"], action: ALLOW, args: [equals(0, value as bigint)] }]),
      TypeError,
      String(value),
    );
  }
  t.throws(
    () => compile([{ names: ["read"], action: ALLOW, args: [{ index: 6, op: 4, value: 0, valueTwo: 0 }] }]),
    failsWith("EINVAL", "seccomp_rule_add", "read"),
  );
  t.throws(() => compile([{ names: ["read"], action: 0x12340000, args: [] }]), failsWith("EINVAL", "seccomp_rule_add"));
  t.throws(() => compile([], { defaultAction: 0x12340000 }), failsWith("EINVAL", "seccomp_init"));
});

t.test("what this machine has", async (t) => {
  t.match(native().libseccompVersion(), /^2\.\d+\.\d+$/);
  t.equal(native().seccompFlagAvailable(1), true, "TSYNC");
  t.equal(native().seccompFlagAvailable(1 << 30), false);
  t.equal(shellOutput("grep ^Seccomp: /proc/self/status").output, "Seccomp:\t0\n", "asking sets nothing");
});

t.test("the kernel takes it", async (t) => {
  const { filter } = compile([{ names: ["mkdir", "mkdirat"], action: errno(95), args: [] }], { defaultAction: ALLOW });
  const dir = t.testdir();
  const output = native().memfd("output", "");
  const steps = [
    { op: "set_no_new_privs" },
    { op: "set_seccomp", flags: 0, filter },
    ...shell(`mkdir ${dir}/new 2>&1; echo $?`),
  ] as const;
  finish(start(steps, { stdio: [0, output, 2] }));
  t.match(native().readFile(`/proc/self/fd/${output}`), /not supported\n1\n$/);
  native().close(output);
});
