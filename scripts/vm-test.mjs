// Runs the integration tests in the test guest: npm run test:vm -- [--engine bun|node] [--jobs N] [NAME ...]
//
// Set-up, build, and the guest where it is missing. Then the tests on systemd, pure cgroup v2 and
// AppArmor, all files that there are, on Bun; and those named in `onNode` once more on Node, to see
// that engine on another kernel and libc. Words are passed on to scripts/test.mjs; with any, only
// what they ask for is run. The last line is `N passed, N failed, N skipped`.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fail, root, run } from "./tools.mjs";

const words = process.argv.slice(2).filter((word) => word !== "--no-setup");
if (!process.argv.includes("--no-setup")) run(process.execPath, ["scripts/setup.mjs", "build", "test", "vm"]);
run(process.execPath, ["scripts/test-tools.mjs"]);

const { image } = await import("../test/vm/image.mjs");
const { Machine } = await import("../test/vm/machine.mjs");
const { bundleTap } = await import("../test/vm/tap.mjs");
bundleTap();
const folder = await image();
const machine = new Machine(folder);
machine.closeAtExit();

const start = Date.now();
let tail = "";
const stdout = {
  write(chunk) {
    tail = (tail + chunk).slice(-400);
    return process.stdout.write(chunk);
  },
  once: (event, listener) => process.stdout.once(event, listener),
};
let status;
try {
  await machine.restore();
  const command = ["bash", join(root, "test/vm/suite.sh"), root, ...words];
  status = await machine.run({ shares: [{ host: root, guest: root }], cwd: "/", command, stdout, timeout: 1800 });
} catch (error) {
  fail(`test:vm: ${error.message}\n\n0 passed, 1 failed, 0 skipped`);
}
const counts = /(\d+) passed, (\d+) failed, (\d+) skipped\n$/.exec(tail)?.slice(1).map(Number);
if (!counts) fail(`test:vm: no counts came from the guest (exit status ${status})\n\n0 passed, 1 failed, 0 skipped`);
const [passed, failed, skipped] = counts;
const seconds = Math.round((Date.now() - start) / 1000);
mkdirSync(join(root, "build"), { recursive: true });
writeFileSync(
  join(root, "build/vm-test-results.json"),
  `${JSON.stringify({ passed, failed, skipped, seconds }, null, 2)}\n`,
);
process.exitCode = status;
machine.close();
