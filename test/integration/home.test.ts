// HOME where config.json has none: the container's own passwd(5) says it, whatever kind of file that is.

import { execFileSync } from "node:child_process";
import { rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { sandbox } from "../helpers/sandbox.js";

const PASSWD =
  "root:x:0:0:root:/r:/bin/sh\nx:y\nnode:x:1000:1000::/home/node:/bin/sh\nother:x:1000:5::/second:/bin/sh\n";

const homeOf = (uid: number, make: (path: string) => void, env: string[] = ["PATH=/bin"]) => {
  const box = sandbox(t);
  const bundle = box.bundle((config, folder) => {
    config.process.args = ["/bin/sh", "-c", "echo $HOME"];
    config.process.env = env;
    config.process.user = { uid, gid: 0 };
    const path = join(folder, "rootfs/etc/passwd");
    rmSync(path, { force: true });
    make(path);
  });
  const { stdout, stderr } = box.run(["run", "--bundle", bundle, box.id()], { timeout: 20_000 });
  return stderr || stdout.trim();
};
const text = (content: string) => (path: string) => writeFileSync(path, content);

t.test("the first line of the user counts", async (t) => {
  t.equal(homeOf(1000, text(PASSWD)), "/home/node");
  t.equal(homeOf(0, text(PASSWD)), "/r");
  t.equal(
    homeOf(1000, text(PASSWD.trimEnd().split("\n").slice(0, 3).join("\n"))),
    "/home/node",
    "no newline at the end",
  );
  t.equal(homeOf(1001, text(PASSWD)), "/");
  t.equal(homeOf(1000, text(PASSWD), ["PATH=/bin", "HOME=/mine"]), "/mine");
  t.equal(homeOf(1000, text(PASSWD), ["PATH=/bin", "HOME="]), "/home/node", "an empty one is none");
});

t.test("lines that are none", async (t) => {
  const lines = [
    "x:x:+1000:0::/a:",
    "x:x:1000 :0::/b:",
    "x:x:0x3e8:0::/c:",
    "1000:x:5:0::/d:",
    "x:x:1000:0:",
    "x:x:1000:0::e:",
  ];
  t.equal(homeOf(1000, text(lines.join("\n"))), "/");
  t.equal(homeOf(1000, text(`x:x:1000:0:${"g".repeat(9000)}:/a:\nx:x:1000:0::/b:\n`)), "/b", "a line that is too long");
  t.equal(homeOf(1000, text(`x:x:1000:0::/${"g".repeat(4096)}:\n`)), "/");
  t.equal(homeOf(4294967294, text("x:x:18446744073709551614:0::/a:\nx:x:4294967294:0::/b:\n")), "/b");
});

t.test("no file that could hold anybody up", async (t) => {
  const kinds: Record<string, (path: string) => void> = {
    pipe: (path) => void execFileSync("mkfifo", [path]),
    sparse: (path) => {
      writeFileSync(path, "");
      truncateSync(path, 2 ** 40);
    },
    zeros: (path) => symlinkSync("/dev/zero", path),
    directory: (path) => void execFileSync("mkdir", [path]),
    loop: (path) => symlinkSync("passwd", path),
    "host's": (path) => symlinkSync("../../../../../../../etc/passwd", path),
    missing: () => {},
  };
  for (const [kind, make] of Object.entries(kinds)) t.equal(homeOf(1000, make), "/", kind);
});

t.test("exec: of the user that it is for", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config, folder) => {
    config.process.args = ["/bin/sleep", "100"];
    config.process.env = ["PATH=/bin"];
    rmSync(join(folder, "rootfs/etc/passwd"), { force: true });
    writeFileSync(join(folder, "rootfs/etc/passwd"), PASSWD);
  });
  const { id } = box.create(bundle);
  box.run(["start", id]);
  const echo = [id, "/bin/sh", "-c", "echo $HOME"];
  t.equal(box.run(["exec", "--user", "1000", ...echo]).stdout, "/home/node\n");
  t.equal(box.run(["exec", ...echo]).stdout, "/r\n");
  t.equal(box.run(["exec", "--env", "HOME=/mine", ...echo]).stdout, "/mine\n");
});
