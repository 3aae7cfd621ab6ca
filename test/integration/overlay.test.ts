// The overlay root: layers below that are never changed, a writable layer on top.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { TestConfig } from "../helpers/config.js";
import { mountAt } from "../helpers/report.js";
import { sandbox } from "../helpers/sandbox.js";

const overlay = (config: TestConfig, more: Record<string, string> = {}) => {
  config.annotations = { "runt.rootfs.overlay": "true", ...more };
};

t.test("root.path as the only layer: writes go nowhere", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    overlay(config);
    config.process.args = [
      "/bin/sh",
      "-c",
      "echo new > /new; echo changed > /etc/group; rm /etc/passwd; cat /new /etc/group; ls /etc",
    ];
  });
  const result = box.run(["run", "--bundle", bundle, box.id()]);
  t.equal(result.stdout, "new\nchanged\ngroup\n", result.stderr);
  t.notOk(existsSync(join(bundle, "rootfs/new")));
  t.match(readFileSync(join(bundle, "rootfs/etc/group"), "utf8"), /^root:x:0:/);
  t.ok(existsSync(join(bundle, "rootfs/etc/passwd")));
});

t.test("several layers, the base first", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config, bundle) => {
    for (const name of ["one", "two"]) {
      mkdirSync(join(bundle, "layers", name, "etc"), { recursive: true });
      writeFileSync(join(bundle, "layers", name, "etc/which"), name);
      writeFileSync(join(bundle, "layers", name, `etc/${name}`), "");
    }
    overlay(config, { "runt.rootfs.layers": '["rootfs", "layers/one", "layers/two"]' });
    config.process.args = ["/bin/sh", "-c", "cat /etc/which; echo; ls /etc"];
  });
  const result = box.run(["run", "--bundle", bundle, box.id()]);
  t.equal(result.stdout, "two\ngroup\none\npasswd\ntwo\nwhich\n", result.stderr);
});

t.test("it is an overlay, seen in the container alone; the host has no mount of it", async (t) => {
  const box = sandbox(t);
  const before = box.hostMounts();
  const bundle = box.bundle((config) => overlay(config));
  const { id } = box.create(bundle);
  t.same(box.hostMounts(), before);
  box.run(["delete", "--force", id]);
  const report = box.probe((config) => overlay(config));
  t.equal(mountAt(report, "/")?.type, "overlay");
});

t.test("an ephemeral upper layer goes with the container", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    overlay(config);
    config.process.args = ["/bin/sh", "-c", "[ -e /mark ] && echo old; echo x > /mark"];
  });
  for (const round of [1, 2]) {
    const id = box.id();
    const result = box.run(["run", "--bundle", bundle, id]);
    t.equal(result.stdout, "", `round ${round}: ${result.stderr}`);
    t.notOk(existsSync(join(box.root, id)));
  }
});

t.test("runt.rootfs.upper keeps the writable layer", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config, bundle) => {
    mkdirSync(join(bundle, "upper"));
    overlay(config, { "runt.rootfs.upper": "upper" });
    config.process.args = ["/bin/sh", "-c", "cat /mark 2>/dev/null; echo kept > /mark"];
  });
  t.equal(box.run(["run", "--bundle", bundle, box.id()]).stdout, "");
  t.equal(box.run(["run", "--bundle", bundle, box.id()]).stdout, "kept\n");
  t.notOk(existsSync(join(bundle, "rootfs/mark")));
});

t.test("two containers share the layers", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config) => {
    overlay(config);
    config.process.args = ["/bin/sh", "-c", "echo $$ > /mine; ls / | grep -c mine"];
  });
  const both = await Promise.all([1, 2].map(() => box.start(["run", "--bundle", bundle, box.id()]).done));
  for (const { stdout, stderr } of both) t.equal(stdout, "1\n", stderr);
  t.notOk(existsSync(join(bundle, "rootfs/mine")));
});

t.test("a read-only root on top of layers", async (t) => {
  const box = sandbox(t);
  const result = box.runContainer((config) => {
    overlay(config);
    config.root.readonly = true;
    config.process.args = ["/bin/probe", "try", "create", "/x"];
  });
  t.equal(result.stdout, "create: Read-only file system\n", result.stderr);
});

t.test("paths with characters that overlayfs splits at", async (t) => {
  const box = sandbox(t);
  const bundle = box.bundle((config, bundle) => {
    for (const name of ["a:b", "c,d", "e\\f", "g=h"]) {
      mkdirSync(join(bundle, "layers", name), { recursive: true });
      writeFileSync(join(bundle, "layers", name, `from-${name.replace(/\W/, "-")}`), "");
    }
    overlay(config, {
      "runt.rootfs.layers": JSON.stringify(["rootfs", "layers/a:b", "layers/c,d", "layers/e\\f", "layers/g=h"]),
    });
    config.process.args = ["/bin/sh", "-c", "ls / | grep from-"];
  });
  const result = box.run(["run", "--bundle", bundle, box.id()]);
  t.equal(result.stdout, "from-a-b\nfrom-c-d\nfrom-e-f\nfrom-g-h\n", result.stderr);
});

t.test("bad layers are named", async (t) => {
  const box = sandbox(t);
  for (const [layers, message] of [
    ["not json", /runt\.rootfs\.layers/],
    ["[]", /runt\.rootfs\.layers/],
    ['["no-such-layer"]', /no-such-layer.*no such file or directory/],
    ["[7]", /runt\.rootfs\.layers/],
  ] as const) {
    const result = box.runContainer((config) => overlay(config, { "runt.rootfs.layers": layers }));
    t.equal(result.status, 1, layers);
    t.match(result.stderr, message);
  }
});
