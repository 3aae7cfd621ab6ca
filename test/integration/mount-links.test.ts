// Bind mounts and symlinks: crun's options copy-symlink (`podman run --mount …,no-dereference`), src-nofollow and
// dest-nofollow, and what a symlink means without them.

import { mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { type TestConfig, withUserNamespace } from "../helpers/config.js";
import { mountAt, parseReport } from "../helpers/report.js";
import { type Sandbox, sandbox, tools } from "../helpers/sandbox.js";

/** A folder of the host: a file, a symlink to it by name, one to nowhere. */
function place(t: Test): { box: Sandbox; bind: (source: string, option: string) => (config: TestConfig) => void } {
  const box = sandbox(t);
  writeFileSync(join(box.dir, "file"), "of the host");
  symlinkSync("file", join(box.dir, "link"));
  symlinkSync("/no/such/place", join(box.dir, "dangling"));
  const bind = (source: string, option: string) => (config: TestConfig) => {
    config.mounts.push({ destination: "/etc/there", source: join(box.dir, source), options: ["bind", option] });
  };
  return { box, bind };
}

t.test("without these options both ends are followed", async (t) => {
  const { box, bind } = place(t);
  const text = box.shell("cat /etc/there /etc/real", (config, bundle) => {
    symlinkSync("real", join(bundle, "rootfs/etc/there"));
    bind("link", "ro")(config);
  });
  t.equal(text, "of the hostof the host");
});

t.test("copy-symlink: the container gets the symlink", async (t) => {
  const { box, bind } = place(t);
  let rootfs = "";
  const text = box.shell("readlink /etc/there", (config, bundle) => {
    rootfs = join(bundle, "rootfs");
    bind("dangling", "copy-symlink")(config);
  });
  t.equal(text, "/no/such/place");
  t.equal(readlinkSync(join(rootfs, "etc/there")), "/no/such/place");
  const mapped = box.shell("readlink /dev/there", (config) => {
    withUserNamespace(config);
    bind("dangling", "copy-symlink")(config);
    config.mounts.at(-1)!.destination = "/dev/there";
  });
  t.equal(mapped, "/no/such/place", "read in stage A, made in a user namespace");
  const again = box.shell("readlink /etc/there", (config, bundle) => {
    symlinkSync("file", join(bundle, "rootfs/etc/there"));
    bind("link", "copy-symlink")(config);
  });
  t.equal(again, "file", "the same symlink may be there");
  t.equal(box.shell("cat /etc/there", bind("file", "copy-symlink")), "of the host", "anything else is mounted");
});

t.test("copy-symlink does not remove what is there", async (t) => {
  const { box, bind } = place(t);
  for (const make of [
    (path: string) => writeFileSync(path, "of the image"),
    (path: string) => symlinkSync("elsewhere", path),
    (path: string) => mkdirSync(path),
  ]) {
    const { status, stderr } = box.runContainer((config, bundle) => {
      make(join(bundle, "rootfs/etc/there"));
      bind("link", "copy-symlink")(config);
    });
    t.equal(status, 1);
    t.match(stderr, /mounts\[7\].*make symlink \/etc\/there to file: something else is in its place/);
  }
});

t.test("src-nofollow mounts the symlink itself", async (t) => {
  const { box, bind } = place(t);
  const text = box.shell("readlink /etc/there; mount", bind("dangling", "src-nofollow"));
  t.match(text, /^\/no\/such\/place\n/);
  t.match(text, / on \/etc\/there type /);
  t.equal(box.shell("cat /etc/there", bind("file", "src-nofollow")), "of the host", "what is no symlink");
});

t.test("dest-nofollow mounts on the symlink itself", async (t) => {
  const { box, bind } = place(t);
  let rootfs = "";
  const result = box.runContainer((config, bundle) => {
    rootfs = join(bundle, "rootfs");
    symlinkSync("real", join(rootfs, "etc/there"));
    writeFileSync(join(rootfs, "etc/real"), "of the image");
    bind("file", "dest-nofollow")(config);
  });
  t.equal(mountAt(parseReport(result.stdout), "/etc/there")?.destination, "/etc/there", result.stderr);
  t.equal(readFileSync(join(rootfs, "etc/real"), "utf8"), "of the image");
});

t.test("where the kernel has no open_tree", async (t) => {
  const { box, bind } = place(t);
  const via = { via: [join(tools, "enosys"), "open_tree:ENOSYS"] };
  t.equal(box.shell("readlink /etc/there", bind("link", "copy-symlink"), via), "file");
  const refused = box.runContainer(bind("link", "src-nofollow"), via);
  t.equal(refused.status, 1);
  t.match(refused.stderr, /mount a symlink itself at \/etc\/there \(open_tree, Linux 5\.2\): function not implemented/);
  const onLink = box.shell(
    "cat /etc/there; cat /etc/real",
    (config, bundle) => {
      symlinkSync("real", join(bundle, "rootfs/etc/there"));
      writeFileSync(join(bundle, "rootfs/etc/real"), "-image");
      bind("file", "dest-nofollow")(config);
    },
    via,
  );
  t.equal(onLink, "of the host-image");
});
