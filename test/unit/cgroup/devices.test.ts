// Device rules: the list, the v1 table, and the eBPF program, which is run by a small interpreter here.

import t from "tap";
import { allowsAll, deviceProgram } from "../../../src/cgroup/device-program.js";
import { deviceRules, MKNOD, READ, WRITE } from "../../../src/cgroup/device-rules.js";
import type { DeviceRules } from "../../../src/cgroup/resources.js";
import { deviceChanges, deviceTable, deviceWrites, type DeviceTable } from "../../../src/cgroup/v1/devices.js";

type Device = { type: "b" | "c"; major: number; minor: number };

/** Runs a program as the kernel would for one access. Knows what deviceProgram uses, and refuses all else. */
function runProgram(program: Uint8Array, device: Device, access: number): number {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const context = [(access << 16) | (device.type === "b" ? 1 : 2), device.major, device.minor];
  const registers = new Array<number | "context" | undefined>(11).fill(undefined);
  registers[1] = "context";
  const number = (index: number): number => {
    const value = registers[index];
    if (typeof value !== "number") throw new Error(`r${index} holds no number`);
    return value;
  };
  for (let at = 0, steps = 0; steps < 10000; at++, steps++) {
    if (at * 8 >= view.byteLength) throw new Error("ran off the end");
    const code = view.getUint8(at * 8);
    const dst = view.getUint8(at * 8 + 1) & 15;
    const src = view.getUint8(at * 8 + 1) >> 4;
    const offset = view.getInt16(at * 8 + 2, true);
    const value = view.getInt32(at * 8 + 4, true);
    if (code === 0x61) {
      if (registers[src] !== "context" || offset % 4 !== 0) throw new Error("bad load");
      registers[dst] = context[offset / 4];
    } else if (code === 0x57) registers[dst] = number(dst) & value;
    else if (code === 0x77) registers[dst] = number(dst) >>> value;
    else if (code === 0xb7) registers[dst] = value;
    else if (code === 0xbf) registers[dst] = number(src);
    else if (code === 0x15) at += number(dst) === value ? offset : 0;
    else if (code === 0x55) at += number(dst) !== value ? offset : 0;
    else if (code === 0x95) return number(0);
    else throw new Error(`unknown instruction ${code.toString(16)}`);
  }
  throw new Error("does not end");
}

/** What the v1 kernel does with a table (security/device_cgroup.c). */
function askTable({ allowByDefault, exceptions }: DeviceTable, device: Device, access: number): boolean {
  const matches = exceptions.filter(
    (one) =>
      one.type === device.type &&
      (one.major === null || one.major === device.major) &&
      (one.minor === null || one.minor === device.minor),
  );
  if (allowByDefault) return !matches.some((one) => (one.access & access) !== 0);
  return matches.some((one) => (access & ~one.access) === 0);
}

/** The meaning of a list: for each bit of access, the last rule that matches. */
function askList(rules: ReturnType<typeof deviceRules>, device: Device, access: number): boolean {
  return [MKNOD, READ, WRITE]
    .filter((bit) => access & bit)
    .every((bit) => {
      const last = rules.findLast(
        (rule) =>
          (rule.type === "a" || rule.type === device.type) &&
          (rule.major === null || rule.major === device.major) &&
          (rule.minor === null || rule.minor === device.minor) &&
          (rule.access & bit) !== 0,
      );
      return last?.allow ?? false;
    });
}

const null_: Device = { type: "c", major: 1, minor: 3 };
const kmem: Device = { type: "c", major: 1, minor: 2 };
const sda: Device = { type: "b", major: 8, minor: 0 };
const fuse: Device = { type: "c", major: 10, minor: 229 };
const pts: Device = { type: "c", major: 136, minor: 77 };
const DEVICES = [null_, kmem, sda, fuse, pts, { type: "b", major: 1, minor: 3 } as Device];
// What the kernel asks for: mknod alone, or reading, writing or both.
const ACCESSES = [MKNOD, READ, WRITE, READ | WRITE];

const denyAll = { allow: false, access: "rwm" };
const allowAll = { allow: true, access: "rwm" };
const LISTS: Record<string, DeviceRules | undefined> = {
  "no rules": undefined,
  "deny all": [denyAll],
  "allow rules without a leading deny (GHSA-g54h-m393-cpwq)": [
    { allow: true, type: "c", major: 10, minor: 229, access: "rw" },
  ],
  "the spec's example": [
    denyAll,
    { allow: true, type: "c", major: 10, minor: 229, access: "rw" },
    { allow: true, type: "b", major: 8, minor: 0, access: "r" },
  ],
  privileged: [denyAll, allowAll],
  "all but one": [allowAll, { allow: false, type: "b", major: 8, minor: 0, access: "rw" }],
  "all but what is given back": [
    allowAll,
    { allow: false, type: "b", major: 8, access: "rwm" },
    { allow: true, type: "b", major: 8, access: "r" },
  ],
  "wildcards as -1": [{ allow: true, type: "b", major: 8, minor: -1, access: "rwm" }],
  "a narrow and a wide rule": [
    { allow: true, type: "c", major: 10, minor: 229, access: "r" },
    { allow: true, type: "c", major: 10, access: "w" },
  ],
  "a wide deny takes narrow rules away": [
    { allow: true, type: "b", major: 8, minor: 0, access: "rw" },
    { allow: false, type: "b", access: "rw" },
  ],
  "no type but numbers: not everything": [{ allow: true, major: 10, minor: 229, access: "rwm" }],
  "type a, one access": [{ allow: true, type: "a", access: "r" }],
  "deny without access means all of it": [allowAll, { allow: false, type: "b" }],
  "what was allowed is denied": [
    { allow: true, type: "b", major: 8, minor: 0, access: "rwm" },
    { allow: false, type: "b", major: 8, minor: 0, access: "w" },
  ],
};
const V2_ONLY: Record<string, DeviceRules> = {
  "a hole in a wide rule": [
    { allow: true, type: "b", access: "rwm" },
    { allow: false, type: "b", major: 8, minor: 0, access: "w" },
  ],
  "a hole from type a": [
    { allow: true, type: "a", access: "r" },
    { allow: false, major: 8, minor: 0, access: "r" },
  ],
};

