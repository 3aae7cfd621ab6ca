// What the tests in the guest need of the machine that the checkout was built on: tools, a root filesystem, tap.
import { root, run } from "../../scripts/tools.mjs";
import { bundleTap } from "./tap.mjs";

run(process.execPath, ["scripts/test-tools.mjs"], { cwd: root });
bundleTap();
