import t from "tap";
import { mountedRoot } from "../../../src/container/root-mount.js";
import type { RootMountState } from "../../../src/container/state.js";
import { parseMountinfo } from "../../../src/host/mountinfo.js";

/** Lines of mountinfo: "ID PARENT DEVICE ROOT POINT". */
const mounts = (...lines: string[]) => parseMountinfo(lines.map((line) => `${line} rw - ext4 /dev/x rw`).join("\n"));

const state = (point: string, below: number): RootMountState => {
  return { point, below, directory: "1:2", namespace: "mnt:[1]", boot: "b" };
};
const never = () => false;

const HOST = ["20 1 8:1 / /", "21 20 0:5 / /run"];

t.test("nothing is mounted, or something that is not a copy of the directory", (t) => {
  t.equal(mountedRoot(mounts(...HOST), state("/b/rootfs", 20), never), null);
  t.equal(mountedRoot(mounts(...HOST, "30 20 0:9 / /b/rootfs"), state("/b/rootfs", 20), never), null, "a tmpfs");
  t.equal(mountedRoot(mounts(...HOST, "30 20 8:1 /other /b/rootfs"), state("/b/rootfs", 20), never), null);
  t.equal(
    mountedRoot(mounts(...HOST, "30 20 8:1 /b/rootfs /b/rootfs"), state("/b/rootfs", 19), never),
    null,
    "on another mount than when the container was made",
  );
  t.end();
});

t.test("the cover, what is on top of it, and nothing below", (t) => {
  const all = mounts(
    ...HOST,
    "30 20 8:1 /b/rootfs /b/rootfs",
    "31 30 0:9 / /b/rootfs",
    "32 31 0:10 / /b/rootfs/proc",
    "33 20 8:1 /c/rootfs /c/rootfs",
    "34 33 8:1 /c/rootfs /c/rootfs",
  );
  t.same(mountedRoot(all, state("/b/rootfs", 20), never), { point: "/b/rootfs", mounts: [31, 30] });
  t.same(mountedRoot(all.slice(0, 3), state("/b/rootfs", 20), never), { point: "/b/rootfs", mounts: [30] });
  t.end();
});

t.test("a directory on a mount that shows a part of its file system, and a mount point itself", (t) => {
  const part = mounts(
    "40 1 8:2 /data /srv",
    "41 40 8:2 /data/rootfs /srv/rootfs",
    "42 41 8:2 /data/rootfs /srv/rootfs",
  );
  t.same(mountedRoot(part, state("/srv/rootfs", 40), never), { point: "/srv/rootfs", mounts: [42, 41] });
  const point = mounts(...HOST, "50 20 0:7 / /b/rootfs", "51 50 0:7 / /b/rootfs", "52 51 0:7 / /b/rootfs");
  t.same(mountedRoot(point, state("/b/rootfs", 50), never), { point: "/b/rootfs", mounts: [52, 51] });
  t.end();
});

t.test("the directory has another path by now", (t) => {
  const all = mounts(...HOST, "30 20 8:1 /moved/rootfs /moved/rootfs", "31 30 8:1 /moved/rootfs /moved/rootfs");
  t.same(
    mountedRoot(all, state("/b/rootfs", 20), (point) => point === "/moved/rootfs"),
    {
      point: "/moved/rootfs",
      mounts: [31, 30],
    },
  );
  t.equal(mountedRoot(all, state("/b/rootfs", 20), never), null, "another container's");
  t.end();
});
