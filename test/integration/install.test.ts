// npm run install-to: the same layout below a prefix, and it works from there.

import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { repository, sandbox } from "../helpers/sandbox.js";

t.test("an installed runt finds its parts beside itself", async (t) => {
  const box = sandbox(t);
  const prefix = join(box.dir, "a prefix");
  execFileSync(process.execPath, [join(repository, "scripts/install-to.mjs"), prefix], { cwd: repository });
  t.same(readdirSync(join(prefix, "bin")), ["runt"]);
  t.same(readdirSync(join(prefix, "lib/runt")).sort(), ["runt-init", "systemd.node"]);
  t.ok(readdirSync(join(prefix, "share/man/man8")).includes("runt.8"));
  for (const file of [
    "bash-completion/completions/runt",
    "zsh/site-functions/_runt",
    "fish/vendor_completions.d/runt.fish",
  ]) {
    t.match(readFileSync(join(prefix, "share", file), "utf8"), /completion for runt/, file);
  }
  for (const file of ["bin/runt", "lib/runt/runt-init"]) {
    t.equal(statSync(join(prefix, file)).mode & 0o777, 0o755, file);
  }

  const bundle = box.bundle((config) => {
    config.process.args = ["/bin/probe", "exit", "11"];
  });
  const id = box.id();
  const words = ["--root", box.root, "run", "--bundle", bundle, id];
  const result = spawnSync(join(prefix, "bin/runt"), words, { cwd: "/", encoding: "utf8", timeout: 30_000 });
  t.equal(result.status, 11, result.stderr);

  execFileSync(process.execPath, [join(repository, "scripts/install-to.mjs"), prefix], { cwd: repository });
  t.pass("installing over it works too");
});

t.test("an installed runt without its parts says which one is missing", async (t) => {
  const box = sandbox(t);
  const prefix = join(box.dir, "half");
  execFileSync(process.execPath, [join(repository, "scripts/install-to.mjs"), prefix], { cwd: repository });
  rmSync(join(prefix, "lib/runt/runt-init"));
  const words = ["--root", box.root, "run", "--bundle", box.bundle(), box.id()];
  const { status, stderr } = spawnSync(join(prefix, "bin/runt"), words, { encoding: "utf8", timeout: 30_000 });
  t.equal(status, 1);
  t.match(stderr, `${prefix}/lib/runt/runt-init: no such file or directory`);
});
