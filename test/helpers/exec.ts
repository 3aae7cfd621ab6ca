// Containers to exec into, and what the probe says of a process that exec has added.

import type { TestConfig } from "./config.js";
import { parseReport, type Report } from "./report.js";
import type { Result, RunOptions, Sandbox } from "./sandbox.js";

/** A container that runs and waits; its id. */
export function running(
  box: Sandbox,
  edit: (config: TestConfig, bundle: string) => void = () => {},
  options: RunOptions = {},
): string {
  const id = box.id();
  const bundle = box.bundle((config, bundle) => {
    config.process.args = ["/bin/probe", "pause"];
    edit(config, bundle);
  });
  const result = box.run(["run", "--detach", "--bundle", bundle, id], options);
  if (result.status !== 0) throw new Error(`run: status ${result.status}: ${result.stderr}`);
  return id;
}

/** `exec` of a shell command line. */
export function execShell(box: Sandbox, id: string, script: string, ...flags: string[]): Result {
  return box.run(["exec", ...flags, id, "/bin/sh", "-c", script]);
}

/** What the probe reports as an added process. Throws when it did not run. */
export function execProbe(box: Sandbox, id: string, flags: string[] = [], options: RunOptions = {}): Report {
  const result = box.run(["exec", ...flags, id, "/bin/probe"], options);
  if (result.status !== 0) throw new Error(`exec: status ${result.status}: ${result.stderr}`);
  return parseReport(result.stdout);
}
