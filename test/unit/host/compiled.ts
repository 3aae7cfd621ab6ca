// Not a test: what compiled.test.ts makes into one executable with Bun. Goes once through the
// addon and prints what it saw as JSON.

import { failure } from "../../../src/host/failure.js";
import { detectCgroups } from "../../../src/cgroup/detect.js";
import { readHost } from "../../../src/host/facts.js";
import { initPath, native } from "../../../src/host/native.js";
import { processStat } from "../../../src/host/proc.js";
import { finish, shell, shellOutput, start } from "./fixtures.js";

const addon = native();

function errorText(): string {
  try {
    return addon.readFile("/nowhere");
  } catch (error) {
    return String(failure(error, { where: "here" }));
  }
}

/** A child of ours in the foreground, with a signal that comes before anybody waits. */
function foreground(): number {
  addon.catchSignals();
  const { pid, pidfd, channel } = start(shell("trap 'exit 21' USR1; while :; do sleep 0.01; done"));
  while (addon.receive(channel, 10_000) !== null);
  addon.sleep(100);
  // From another process: what the engine sends to itself stays its own.
  const sender = start(shell(`kill -USR1 ${addon.getpid()}`));
  finish(sender);
  return addon.supervise({ pid, pidfd, master: -1, subreaper: true });
}

/** Allocates until the garbage collector has run, with its own signals among its threads. */
function collectGarbage(): number {
  let kept = 0;
  for (let i = 0; i < 300_000; i++) kept += JSON.stringify({ i, text: `${i}` }).length % 2;
  return kept;
}

const { kernel, rootless, cgroup } = readHost(detectCgroups);
const seccomp = addon.compileSeccomp({
  defaultAction: 0x7fff0000,
  architectures: [],
  refuseNewer: false,
  rules: [
    { names: ["reboot"], action: 0x00050001, args: [{ index: 0, op: 4, value: 0xffff_ffff_ffffn, valueTwo: 0 }] },
  ],
});
const result = {
  init: initPath(),
  error: errorText(),
  kernel,
  rootless,
  version: cgroup.version,
  self: processStat(addon.getpid())?.pid === addon.getpid(),
  shell: shellOutput("echo hello; exec cat /proc/self/status"),
  foreground: foreground(),
  garbage: collectGarbage() >= 0,
  again: shellOutput("exit 9").status,
  filter: seccomp.filter.length % 8,
  bits: typeof addon.permittedCapabilities() === "bigint",
};
addon.writeFd(1, JSON.stringify(result));
addon.exit(0);
