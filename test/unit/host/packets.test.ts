// Packets over a pair of sockets, symlinks, mountinfo.

import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { mountAt, parseMountinfo } from "../../../src/host/mountinfo.js";
import { native } from "../../../src/host/native.js";
import { failsWith } from "../../helpers/native-error.js";

t.test("packets keep their bounds", async (t) => {
  const [a, b] = native().socketpair();
  const big = new Uint8Array(60_000).fill(7);
  native().sendPacket(a, new Uint8Array([1, 2]));
  native().sendPacket(a, big);
  t.same(native().receivePacket(b), { bytes: new Uint8Array([1, 2]), fd: -1 });
  t.same(native().receivePacket(b)?.bytes.length, big.length);
  native().close(a);
  t.equal(native().receivePacket(b), null, "hung up");
  t.throws(() => native().sendPacket(b, big), failsWith("EPIPE"));
  native().close(b);
});

t.test("the text of a symlink", async (t) => {
  const dir = t.testdir();
  symlinkSync("somewhere/else", join(dir, "link"));
  mkdirSync(join(dir, "folder"));
  t.equal(native().readlink(join(dir, "link")), "somewhere/else");
  const memory = native().memfd("name", "");
  t.match(native().readlink(`/proc/self/fd/${memory}`), /^\/memfd:name/);
  native().close(memory);
  t.throws(() => native().readlink(join(dir, "folder")), failsWith("EINVAL"));
  t.throws(() => native().readlink(join(dir, "none")), failsWith("ENOENT"));
});

t.test("mountinfo", async (t) => {
  const mounts = parseMountinfo(
    [
      "22 1 0:20 / / rw,relatime master:1 - ext4 /dev/vda rw",
      "23 22 0:21 /a\\040b /mnt\\011x\\134 ro,nosuid shared:3 master:4 - tmpfs tmpfs rw",
      "24 22 0:22 /null /proc/kcore ro - devtmpfs dev rw",
      "25 22 0:23 / /proc/kcore rw - tmpfs t rw",
      "",
    ].join("\n"),
  );
  t.equal(mounts.length, 4);
  t.same(mounts[1], {
    id: 23,
    parent: 22,
    device: "0:21",
    root: "/a b",
    point: "/mnt\tx\\",
    options: ["ro", "nosuid"],
    type: "tmpfs",
    superOptions: ["rw"],
  });
  t.equal(mountAt(mounts, "/proc/kcore")?.id, 25, "the uppermost");
  t.equal(mountAt(mounts, "/nowhere"), undefined);
});
