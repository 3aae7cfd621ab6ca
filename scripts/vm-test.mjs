// Runs the integration tests in the test guest: npm run test:vm -- [--engine quickjs|node] [--jobs N] [NAME ...]
//
// Set-up, build, and the guest where it is missing. Then the tests on systemd, pure cgroup v2 and
// AppArmor. Words are passed on to scripts/test.mjs: NAME picks test files, --engine another engine
// than QuickJS. The last line is `N passed, N failed, N skipped`.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isForeign } from "../test/vm/settings.mjs";
import { root, run } from "./tools.mjs";

const words = process.argv.slice(2).filter((word) => word !== "--no-setup");
if (!process.argv.includes("--no-setup"))
  run(process.execPath, ["scripts/setup.mjs", ...(isForeign ? [] : ["build", "test"]), "vm"]);
// Not above: what it imports is there after the set-up only.
const { suiteInGuest } = await import("../test/vm/suite.mjs");

const start = Date.now();
const { status, ...counts } = await suiteInGuest({
  label: "test:vm",
  script: "test.mjs",
  words: ["--no-setup", "--only", "integration", "--engine", "quickjs", "--jobs", "2", ...words],
  patience: 4,
  seconds: 1800,
});
const seconds = Math.round((Date.now() - start) / 1000);
mkdirSync(join(root, "build"), { recursive: true });
writeFileSync(join(root, "build/vm-test-results.json"), `${JSON.stringify({ ...counts, seconds }, null, 2)}\n`);
process.exitCode = status;