for (const [name, list] of Object.entries({ ...LISTS, ...V2_ONLY })) {
  t.test(`v2 program: ${name}`, async (t) => {
    const rules = deviceRules(list);
    const program = deviceProgram(rules);
    for (const device of DEVICES) {
      for (const access of ACCESSES) {
        const answer = runProgram(program, device, access) === 1;
        const what = `${device.type} ${device.major}:${device.minor} access ${access}`;
        t.equal(answer, askList(rules, device, access), what);
      }
    }
  });
}

for (const [name, list] of Object.entries(LISTS)) {
  t.test(`v1 table: ${name}`, async (t) => {
    const rules = deviceRules(list);
    const table = deviceTable(rules);
    for (const device of DEVICES) {
      for (const access of ACCESSES) {
        const what = `${device.type} ${device.major}:${device.minor} access ${access}`;
        t.equal(askTable(table, device, access), askList(rules, device, access), what);
      }
    }
  });
}

t.test("the plain truth of some answers", async (t) => {
  const ask = (list: DeviceRules | undefined, device: Device, access: number) =>
    runProgram(deviceProgram(deviceRules(list)), device, access);
  t.equal(ask(undefined, null_, READ | WRITE), 1);
  t.equal(ask(undefined, pts, READ | WRITE), 1);
  t.equal(ask(undefined, kmem, READ), 0);
  t.equal(ask(undefined, kmem, MKNOD), 1, "a node may be made, not opened");
  t.equal(ask(LISTS["allow rules without a leading deny (GHSA-g54h-m393-cpwq)"], sda, READ), 0);
  t.equal(ask([denyAll, allowAll], sda, READ | WRITE), 1);
});

t.test("v1 refuses what its kernel would silently not do", async (t) => {
  for (const list of Object.values(V2_ONLY)) {
    t.throws(() => deviceTable(deviceRules(list)), {
      message: /^linux.resources.devices\[1\]: cgroup v1 cannot deny b 8:0 r?w? out of the wider rule b \*:\*/,
    });
  }
});

t.test("v1 writes: the default first", async (t) => {
  const lines = (list: DeviceRules | undefined) =>
    deviceWrites(deviceTable(deviceRules(list))).map(({ file, value }) => `${file} ${value}`);
  t.same(lines([denyAll]), [
    "devices.deny a *:* rwm",
    "devices.allow c *:* m",
    "devices.allow b *:* m",
    "devices.allow c 1:3 rwm",
    "devices.allow c 1:5 rwm",
    "devices.allow c 1:7 rwm",
    "devices.allow c 1:8 rwm",
    "devices.allow c 1:9 rwm",
    "devices.allow c 5:0 rwm",
    "devices.allow c 5:2 rwm",
    "devices.allow c 136:* rwm",
    "devices.allow c 10:200 rwm",
  ]);
  t.same(lines([allowAll]), ["devices.allow a *:* rwm"]);
  t.same(lines([allowAll, { allow: false, type: "b", major: 8, access: "w" }]), [
    "devices.allow a *:* rwm",
    "devices.deny b 8:* w",
  ]);
});

t.test("v1 changes of a running container: only the differences", async (t) => {
  const list = "b *:* m\nc *:* m\nc 1:3 rwm\nc 10:229 rw\nb 8:0 r\n";
  const target = deviceTable([
    ...deviceRules([]).slice(0, 5),
    ...deviceRules([{ allow: true, type: "b", major: 8, minor: 0, access: "w" }]).slice(1, 2),
  ]);
  t.same(
    deviceChanges(target, list).map(({ file, value }) => `${file} ${value}`),
    ["devices.deny c 10:229 rw", "devices.deny b 8:0 r", "devices.allow c 1:5 rwm", "devices.allow b 8:0 w"],
  );
  t.equal(deviceChanges(target, "a *:* rwm\n")[0]!.value, "a *:* rwm", "from allow-all: all anew");
});

t.test("form of the program", async (t) => {
  const program = deviceProgram(deviceRules(undefined));
  t.equal(program.byteLength % 8, 0);
  t.ok(program.byteLength / 8 < 4096, "fits kernels before 5.2");
  t.equal(allowsAll(deviceRules([allowAll])), true);
  t.equal(allowsAll(deviceRules(undefined)), false);
  t.equal(allowsAll(deviceRules([allowAll, { allow: false, type: "b", access: "r" }])), false);
});

t.test("bad rules", async (t) => {
  for (const [rule, message] of [
    [{ allow: true }, /devices\[0\].access: device access cannot be empty/],
    [{ allow: true, access: "rx" }, /"rx" holds "x", but access is made of r, w and m/],
    [{ allow: true, access: "r", type: "p" }, /devices\[0\].type: invalid cgroup device type "p"/],
    [{ allow: true, access: "r", type: "c", major: 2 ** 32 }, /devices\[0\].major: 4294967296 is no device number/],
  ] as const) {
    t.throws(() => deviceRules([rule as DeviceRules[number]]), { message });
  }
});
