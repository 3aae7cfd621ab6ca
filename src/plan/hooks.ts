// Hooks that runt-init runs inside, and the point where the engine runs its own: config.md,
// "POSIX-platform Hooks".

import type { Hook } from "../spec/types.gen.js";
import type { Planning } from "./planning.js";
import { place, Program, StepList } from "./program.js";
import { NO_SLOT, SYNC_HOOKS } from "./steps.gen.js";
import type { Plan } from "./types.js";

/**
 * The program of one hook: `run_hook`, with the state in slot 0, which the engine passes in.
 * In: the hook and its JSON pointer.
 */
export function planHook(hook: Hook, pointer: string): Plan {
  const program = new Program(1);
  const list = new StepList();
  addHook(list, hook, pointer, 0, []);
  return { steps: list.steps, slots: program.slots, passed: program.passed, warnings: program.warnings };
}

/**
 * prestart, createRuntime and createContainer hooks: mounts and namespaces are ready, the
 * host's root is still there, so paths are the runtime's (createContainer hooks too).
 */
export function planCreateHooks(planning: Planning): void {
  const { config, inside } = planning;
  const { prestart = [], createRuntime = [], createContainer = [] } = config.hooks ?? {};
  if (prestart.length + createRuntime.length + createContainer.length === 0) return;
  const at = place("/hooks");
  const state = createContainer.length > 0 ? planning.slot() : NO_SLOT;
  inside.add(at, { op: "sync", point: SYNC_HOOKS, slot: state });
  createContainer.forEach((hook, index) => {
    addHook(inside, hook, `/hooks/createContainer/${index}`, state, []);
  });
}

/** Whether the state has to be handed in for startContainer hooks. */
export function hasStartHooks({ config }: Planning): boolean {
  return (config.hooks?.startContainer?.length ?? 0) > 0;
}

/**
 * startContainer hooks, run where the program will be, and as its user. One without an
 * environment has the program's: not in the specification, but in runc from the start.
 */
export function planStartHooks({ config, inside }: Planning, state: number, env: readonly string[]): void {
  config.hooks?.startContainer?.forEach((hook, index) => {
    addHook(inside, hook, `/hooks/startContainer/${index}`, state, env);
  });
}

function addHook(list: StepList, hook: Hook, pointer: string, stdin: number, env: readonly string[]): void {
  list.add(place(pointer, hook.path), {
    op: "run_hook",
    path: hook.path,
    args: hook.args?.length ? hook.args : [hook.path],
    env: hook.env ?? env,
    timeoutMs: (hook.timeout ?? 0) * 1000,
    stdin,
  });
}
