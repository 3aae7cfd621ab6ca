// Bad input: each a clear error, exit status 1, and nothing left behind.

import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { cgroupsNamed } from "../helpers/cgroup.js";
import type { TestConfig } from "../helpers/config.js";
import { type Sandbox, sandbox } from "../helpers/sandbox.js";

/** Runs a bundle that must be refused with a message; checks that nothing is left. */
function refused(t: Test, box: Sandbox, bundle: string, message: RegExp, command = "run"): string {
  const id = box.id();
  const result = box.run([command, "--bundle", bundle, id]);
  t.equal(result.status, 1, `exit status for ${message}`);
  t.equal(result.signal, null);
  t.match(result.stderr, message);
  t.equal(result.stdout, "", "nothing on stdout");
  t.notMatch(result.stderr, /\n\s+at |TypeError|undefined/, "no stack of the engine");
  t.equal(box.state(id), undefined, "no container");
  t.same(cgroupsNamed(id), [], "no cgroup");
  return result.stderr;
}

const edited = (edit: (config: TestConfig, bundle: string) => void, message: RegExp) => (t: Test) => {
  const box = sandbox(t);
  refused(t, box, box.bundle(edit), message);
};

t.test("no config.json", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle();
  rmSync(join(bundle, "config.json"));
  refused(t, box, bundle, /JSON specification file config\.json not found/);
});

t.test("no bundle", async (t) => {
  refused(t, sandbox(t), "/no/such/bundle", /\/no\/such\/bundle.*no such file or directory/);
});

for (const [what, text, message] of [
  ["null", "null", /config cannot be null/],
  ["an empty file", "", /config\.json/],
  ["not JSON", "{ \"ociVersion\": \"1.0.2\", }}", /config\.json.*line 1|config\.json:1:/],
  ["an array", "[]", /config\.json|object/],
  ["cut in half", '{"ociVersion": "1.0.2", "process": {"args": ["sh"', /config\.json/],
] as const) {
  t.test(`config.json is ${what}`, async (t) => {
    const box = sandbox(t);
    const bundle = box.bundle();
    box.configure(bundle, text);
    refused(t, box, bundle, message);
  });
}

t.test("wrong types: the place, the line, the value and what was expected", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    (config.process as { args: unknown }).args = "sh";
    (config.process as { cwd: unknown }).cwd = 7;
  });
  const lines = readFileSync(join(bundle, "config.json"), "utf8").split("\n");
  const message = refused(t, box, bundle, /process\.args/);
  t.match(message, /process\.cwd/, "all errors, not only the first");
  t.match(message, new RegExp(`${lines.findIndex((line) => line.includes('"args"')) + 1}`), "the line");
  t.match(message, /array/);
});

t.test("no ociVersion", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle();
  const config = JSON.parse(readFileSync(join(bundle, "config.json"), "utf8"));
  delete config.ociVersion;
  box.configure(bundle, config);
  refused(t, box, bundle, /ociVersion/);
});

for (const [name, edit, message] of [
  ["an ociVersion of another world", (c) => { c.ociVersion = "7.0.0"; }, /ociVersion.*7\.0\.0/],
  ["no process", (c) => { delete (c as { process?: unknown }).process; }, /process property must not be empty/],
  ["no args", (c) => { c.process.args = []; }, /args must not be empty/],
  ["an empty cwd", (c) => { c.process.cwd = ""; }, /Cwd property must not be empty/],
  ["a relative cwd", (c) => { c.process.cwd = "tmp"; }, /Cwd must be an absolute path/],
  ["an unknown namespace", (c) => { c.linux.namespaces.push({ type: "nett" }); }, /namespaces\[6\].*nett/],
  ["a misspelt namespace", (c) => { c.linux.namespaces[1] = { type: "netwrok" }; }, /did you mean.*network/i],
  ["a namespace twice", (c) => { c.linux.namespaces.push({ type: "pid" }); }, /namespaces.*pid|duplicate/],
  ["an rlimit twice", (c) => { c.process.rlimits!.push({ type: "RLIMIT_NOFILE", soft: 1, hard: 2 }); }, /rlimits.*RLIMIT_NOFILE|duplicate/],
  ["an unknown rlimit", (c) => { c.process.rlimits!.push({ type: "RLIMIT_NOFILES", soft: 1, hard: 2 }); }, /RLIMIT_NOFILES/],
  ["a soft rlimit above the hard one", (c) => { c.process.rlimits![0] = { type: "RLIMIT_NOFILE", soft: 9, hard: 2 }; }, /rlimits\[0\]/],
  ["an NUL in an argument", (c) => { c.process.args.push("a\0b"); }, /args/],
  ["an environment entry without =", (c) => { c.process.env!.push("NOVALUE"); }, /env/],
  ["a negative uid", (c) => { c.process.user.uid = -1; }, /uid/],
  ["a uid that is too large", (c) => { c.process.user.uid = 4294967296; }, /uid/],
  ["an unknown seccomp action", (c) => { c.linux.seccomp = { defaultAction: "SCMP_ACT_ALOW" }; }, /SCMP_ACT_ALOW/],
  ["an unknown propagation", (c) => { c.linux.rootfsPropagation = "everywhere"; }, /everywhere/],
  ["a device of an unknown type", (c) => { c.linux.devices = [{ path: "/dev/x", type: "z", major: 1, minor: 1 }]; }, /devices\[0\]/],
  ["a device with a relative path", (c) => { c.linux.devices = [{ path: "dev/x", type: "c", major: 1, minor: 1 }]; }, /devices\[0\]/],
  ["an id mapping without a user namespace", (c) => { c.linux.uidMappings = [{ containerID: 0, hostID: 1, size: 1 }]; }, /uidMappings|user namespace/i],
  ["a user namespace without mappings", (c) => { c.linux.namespaces.push({ type: "user" }); }, /mapping/i],
  ["a relative hook", (c) => { c.hooks = { createRuntime: [{ path: "bin/hook" }] }; }, /hooks.*createRuntime\[0\]/],
  ["a unified key with a slash", (c) => { c.linux.resources.unified = { "../memory.max": "1" }; }, /unified/],
] as [string, (config: TestConfig) => void, RegExp][]) {
  t.test(name, async (t) => edited(edit, message)(t));
}

