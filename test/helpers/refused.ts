// Bundles that must be refused: a message, exit status 1, and nothing left behind.

import type { Test } from "tap";
import { cgroupsNamed } from "./cgroup.js";
import type { TestConfig } from "./config.js";
import { type Sandbox, sandbox } from "./sandbox.js";

/** Runs a bundle that must be refused with a message; checks that nothing is left. */
export function refused(t: Test, box: Sandbox, bundle: string, message: RegExp, command = "run"): string {
  const id = box.id();
  const result = box.run([command, "--bundle", bundle, id]);
  t.equal(result.status, 1, `exit status for ${message}`);
  t.equal(result.signal, null);
  t.match(result.stderr, message);
  t.equal(result.stdout, "", "nothing on stdout");
  t.notMatch(result.stderr, /\n\s+at |TypeError|undefined/, "no stack of the engine");
  t.equal(box.state(id), undefined, "no container");
  t.same(cgroupsNamed(id), [], "no cgroup");
  return result.stderr;
}

/** The default config with a change must be refused. */
export const edited = (edit: (config: TestConfig, bundle: string) => void, message: RegExp) => (t: Test) => {
  const box = sandbox(t);
  refused(t, box, box.bundle(edit), message);
};
