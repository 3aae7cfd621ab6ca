// Device programs on a cgroup of cgroup2. Needs root; the cgroup is our own and is removed.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmdirSync } from "node:fs";
import t from "tap";
import type { NativeError } from "../../../src/host/addon.js";
import { native } from "../../../src/host/native.js";
import { failsWith } from "../../helpers/native-error.js";

const root = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].find((path) => existsSync(`${path}/cgroup.controllers`));
const missing = root === undefined ? "no cgroup2 here" : process.getuid!() !== 0 ? "needs root" : false;
const withCgroup = { skip: missing } as const;

/** "r0 = value; exit": 1 allows every device, 0 none. */
const answer = (value: number) => new Uint8Array([0xb7, 0, 0, 0, value, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]);

/** Does a process in the cgroup get at a device? */
function mayOpen(cgroup: string): boolean {
  return spawnSync("sh", ["-c", `echo $$ >${cgroup}/cgroup.procs && exec cat /dev/null`]).status === 0;
}

// Attaches two programs that deny everything, as another manager could have done.
const others = `
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
def bpf(command, *fields):
    attr = ctypes.create_string_buffer(struct.pack(*fields).ljust(256, b"\\0"), 256)
    fd = libc.syscall(321 if os.uname().machine == "x86_64" else 280, command, attr, 256)
    if fd < 0: raise OSError(ctypes.get_errno(), "bpf")
    return fd
code = ctypes.create_string_buffer(bytes([0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]))
license = ctypes.create_string_buffer(b"Apache")
cgroup = os.open(sys.argv[1], os.O_RDONLY)
for _ in range(2):
    program = bpf(5, "IIQQ", 15, 2, ctypes.addressof(code), ctypes.addressof(license))
    bpf(8, "IIII", cgroup, program, 6, 2)
`;

function cgroup(t: { teardown(clean: () => void): void }): string {
  const path = `${root}/runt-test-bpf-${process.pid}-${Math.random().toString(36).slice(2)}`;
  mkdirSync(path);
  t.teardown(() => rmdirSync(path));
  return path;
}

t.test("a program is put in place and replaced", withCgroup, async (t) => {
  const path = cgroup(t);
  t.ok(mayOpen(path));
  native().replaceDeviceProgram(path, answer(0));
  t.notOk(mayOpen(path));
  native().replaceDeviceProgram(path, answer(1));
  t.ok(mayOpen(path), "the first one is gone");
  native().replaceDeviceProgram(path, answer(0));
  t.notOk(mayOpen(path));
});

t.test("programs of others make room", withCgroup, async (t) => {
  const path = cgroup(t);
  execFileSync("python3", ["-c", others, path]);
  t.notOk(mayOpen(path));
  native().replaceDeviceProgram(path, answer(1));
  t.ok(mayOpen(path));
});

t.test("what the verifier refuses is said with its reasons", withCgroup, async (t) => {
  const path = cgroup(t);
  // r0 = *(r1 + 4096): outside of what the program may read.
  const wrong = new Uint8Array([0x61, 0x10, 0, 0x10, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]);
  try {
    native().replaceDeviceProgram(path, wrong);
    t.fail("it was accepted");
  } catch (error) {
    const { syscall, code, detail } = error as NativeError;
    t.match({ syscall, code }, { syscall: "bpf(BPF_PROG_LOAD)", code: /EACCES|EINVAL/ });
    t.match(detail, /invalid bpf_context access/);
  }
  t.ok(mayOpen(path), "and changes nothing");
});

t.test("bytes that are no program, places that are no cgroup", async (t) => {
  const dir = t.testdir();
  t.throws(() => native().replaceDeviceProgram(dir, new Uint8Array(7)), failsWith("EINVAL", "bpf(BPF_PROG_LOAD)"));
  t.throws(() => native().replaceDeviceProgram(dir, new Uint8Array(0)), failsWith("EINVAL", "bpf(BPF_PROG_LOAD)"));
  t.throws(() => native().replaceDeviceProgram(`${dir}/none`, answer(1)), failsWith("ENOENT", "open"));
  t.throws(() => native().replaceDeviceProgram(dir, answer(1)), { name: "Error" });
});
