// Bad input: programs that can't be run, each for its own reason.

import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { TestConfig } from "../helpers/config.js";
import { edited, refused } from "../helpers/refused.js";
import { sandbox, tools } from "../helpers/sandbox.js";

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
    [
      "missing",
      null,
      0,
      /exec: \\?"\/bin\/prog\\?": .*no such file or directory|\/bin\/prog.*no such file or directory/,
    ],
    [
      "not executable",
      "#!/bin/sh\n",
      0o644,
      /exec: \\?"\/bin\/prog\\?": permission denied|\/bin\/prog.*permission denied/,
    ],
    ["script without its interpreter", "#!/no/such/interpreter\n", 0o755, /\/no\/such\/interpreter/],
    ["script with DOS line ends", "#!/bin/sh\r\necho\r\n", 0o755, /carriage|CRLF|\\r|line end/i],
    [
      "ELF for another machine",
      elf(process.arch === "arm64" ? 62 : 183),
      0o755,
      /architecture|machine|exec format error/i,
    ],
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

/** A program of the image; what is there of that name is a link of all bundles. */
function program(rootfs: string, name: string, content: string, mode = 0o755): void {
  writeFileSync(join(rootfs, "bin", name), content);
  chmodSync(join(rootfs, "bin", name), mode);
}

const asUser = (config: TestConfig) => {
  config.process.user = { uid: 1000, gid: 1000 };
};

for (const [name, args, prepare, message] of [
  [
    "a byte order mark before the #! line",
    ["/bin/prog"],
    (_, rootfs) => program(rootfs, "prog", "\ufeff#!/bin/sh\n"),
    /exec format error \(a byte order mark stands before its #! line/,
  ],
  [
    "an interpreter that is a script without its own",
    ["/bin/prog"],
    (_, rootfs) => {
      program(rootfs, "inner", "#!/no/such/thing\n");
      program(rootfs, "prog", "#!/bin/inner\n");
    },
    /the interpreter \/bin\/inner of its #! line: the interpreter \/no\/such\/thing of its #! line does not exist/,
  ],
  [
    "an interpreter that is a dynamically linked program without its loader",
    ["/bin/prog"],
    (_, rootfs) => {
      copyFileSync("/bin/bash", join(rootfs, "bin/bash"));
      program(rootfs, "prog", "#!/bin/bash\n");
    },
    /the interpreter \/bin\/bash of its #! line: a dynamically linked program, and its loader \S+ does not exist/,
  ],
  [
    "an interpreter that is a directory",
    ["/bin/prog"],
    (_, rootfs) => program(rootfs, "prog", "#!/bin\n"),
    /permission denied \(the interpreter \/bin of its #! line: it is a directory\)/,
  ],
  [
    "scripts in a circle",
    ["/bin/prog"],
    (_, rootfs) => program(rootfs, "prog", "#!/bin/prog\n"),
    /its #! line leads to another script, and so on/,
  ],
  [
    "a mode that does not allow it to the user",
    ["/bin/prog"],
    (config, rootfs) => {
      program(rootfs, "prog", "#!/bin/sh\n", 0o700);
      asUser(config);
    },
    /permission denied \(\/bin\/prog has mode 0700 and owner 0:0, which does not allow it to user 1000:1000\)/,
  ],
  [
    "a directory on the way that is closed to the user",
    ["/closed/prog"],
    (config, rootfs) => {
      mkdirSync(join(rootfs, "closed"), { mode: 0o700 });
      asUser(config);
    },
    /stat \/closed\/prog: permission denied \(the directory \/closed has mode 0700 and owner 0:0/,
  ],
  [
    "a symlink to nowhere",
    ["/bin/prog"],
    (_, rootfs) => symlinkSync("/opt/nothing", join(rootfs, "bin/prog")),
    /stat \/bin\/prog: no such file or directory \(it is a symlink to \/opt\/nothing/,
  ],
  [
    "a FIFO",
    ["/bin/prog"],
    (_, rootfs) => execFileSync("mkfifo", ["-m755", join(rootfs, "bin/prog")]),
    /permission denied \(it is a FIFO\)/,
  ],
  ["a command line in one argument", ["/bin/sh -c true"], () => {}, /each argument must be an element of its own/],
  [
    "a command line in one argument, by PATH",
    ["sh -c true"],
    () => {},
    /found in \$PATH \(this is the name of one file/,
  ],
  ["nowhere along PATH", ["bash"], () => {}, /found in \$PATH \(looked for in \/[^ ]+bin\)/],
  [
    "along PATH, but not executable",
    ["prog"],
    (_, rootfs) => program(rootfs, "prog", "#!/bin/sh\n", 0o644),
    /found in \$PATH \(\/bin\/prog is no choice: no execute bit is set/,
  ],
] as [string, string[], (config: TestConfig, rootfs: string) => void, RegExp][]) {
  t.test(name, async (t) => {
    edited((config, bundle) => {
      config.process.args = args;
      prepare(config, join(bundle, "rootfs"));
    }, message)(t);
  });
}

t.test("a program with capabilities of its own that the container may not have", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config, bundle) => {
    const file = join(bundle, "rootfs/bin/capable");
    copyFileSync(join(bundle, "rootfs/bin/busybox"), file);
    execFileSync(join(tools, "probe"), ["try", "capable", file]);
    config.process.args = ["/bin/capable"];
  });
  refused(t, box, bundle, /exec \/bin\/capable: operation not permitted \(the file has capabilities/);
});
