// ps: the host's ps, cut down to the lines of the container's processes.

import { cgroupDriverFromState } from "../cgroup/index.js";
import { RuntError } from "../errors.js";
import { OWN, StepList } from "../plan/program.js";
import { runSteps, withOutput } from "./helper-program.js";
import type { Reporter } from "./report.js";
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
export function runPs(options: readonly string[], report: Reporter): string {
  const { PATH = "/usr/bin:/bin", TERM } = process.env;
  const steps = new StepList();
  steps.add(OWN, { op: "find_program", name: "ps", path: PATH });
  const env = [`PATH=${PATH}`, ...(TERM ? [`TERM=${TERM}`] : [])];
  steps.add(OWN, { op: "execute", args: ["ps", ...options], env });
  return withOutput(([stdin, stdout], said) => {
    const status = runSteps(steps, 0, { report, stdio: [stdin, stdout, 2] });
    if (status !== 0) throw new RuntError(`ps ${options.join(" ")}: exit status ${status}`);
    return said();
  });
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
