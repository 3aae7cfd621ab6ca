// npm run hello: set-up, build, then spec-bundles/hello through the real lifecycle.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fail, root, run } from "./tools.mjs";

run(process.execPath, ["scripts/setup.mjs", "build", "test"]);
if (process.getuid() !== 0) fail("hello: this bundle wants root (sudo npm run hello)");
const { makeBundle } = await import("./bundle.mjs");
const bundle = makeBundle("hello");
const runt = join(root, "bin/runt");
const id = `hello-${process.pid}`;

/** Runs runt and shows the command line; the container's output goes where ours goes. */
function runtDoes(args, { quiet = false, stdout = "inherit" } = {}) {
  if (!quiet) console.log(`$ runt ${args.join(" ")}`);
  const result = spawnSync(runt, args, { cwd: root, encoding: "utf8", stdio: ["inherit", stdout, "inherit"] });
  if (result.error) fail(`hello: ${result.error.message}`);
  if (result.status !== 0) {
    spawnSync(runt, ["delete", "--force", id]);
    fail(`hello: runt ${args[0]} ended with status ${result.status}`, 1);
  }
  return result.stdout;
}

const status = (quiet) => JSON.parse(runtDoes(["state", id], { quiet, stdout: "pipe" })).status;

runtDoes(["create", "--bundle", bundle, id]);
console.log(`  ${status(false)}`);
runtDoes(["start", id]);
// Nothing tells a stranger that a container has ended; who wants to know keeps a pidfd or asks.
const end = Date.now() + 10_000;
while (status(true) !== "stopped") {
  if (Date.now() > end) fail("hello: the container does not end");
  await new Promise((resolve) => setTimeout(resolve, 20));
}
console.log(`  ${status(false)}`);
runtDoes(["delete", id]);
