// Hooks that run in the runtime's namespaces: prestart, createRuntime, poststart, poststop.
// Each is a program of one step for runt-init, which runs hooks of the container's side as
// well: one implementation of time-outs, output and exit statuses.

import { RuntError } from "../errors.js";
import { callerEnvironment } from "../host/launch.js";
import { initPath, native } from "../host/native.js";
import { encodeProgram } from "../plan/encode.js";
import { planHook } from "../plan/hooks.js";
import type { Hook } from "../spec/types.gen.js";
import type { Plan } from "../plan/types.js";
import { MESSAGE_FAILURE, MESSAGE_WARNING } from "../plan/steps.gen.js";
import { failureError } from "./failures.js";
import type { Reporter } from "./report.js";

export type EngineHook = "prestart" | "createRuntime" | "poststart" | "poststop";

/** Of whom hooks are told, and where they run. */
export interface HookSubject {
  /** JSON. */
  state: string;
  /** Absolute: the working directory. */
  bundle: string;
}

/**
 * Runs hooks in their order, each with the state JSON on stdin. Stops at the first that fails:
 * RuntError with its place, its status and the end of its stderr.
 * In: `first` is the index in config.json of the first of these hooks.
 */
export function runHooks(
  kind: EngineHook,
  hooks: readonly Hook[],
  { state, bundle }: HookSubject,
  report: Reporter,
  first = 0,
): void {
  hooks.forEach((hook, offset) => {
    const index = first + offset;
    const pointer = `/hooks/${kind}/${index}`;
    report.debug(`hook ${kind}[${index}]: ${hook.path}`);
    // The caller's, as with runc and crun: hooks look for their programs in PATH.
    runProgram(planHook(hook, pointer, bundle, callerEnvironment), pointer, state, report);
  });
}

/** Runs a program of the host that is no hook of the config, in the same way; its stdin is empty. */
export function runHelper(program: Hook, where: string, report: Reporter): void {
  runProgram(planHook(program, where, ""), where, "", report);
}

function runProgram(plan: Plan, pointer: string, state: string, report: Reporter): void {
  const stdin = native().memfd("state", state);
  let failure: RuntError | null = null;
  let channel = -1;
  try {
    const spawned = native().spawnInit({
      initPath: initPath(),
      program: encodeProgram(plan),
      stdio: [0, 1, 2],
      preserve: [],
      slots: [stdin],
    });
    channel = spawned.channel;
    native().close(spawned.pidfd);
    for (let message = native().receive(channel, -1); message !== null; message = native().receive(channel, -1)) {
      if (message.kind === MESSAGE_WARNING) report.warn(message.text);
      if (message.kind === MESSAGE_FAILURE) failure = failureError(plan.steps[message.step], message);
    }
    const status = native().reap(spawned.pid);
    if (!failure && status !== 0)
      failure = new RuntError({ where: pointer, cause: `runt-init ended with status ${status}` });
  } finally {
    native().close(stdin);
    if (channel >= 0) native().close(channel);
  }
  if (failure) throw failure;
}