t.test("an id mapping twice", async (t) => {
  edited((config) => {
    config.linux.namespaces.push({ type: "user" });
    config.linux.uidMappings = [
      { containerID: 0, hostID: 100000, size: 10 },
      { containerID: 5, hostID: 200000, size: 10 },
    ];
    config.linux.gidMappings = [{ containerID: 0, hostID: 100000, size: 10 }];
  }, /uidMappings/)(t);
});

t.test("a number that does not fit", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle();
  const text = readFileSync(join(bundle, "config.json"), "utf8");
  box.configure(bundle, text.replace('"resources": {', '"resources": { "memory": { "limit": 99999999999999999999 },'));
  refused(t, box, bundle, /memory\.limit/);
});

t.test("a 64-bit number above 2^53 is not rounded", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle();
  const text = readFileSync(join(bundle, "config.json"), "utf8");
  box.configure(bundle, text.replace('"hard": 1024', '"hard": 1024 }, { "type": "RLIMIT_FSIZE", "soft": 5, "hard": 9007199254740993'));
  const result = box.run(["run", "--bundle", bundle, box.id()]);
  // Taken exactly, or refused in words: never 9007199254740992.
  if (result.status === 0) t.equal(JSON.parse(result.stdout).rlimits.RLIMIT_FSIZE[1], "9007199254740993");
  else t.match(result.stderr, /rlimits\[1\]\.hard|9007199254740993/);
});

t.test("the rootfs is missing, a file, or a symlink to nowhere", async (t) => {
  const box = sandbox(t);
  const missing = box.bundle((config) => {
    config.root.path = "not-there";
  });
  refused(t, box, missing, /not-there.*no such file or directory/);
  const file = box.bundle((config, bundle) => {
    writeFileSync(join(bundle, "file"), "");
    config.root.path = "file";
  });
  refused(t, box, file, /file.*not a directory/);
  const link = box.bundle((config, bundle) => {
    symlinkSync("/no/where", join(bundle, "link"));
    config.root.path = "link";
  });
  refused(t, box, link, /link.*no such file or directory/);
});

