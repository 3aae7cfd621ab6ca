// Makes what the tests use: build/test/NAME from every test/helpers/NAME.c (static),
// and build/test/rootfs from them and busybox.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { makeRootfs } from "./rootfs.mjs";
import { newest, oldest, root } from "./tools.mjs";

const out = join(root, "build/test");
mkdirSync(out, { recursive: true });
// Where Debian keeps the kernel's headers of this architecture.
const machine = `${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`;
for (const file of readdirSync(join(root, "test/helpers")).filter((name) => name.endsWith(".c"))) {
  const source = join(root, "test/helpers", file);
  const program = join(out, file.slice(0, -2));
  if (newest([source]) <= oldest([program])) continue;
  const include = ["-idirafter", "/usr/include", "-idirafter", `/usr/include/${machine}`];
  const flags = ["-std=gnu11", "-Os", "-Wall", "-Wextra", "-Werror", "-static", "-s", "-D_GNU_SOURCE"];
  execFileSync("musl-gcc", [...flags, ...include, "-o", program, source], { stdio: "inherit" });
}
const inRootfs = ["probe", "noop", "notify"].map((name) => [`/bin/${name}`, join(out, name)]);
makeRootfs(join(out, "rootfs"), Object.fromEntries(inRootfs));
