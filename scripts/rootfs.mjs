// A small root filesystem from busybox-static: made in place, nothing is fetched.
import { chmodSync, copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fail, filesBelow } from "./tools.mjs";

const applets = (
  "[ awk basename cat chmod chown cp cut date dd df dirname echo env expr false find grep head hostname id kill " +
  "ln ls mkdir mkfifo mknod mount mv nproc od printf ps pwd readlink rm rmdir sed seq sh sleep sort stat stty tail " +
  "test timeout top touch tr true tty umount uname wc which yes"
).split(" ");

/** Where this machine has a busybox that needs no library. */
export function busybox() {
  const found = ["/bin/busybox", "/usr/bin/busybox"].find((path) => filesBelow(path).length === 1);
  return found ?? fail("busybox is missing: apt-get install busybox-static");
}

/** Makes the root filesystem anew; `programs` are further files to put in: path inside → path here. */
export function makeRootfs(folder, programs = {}) {
  rmSync(folder, { recursive: true, force: true });
  for (const name of ["bin", "dev", "etc", "home", "proc", "root", "run", "sys", "tmp", "usr", "var"]) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  chmodSync(join(folder, "tmp"), 0o1777);
  copyFileSync(busybox(), join(folder, "bin/busybox"));
  chmodSync(join(folder, "bin/busybox"), 0o755);
  for (const applet of applets) symlinkSync("busybox", join(folder, "bin", applet));
  writeFileSync(join(folder, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home:/bin/sh\n");
  writeFileSync(join(folder, "etc/group"), "root:x:0:\nuser:x:1000:\n");
  for (const [path, source] of Object.entries(programs)) copyFileSync(source, join(folder, path));
}