t.test("the program: why it can't be run, each told apart", async (t) => {
  const box = sandbox(t);
  const elf = (machine: number, interpreter = "") => {
    // The smallest ELF file that execve looks at: header, one PT_INTERP or PT_LOAD.
    const file = Buffer.alloc(256);
    file.write("\x7fELF\x02\x01\x01", 0, "latin1");
    file.writeUInt16LE(2, 16); // ET_EXEC
    file.writeUInt16LE(machine, 18);
    file.writeUInt32LE(1, 20);
    file.writeBigUInt64LE(0x400000n, 24); // e_entry
    file.writeBigUInt64LE(64n, 32); // e_phoff
    file.writeUInt16LE(64, 52);
    file.writeUInt16LE(56, 54);
    file.writeUInt16LE(1, 56); // e_phnum
    file.writeUInt32LE(interpreter ? 3 : 1, 64);
    file.writeUInt32LE(5, 68);
    file.writeBigUInt64LE(interpreter ? 128n : 0n, 72); // p_offset
    file.writeBigUInt64LE(0x400000n, 80);
    file.writeBigUInt64LE(BigInt(interpreter ? interpreter.length + 1 : 256), 96);
    file.writeBigUInt64LE(BigInt(interpreter ? interpreter.length + 1 : 256), 104);
    file.write(interpreter, 128);
    return file;
  };
  const cases: [string, Buffer | string | null, number, RegExp][] = [
    ["missing", null, 0, /exec: \\?"\/bin\/prog\\?": .*no such file or directory|\/bin\/prog.*no such file or directory/],
    ["not executable", "#!/bin/sh\n", 0o644, /exec: \\?"\/bin\/prog\\?": permission denied|\/bin\/prog.*permission denied/],
    ["script without its interpreter", "#!/no/such/interpreter\n", 0o755, /\/no\/such\/interpreter/],
    ["script with DOS line ends", "#!/bin/sh\r\necho\r\n", 0o755, /carriage|CRLF|\\r|line end/i],
    ["ELF for another machine", elf(process.arch === "arm64" ? 62 : 183), 0o755, /architecture|machine|exec format error/i],
    ["ELF without its loader", elf(process.arch === "arm64" ? 183 : 62, "/no/such/ld.so"), 0o755, /\/no\/such\/ld\.so/],
    ["text without a #! line", "echo hello\n", 0o755, /exec format error/],
  ];
  const messages = new Set<string>();
  for (const [name, content, mode, message] of cases) {
    const bundle = box.bundle((config, bundle) => {
      config.process.args = ["/bin/prog"];
      if (content === null) return;
      writeFileSync(join(bundle, "rootfs/bin/prog"), content);
      chmodSync(join(bundle, "rootfs/bin/prog"), mode);
    });
    const text = refused(t, box, bundle, message);
    messages.add(text.replaceAll(/bundle-\d+|runt-test-[\w-]+|time="[^"]*"/g, ""));
    t.ok(text.length > 0, name);
  }
  t.equal(messages.size, cases.length, "no two of them read the same");
  const folder = box.bundle((config) => {
    config.process.args = ["/bin"];
  });
  refused(t, box, folder, /is a directory|permission denied/);
});

t.test("the program on a mount with noexec", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    config.mounts.push({ destination: "/data", type: "bind", source: "rootfs/bin", options: ["bind", "noexec"] });
    config.process.args = ["/data/probe"];
  });
  refused(t, box, bundle, /\/data\/probe.*(noexec|permission denied)/);
});

t.test("container ids", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle();
  for (const id of [".", "..", "a/b", "../x", "a b", "é", "a\nb", ""]) {
    const result = box.run(["create", "--bundle", bundle, id]);
    t.equal(result.status, 1, JSON.stringify(id));
    t.match(result.stderr, id === "" ? /container id cannot be empty/ : /invalid container ID format/, JSON.stringify(id));
  }
});

t.test("flags and arguments", async (t) => {
  const box = sandbox(t);
  for (const [args, message] of [
    [["run", "--no-such-flag", "x"], /flag provided but not defined: -no-such-flag/],
    [["--no-such-flag", "list"], /flag provided but not defined: -no-such-flag/],
    [["run"], /"run" requires exactly 1 argument/],
    [["state", "a", "b"], /"state" requires exactly 1 argument/],
    [["--log-format", "xml", "list"], /invalid log-format/],
    [["run", "--preserve-fds", "many", "x"], /invalid value/],
  ] as const) {
    const result = box.run([...args]);
    t.equal(result.status, 1, args.join(" "));
    t.match(result.stdout + result.stderr, message, args.join(" "));
  }
  const unknown = box.run(["frobnicate"]);
  t.equal(unknown.status, 3);
  t.match(unknown.stdout + unknown.stderr, /No help topic for 'frobnicate'/);
});

t.test("--log gets a line in the shape that callers parse, stderr the bare message", async (t) => {
  const box = sandbox(t);
  const log = join(box.dir, "log.json");
  const result = box.run(["--log", log, "--log-format", "json", "state", "nobody"]);
  t.equal(result.status, 1);
  const line = JSON.parse(readFileSync(log, "utf8").trim().split("\n").at(-1)!);
  t.match(line, { level: "error", msg: "container does not exist" });
  t.match(line.time, /^\d{4}-\d\d-\d\dT/);
  t.match(result.stderr, /^container does not exist$/m);
});

t.test("--root that is / or a file", async (t) => {
  const box = sandbox(t);
  const slash = box.run(["--root", "/", "list"]);
  t.equal(slash.status, 1);
  t.match(slash.stderr, /root/);
  const file = box.run(["--root", "/etc/passwd", "create", "--bundle", box.bundle(), box.id()]);
  t.equal(file.status, 1);
  t.match(file.stderr, /\/etc\/passwd/);
});

t.test("a missing console socket, and one that is not needed", async (t) => {
  const box = sandbox(t);
  const terminal = box.bundle((config) => {
    config.process.terminal = true;
  });
  refused(t, box, terminal, /cannot allocate tty if runc? ?t? ?will detach without setting console socket|console socket/, "create");
  const id = box.id();
  const plain = box.run(["create", "--console-socket", "/no/socket", "--bundle", box.bundle(), id]);
  t.equal(plain.status, 1);
  t.match(plain.stderr, /cannot use console socket if/);
  mkdirSync(join(box.dir, "x"));
  const nowhere = box.run(["create", "--console-socket", join(box.dir, "x/none"), "--bundle", terminal, box.id()]);
  t.equal(nowhere.status, 1);
  t.match(nowhere.stderr, /x\/none.*no such file or directory/);
});
