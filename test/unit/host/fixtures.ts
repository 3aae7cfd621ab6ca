// Programs for runt-init that need neither namespaces nor root, and what came of them.

import type { InitMessage, SpawnedInit, SpawnOptions } from "../../../src/host/addon.js";

import { initPath, native } from "../../../src/host/native.js";
import { encodeProgram } from "../../../src/plan/encode.js";
import type { Step } from "../../../src/plan/steps.gen.js";

/** The bytes of a program of these steps. In: slots, the first `passed` of which the engine fills. */
export function program(steps: readonly Step[], slots = 0): Uint8Array {
  return encodeProgram({ steps: steps.map((step) => ({ step, where: "" })), slots, passed: slots });
}

/** Steps that become a shell. */
export function shell(text: string): Step[] {
  return [
    { op: "find_program", name: "/bin/sh", path: "" },
    { op: "execute", args: ["sh", "-c", text], env: ["GIVEN=yes"] },
  ];
}

/** Starts runt-init with our stdio, unless said otherwise. */
export function start(steps: readonly Step[], options: Partial<SpawnOptions> = {}): SpawnedInit {
  const slots = options.slots ?? [];
  const bytes = program(steps, slots.length);
  return native().spawnInit({
    initPath: initPath(),
    program: bytes,
    stdio: [0, 1, 2],
    preserve: [],
    slots,
    ...options,
  });
}

/** Waits for the end. Out: the messages and the exit code. Closes what came with it. */
export function finish({ pid, pidfd, channel }: SpawnedInit): { messages: InitMessage[]; status: number | null } {
  const messages: InitMessage[] = [];
  for (let next = native().receive(channel, 10_000); next !== null; next = native().receive(channel, 10_000)) {
    messages.push(next);
  }
  const status = native().reap(pid);
  native().close(channel);
  native().close(pidfd);
  return { messages, status };
}

/** Runs a shell text through runt-init. Out: what it printed, and its exit code. */
export function shellOutput(
  text: string,
  options: Partial<SpawnOptions> = {},
): { output: string; status: number | null } {
  const output = native().memfd("output", "");
  try {
    const { status } = finish(start(shell(text), { stdio: [0, output, 2], ...options }));
    return { output: native().readFile(`/proc/self/fd/${output}`), status };
  } finally {
    native().close(output);
  }
}
