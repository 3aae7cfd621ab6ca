// Bad input: programs that can't be run, each for its own reason.

import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { refused } from "../helpers/refused.js";
import { sandbox } from "../helpers/sandbox.js";

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
