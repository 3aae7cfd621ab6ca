// Programs of runt-init beside a container: criu, ps, rm, and steps that are done in namespaces that the engine does not
// enter.
// No descriptor, signal disposition or limit of the engine reaches them.

import { O_RDWR } from "../host/constants.js";
import { initPath, native } from "../host/native.js";
import { SIGKILL } from "../host/signals.js";
import { encodeProgram } from "../plan/encode.js";
import type { StepList } from "../plan/program.js";
import { MESSAGE_FAILURE, MESSAGE_PROGRESS, MESSAGE_SYNC, MESSAGE_WARNING } from "../plan/steps.gen.js";
import type { Plan } from "../plan/types.js";
import { failureError } from "./failures.js";
import type { Reporter } from "./report.js";
import { reportProgress, traced } from "./trace.js";

export type Stdio = readonly [stdin: number, stdout: number, stderr: number];

const OURS: Stdio = [0, 1, 2];

export interface Surroundings {
  report: Reporter;
  stdio?: Stdio | undefined;
  /** Descriptors that it finds from 3 on. */
  preserve?: readonly number[];
  /** At each sync point: makes the cgroup around the process (systemd), or writes its id mappings. */
  sync?: ((pid: number) => void) | undefined;
}

/** Starts a program. Out: the process, a child of ours; what it executes at its end runs by now. Throws RuntError. */
export function startProgram(made: Plan, { report, stdio = OURS, preserve = [], sync }: Surroundings): number {
  const plan = traced(made, report);
  const program = encodeProgram(plan);
  const { channel, pid, pidfd } = native().spawnInit({ initPath: initPath(), program, stdio, preserve, slots: [] });
  native().close(pidfd);
  try {
    for (let message = native().receive(channel, -1); message !== null; message = native().receive(channel, -1)) {
      const step = plan.steps[message.step];
      if (message.kind === MESSAGE_FAILURE) throw failureError(step, message, "");
      if (message.kind === MESSAGE_WARNING) report.warn(message.text);
      if (message.kind === MESSAGE_PROGRESS) reportProgress(step, message, report);
      if (message.kind !== MESSAGE_SYNC) continue;
      sync?.(pid);
      native().answer(channel, -1);
    }
  } catch (error) {
    native().kill(pid, SIGKILL);
    native().reap(pid);
    throw error;
  } finally {
    native().close(channel);
  }
  return pid;
}

/** Runs a program of which nothing stays, to its end. Out: its exit status. Throws RuntError. */
export function runProgram(plan: Plan, surroundings: Surroundings): number | null {
  return native().reap(startProgram(plan, surroundings));
}

/** Runs steps to their end. In: how many slots they use. Out: the exit status. Throws RuntError. */
export function runSteps({ steps }: StepList, slots: number, surroundings: Surroundings): number | null {
  return runProgram({ steps, slots, passed: 0, warnings: [] }, surroundings);
}

/** Does something with an empty stdin, and a file in memory for stdout and stderr, whose text can be asked for. */
export function withOutput<T>(work: (stdio: Stdio, said: () => string) => T): T {
  const stdin = native().open("/dev/null", O_RDWR, 0);
  const output = native().memfd("output", "");
  try {
    // The descriptor's offset is at the end; opened anew it is at the start.
    return work([stdin, output, output], () => native().readFile(`/proc/self/fd/${output}`));
  } finally {
    native().close(stdin);
    native().close(output);
  }
}
