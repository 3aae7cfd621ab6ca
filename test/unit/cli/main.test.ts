// Whole command lines that need no privilege, run by node as users of a checkout do.

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { COMMANDS } from "../../../src/cli/flags.js";

const main = fileURLToPath(new URL("../../../src/cli/main.js", import.meta.url));

function runt(cwd: string, ...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, "--root", join(cwd, "root"), ...words], {
    cwd,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

t.test("--version, --help and no command at all", async (t) => {
  const here = t.testdir();
  t.match(runt(here, "--version"), {
    status: 0,
    stdout: /^runt version \d+\.\d+\.\d+\ncommit: .*\nspec: 1\.3\.0\n/,
    stderr: "",
  });
  const help = runt(here, "--help");
  t.match(help, { status: 0, stdout: /^NAME:\n {3}runt - Open Container Initiative runtime\n/, stderr: "" });
  t.same(runt(here), help);
  t.match(runt(here, "help", "run"), { status: 0, stdout: /^NAME:\n {3}runt run - / });
  for (const { name } of COMMANDS) {
    t.match(runt(here, name, "-h"), { status: 0, stdout: new RegExp(`^NAME:\n {3}runt ${name} - `), stderr: "" }, name);
  }
});

t.test("commands that are none", async (t) => {
  const here = t.testdir();
  t.match(runt(here, "frobnicate"), {
    status: 3,
    stdout: "",
    stderr: /level=error msg="No help topic for 'frobnicate'"/,
  });
  t.equal(runt(here, "frobnicate", "-h").status, 1);
  t.equal(runt(here, "help", "frobnicate").status, 3);
});

t.test("wrong numbers of arguments", async (t) => {
  const here = t.testdir();
  const one = Object.fromEntries(["create", "start", "state", "delete", "run"].map((name) => [name, "exactly 1"]));
  const cases = { ...one, features: "exactly 0", kill: "a minimum of 1", ps: "a minimum of 1" };
  for (const [name, problem] of Object.entries(cases)) {
    const words = name === "features" ? [name, "x"] : [name];
    t.match(runt(here, ...words), {
      status: 1,
      stdout: /^Incorrect Usage\.\n\nNAME:\n/,
      stderr: new RegExp(`runt: \\\\"${name}\\\\" requires ${problem} argument\\(s\\)`),
    });
  }
  t.match(runt(here, "kill", "a", "TERM", "x").stderr, /requires a maximum of 2 argument/);
});

t.test("spec writes a config once, plan compiles it", async (t) => {
  const here = t.testdir({ rootfs: {} });
  t.same(runt(here, "spec"), { status: 0, stdout: "", stderr: "" });
  const text = readFileSync(join(here, "config.json"), "utf8");
  t.match(text, /^\{\n\t"ociVersion": "1\.3\.0",\n/);
  t.match(runt(here, "spec"), { status: 1, stderr: /File config\.json exists\. Remove it first/ });
  t.match(runt(here, "plan"), { status: 0, stdout: /pivot_root/, stderr: "" });
  t.match(runt(here, "plan", "-b", here, "--no-pivot", "web1"), { status: 0, stdout: /move_root/ });
  t.match(runt(here, "plan", "a/b"), { status: 1, stderr: /invalid container ID format/ });
  writeFileSync(join(here, "config.json"), "null");
  t.match(runt(here, "plan"), { status: 1, stderr: /config cannot be null/ });
});

t.test("features is a document of the specification", async (t) => {
  const { status, stdout } = runt(t.testdir(), "features");
  t.equal(status, 0);
  t.match(JSON.parse(stdout), {
    ociVersionMin: "1.0.0",
    ociVersionMax: "1.3.0",
    linux: { seccomp: { enabled: true } },
  });
  t.match(stdout, /^\{\n {4}"ociVersionMin"/);
});

t.test("containers that are none", async (t) => {
  const here = t.testdir();
  for (const name of ["state", "start", "kill", "delete", "pause", "resume", "ps", "diff"]) {
    t.match(runt(here, name, "nobody"), { status: 1, stdout: "", stderr: /msg="container does not exist"\n$/ }, name);
    t.match(runt(here, name, "a/b").stderr, /invalid container ID format/, name);
  }
  t.same(runt(here, "delete", "--force", "nobody"), { status: 0, stdout: "", stderr: "" });
  t.match(runt(here, "list"), { status: 1, stderr: /--root: open .*root: no such file or directory/ });
  t.match(runt(here, "kill", "nobody", "FOO"), { status: 1, stderr: /container does not exist/ });
  t.match(runt(here, "kill", "--regex", "nobody", "FOO"), { status: 1, stderr: /unknown signal \\"FOO\\"/ });
});
