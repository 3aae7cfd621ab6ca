// The tests with the callers of a runtime: node scripts/test-clients.mjs [--vm] [--peers] [--save] [NAME ...]
//
// Podman, Buildah, containerd and Docker from Debian, started by the tests themselves, with bin/runt below.
// NAME picks the test files. --vm does it in the test guest: cgroup v2 alone, with systemd. --peers runs the
// same with runc and crun, for the table. --save writes into the table of docs/clients.md what results there
// are (build/clients/PLACE-RUNTIME.json). The last line is `N passed, N failed, N skipped`, of runt.
import { spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { clientsTable } from "./clients-table.mjs";
import { fail, root, run } from "./tools.mjs";

const words = process.argv.slice(2);
const names = words.filter((word) => !word.startsWith("-"));
const options = words.filter((word) => word.startsWith("-"));
const unknown = options.find((word) => !["--peers", "--save", "--no-setup", "--vm"].includes(word));
if (unknown) fail(`test-clients: unknown option ${unknown}`);
const inGuest = options.includes("--vm");
if (process.getuid() !== 0 && !inGuest) fail("test-clients: Docker and the networks of the tests need root");

if (!options.includes("--no-setup"))
  run(process.execPath, ["scripts/setup.mjs", "build", "test", inGuest ? "vm" : "clients"]);
const place = existsSync("/run/systemd/system") ? "systemd" : "hybrid";
const results = join(root, "build/clients");
mkdirSync(results, { recursive: true });

/** Runs the suite with one runtime; `prefix` are the words before it. Out: its exit status. */
function suite(name, runtime, prefix = []) {
  const line = [...prefix, process.execPath, "scripts/test.mjs", "--no-setup", "--only", "clients", ...names];
  console.log(`\n== with ${name} (${runtime})`);
  const { status } = spawnSync(line[0], line.slice(1), {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, RUNT: runtime },
  });
  const { outcomes } = JSON.parse(readFileSync(join(root, "build/test-results.json"), "utf8"));
  const file = join(results, `${place}-${name}.json`);
  // A run of some files leaves the others' results as they were.
  const before = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];
  const fresh = new Set(outcomes.map((outcome) => outcome.file));
  writeFileSync(file, JSON.stringify([...before.filter((old) => !fresh.has(old.file)), ...outcomes], null, 1));
  return status ?? 1;
}

function here() {
  if (options.includes("--peers")) {
    const { uid, gid } = statSync("/dev/null");
    suite("runc", "/usr/sbin/runc");
    // `exec --user` of runc 1.1.5 gives its stdin to the user, be it the host's /dev/null.
    chownSync("/dev/null", uid, gid);
    // crun refuses hybrid cgroups: it is shown the v1 hierarchies alone.
    const v1Only = ["unshare", "-m", "sh", "-c", 'umount /sys/fs/cgroup/unified; exec "$@"', "sh"];
    suite("crun", "/usr/bin/crun", place === "hybrid" ? v1Only : []);
  }
  return suite("runt", process.env.RUNT ?? join(root, "bin/runt"));
}

async function there() {
  process.env.RUNT_VM_WITH = "clients"; // before the settings are read
  const { suiteInGuest } = await import("../test/vm/suite.mjs");
  const passed = options.filter((option) => option === "--peers");
  const { status } = await suiteInGuest({
    label: "test:clients",
    script: "test-clients.mjs",
    words: ["--no-setup", ...passed, ...names],
    patience: 10,
    seconds: passed.length ? 10_800 : 3600,
  });
  return status;
}

const status = inGuest ? await there() : here();
if (options.includes("--save")) clientsTable(results, join(root, "docs/clients.md"));
process.exit(status);
