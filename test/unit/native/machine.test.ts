// Machines that runt is not made for: the set-up and the build say so, not the compiler.

import { spawnSync } from "node:child_process";
import t from "tap";
import { repository } from "../../helpers/sandbox.js";

function on(arch: string, script: string) {
  const code = `Object.defineProperty(process, "arch", { value: "${arch}" }); process.argv.push("-", "nothing"); import("./scripts/${script}");`;
  return spawnSync(process.execPath, ["-e", code], { cwd: repository, encoding: "utf8" });
}

t.test("another processor is refused by name", async (t) => {
  for (const script of ["setup.mjs", "build.mjs"]) {
    for (const arch of ["arm", "riscv64", "s390x", "ia32"]) {
      const { status, stderr } = on(arch, script);
      t.equal(status, 1, script);
      t.match(stderr, new RegExp(`^runt is built for x86-64 and little-endian arm64 only; this machine is ${arch} `));
    }
    for (const arch of ["x64", "arm64"]) t.match(on(arch, script).stderr, /no such (part|group): nothing/, script);
  }
});
