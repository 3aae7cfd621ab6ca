// ps: the host's ps, cut down to the lines of the container's processes.

import { cgroupDriverFromState } from "../cgroup/index.js";
import { RuntError } from "../errors.js";
import { initPath, native } from "../host/native.js";
import { encodeProgram } from "../plan/encode.js";
import { MESSAGE_FAILURE } from "../plan/steps.gen.js";
import { wordFailure } from "./failures.js";
import type { StateDocument } from "./state.js";

/** Every process of the container, as the host numbers them. */
export function containerPids(state: StateDocument): number[] {
  const cgroup = cgroupDriverFromState(state.cgroup, state.init);
  return cgroup.processes().sort((a, b) => a - b);
}

/**
 * Runs ps on the host. In: its options; the caller's environment decides about width and language.
 * Out: what it printed. Throws RuntError.
 */
export function runPs(options: readonly string[]): string {
  const { PATH = "/usr/bin:/bin", TERM } = process.env;
  const steps = [
    { op: "find_program", name: "ps", path: PATH },
    { op: "execute", args: ["ps", ...options], env: [`PATH=${PATH}`, ...(TERM ? [`TERM=${TERM}`] : [])] },
  ] as const;
  const output = native().memfd("ps", "");
  const { pid, pidfd, channel } = native().spawnInit({
    initPath: initPath(),
    program: encodeProgram({ steps: steps.map((step) => ({ step, pointer: "", where: "" })), slots: 0, passed: 0 }),
    stdio: [0, output, 2],
    preserve: [],
    slots: [],
  });
  try {
    for (let message = native().receive(channel, -1); message !== null; message = native().receive(channel, -1)) {
      if (message.kind === MESSAGE_FAILURE) throw wordFailure(undefined, message);
    }
    const status = native().reap(pid);
    if (status !== 0) throw new RuntError(`ps ${options.join(" ")}: exit status ${status}`);
    // The descriptor's offset is at the end; opened anew it is at the start.
    return native().readFile(`/proc/self/fd/${output}`);
  } finally {
    for (const fd of [output, pidfd, channel]) native().close(fd);
  }
}

/** The header and the lines whose PID column is one of these. Throws RuntError when there is no such column. */
export function filterPs(text: string, pids: readonly number[]): string {
  const [header = "", ...lines] = text.split("\n");
  const column = header.trim().split(/\s+/).indexOf("PID");
  if (column < 0) throw new RuntError("couldn't find PID field in ps output");
  const wanted = new Set(pids.map(String));
  const ours = lines.filter((line) => wanted.has(line.trim().split(/\s+/)[column] ?? ""));
  return [header, ...ours, ""].join("\n");
}
