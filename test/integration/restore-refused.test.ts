// What restore refuses, and that nothing is left of it: bad input, images that are not whole, and images that hold more than
// config.json gives.

import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { TestConfig } from "../helpers/config.js";
import { checkpoint, counting, gone, noCriu, restore } from "../helpers/criu.js";
import { sandbox } from "../helpers/sandbox.js";

const withCriu = { skip: noCriu } as const;

t.test("what is refused before criu", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => (config.process.args = ["/bin/true"]));
  const empty = join(box.dir, "empty");
  mkdirSync(empty);
  const refused = (words: string[], stderr: RegExp) => {
    const id = box.id();
    t.match(box.run(["restore", "-d", "-b", bundle, ...words, id]), { status: 1, stderr }, words.join(" "));
    gone(t, box, id);
  };
  refused(["--image-path", join(box.dir, "none")], /--image-path: open .*\/none: no such file or directory/);
  refused(["--image-path", empty], /no whole checkpoint is there/);
  refused(["--image-path", empty, "--lsm-profile", "x"], /--lsm-profile: expected apparmor:NAME or selinux:LABEL/);
  refused(["--image-path", empty, "--manage-cgroups-mode", "x"], /invalid manage-cgroups-mode value/);
  refused(["--image-path", empty, "--empty-ns", "x"], /namespace \\?"x\\?" is not supported/);
  refused(["--image-path", empty, "--console-socket", "x"], /cannot use console socket/);
  writeFileSync(join(empty, "runt-checkpoint.json"), "{");
  refused(["--image-path", empty], /the file is damaged, or of another version of runt/);
  t.match(box.run(["restore", "--bundle", empty, box.id()]), { status: 1, stderr: /config\.json not found/ });
  const { id } = box.create(bundle);
  rmSync(join(empty, "runt-checkpoint.json"));
  writeFileSync(join(empty, "descriptors.json"), "[]");
  t.match(box.run(["restore", "-b", bundle, "--image-path", empty, id]), {
    status: 1,
    stderr: noCriu ? /criu/ : /container with given ID already exists/,
  });
  t.equal(box.state(id)?.status, "created", "it is untouched");
});

t.test("config.json decides: less than the image has is refused before it runs", withCriu, async (t) => {
  const box = sandbox(t);
  const { id, bundle } = await counting(box, (config, folder) => {
    config.process.args = ["/bin/sh", "-c", "echo ready; while :; do echo ran >>/ran; sleep 0.05; done"];
    config.process.capabilities!.bounding!.push("CAP_SYS_ADMIN");
    mkdirSync(join(folder, "data"));
    config.mounts.push({ destination: "/data", source: "data", options: ["bind"] });
  });
  const images = checkpoint(box, id);
  const text = readFileSync(join(bundle, "config.json"), "utf8");
  const ran = () => readFileSync(join(bundle, "rootfs/ran"), "utf8").length;
  const before = ran();
  const refused = (edit: (config: TestConfig) => void, stderr: RegExp) => {
    const config = JSON.parse(text) as TestConfig;
    edit(config);
    box.configure(bundle, config);
    const back = restore(box, bundle, images);
    t.match(back.result, { status: 1, stderr });
    gone(t, box, back.id);
  };
  const last = (config: TestConfig) => config.mounts.at(-1)!;
  refused(
    (config) => (config.process.capabilities!.bounding = ["CAP_KILL", "CAP_AUDIT_WRITE", "CAP_NET_BIND_SERVICE"]),
    /process\.capabilities: restored process \d+: its bounding set has more: 0x200000/,
  );
  refused(
    (config) =>
      (config.linux.seccomp = {
        defaultAction: "SCMP_ACT_ALLOW",
        syscalls: [{ names: ["mkdir"], action: "SCMP_ACT_ERRNO" }],
      }),
    /linux\.seccomp: restored process \d+: it has no filter/,
  );
  refused(
    (config) => (last(config).options = ["bind", "ro"]),
    /mounts\[\d+\] \(\/data\): restored process \d+: the mount can be written to/,
  );
  refused((config) => config.mounts.pop(), /had a bind mount at \/data, and config\.json has none there/);
  refused((config) => (config.linux.maskedPaths = ["/proc/uptime"]), /\/proc\/uptime is not masked/);
  refused((config) => (config.linux.readonlyPaths = ["/proc/tty"]), /\/proc\/tty can be written to/);
  t.equal(ran(), before, "not one of its instructions has run");
});

t.test("images that are cut in half", withCriu, async (t) => {
  const box = sandbox(t);
  const { id, bundle } = await counting(box);
  const images = checkpoint(box, id);
  const cut = (name: string) => {
    const file = join(images, name);
    const bytes = readFileSync(file);
    truncateSync(file, bytes.length >> 1);
    const back = restore(box, bundle, images);
    t.match(
      back.result,
      { status: 1, stderr: /^time=.*level=error msg="restore: criu (failed|ended).*restore\.log/ },
      name,
    );
    gone(t, box, back.id);
    writeFileSync(file, bytes);
  };
  cut("core-1.img");
  cut(
    "mountpoints-".concat(
      readdirSync(images)
        .find((name) => name.startsWith("mountpoints-"))!
        .slice(12),
    ),
  );
  const back = restore(box, bundle, images);
  t.equal(back.result.status, 0, "whole again");
});

t.test("a failing hook undoes the restore", withCriu, async (t) => {
  const box = sandbox(t);
  const { id, bundle } = await counting(box);
  const images = checkpoint(box, id);
  const config = JSON.parse(readFileSync(join(bundle, "config.json"), "utf8")) as TestConfig;
  config.hooks = { createRuntime: [{ path: "/bin/false" }] };
  box.configure(bundle, config);
  const back = restore(box, bundle, images);
  t.match(back.result, { status: 1, stderr: /hooks\.createRuntime\[0\].*hook \/bin\/false: exit status 1/ });
  gone(t, box, back.id);
});
