// Hooks that runt-init runs inside, and the point where the engine runs its own: config.md,
// "POSIX-platform Hooks".

import type { Hook } from "../spec/types.gen.js";
import type { Planning } from "./planning.js";
import { place, Program, StepList } from "./program.js";
import { NO_SLOT, SYNC_HOOKS } from "./steps.gen.js";
import type { Plan } from "./types.js";

const MOST_MILLISECONDS = 0xffffffff;

/**
 * The program of one hook: `run_hook`, with the state in slot 0, which the engine passes in.
 * In: the hook, its JSON pointer, where it runs, and the environment of one that has none.
 */
export function planHook(hook: Hook, pointer: string, directory: string, env: Environment = () => []): Plan {
  const program = new Program(1);
  const list = new StepList();
  addHook(list, hook, pointer, { stdin: 0, directory, env });
  return { steps: list.steps, slots: program.slots, passed: program.passed, warnings: program.warnings };
}

/**
 * prestart, createRuntime and createContainer hooks: mounts and namespaces are ready, the
 * host's root is still there, so paths are the runtime's (createContainer hooks too).
 */
export function planCreateHooks(planning: Planning): void {
  const { config, inside, request } = planning;
  const { prestart = [], createRuntime = [], createContainer = [] } = config.hooks ?? {};
  if (prestart.length + createRuntime.length + createContainer.length === 0) return;
  const at = place("/hooks");
  const state = createContainer.length > 0 ? planning.slot() : NO_SLOT;
  inside.add(at, { op: "sync", point: SYNC_HOOKS, slot: state });
  createContainer.forEach((hook, index) => {
    const env = () => request.environment ?? [];
    addHook(inside, hook, `/hooks/createContainer/${index}`, { stdin: state, directory: request.bundle, env });
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
    // Where the program will be: it is there already.
    addHook(inside, hook, `/hooks/startContainer/${index}`, { stdin: state, directory: "", env: () => env });
  });
}

/** For a hook that has none; asked for only then. */
type Environment = () => readonly string[];

interface Surroundings {
  /** The slot of the state. */
  stdin: number;
  /** The specification leaves it open. The bundle, as in crun, and for the hooks of create in runc. */
  directory: string;
  env: Environment;
}

function addHook(list: StepList, hook: Hook, pointer: string, { stdin, directory, env }: Surroundings): void {
  list.add(place(pointer, hook.path), {
    op: "run_hook",
    path: hook.path,
    directory,
    args: hook.args?.length ? hook.args : [hook.path],
    env: hook.env ?? env(),
    // 49 days at most: what the field holds.
    timeoutMs: Math.min((hook.timeout ?? 0) * 1000, MOST_MILLISECONDS),
    stdin,
  });
}
