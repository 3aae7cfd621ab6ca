// The end of the program: found, agreed with the engine, waited for, executed.

import { CAP_SYS_PTRACE } from "./constants.js";
import { environmentOf, searchPath } from "./environment.js";
import { hasStartHooks, planStartHooks } from "./hooks.js";
import type { Planning } from "./planning.js";
import { OWN, place } from "./program.js";
import { planLowFileLimit } from "./rlimits.js";
import { isEarlySeccomp, planSeccomp } from "./seccomp.js";
import { NO_SLOT, SYNC_READY } from "./steps.gen.js";

/** 0, 1, 2. */
const STANDARD_STREAMS = 3;

/**
 * exec into a container that waits for its start: who has no CAP_SYS_PTRACE may join the namespaces of a dumpable
 * process only (ptrace(2), "access mode checking"). By then it has the rights of the container alone, and nothing
 * of the host's. But its filter may not be loaded yet: so not where processes of other containers see it.
 */
function mustBeDumpable({ host, namespaces }: Planning): boolean {
  const maySee = host.capabilities === undefined ? host.euid === 0 : (host.capabilities & CAP_SYS_PTRACE) !== 0n;
  return !maySee && namespaces.isNew("pid");
}

export function planExecute(planning: Planning): void {
  const { config, inside, request, startSlot } = planning;
  const { args } = config.process;
  const env = environmentOf(planning);
  const state = hasStartHooks(planning) ? planning.slot() : NO_SLOT;
  // A program that is not there is an error of create already.
  inside.add(place("/process/args/0", args[0]), { op: "find_program", name: args[0]!, path: searchPath(env) });
  // The state comes with the answer, or from `start` when that is another command.
  inside.add(OWN, { op: "sync", point: SYNC_READY, slot: startSlot === undefined ? state : NO_SLOT });
  if (startSlot !== undefined) {
    const joinable = mustBeDumpable(planning);
    if (joinable) inside.add(OWN, { op: "set_dumpable", value: 1 });
    inside.add(OWN, { op: "listen_start", slot: startSlot, state });
    if (joinable) inside.add(OWN, { op: "set_dumpable", value: 0 });
  }
  const late = !isEarlySeccomp(planning);
  // startContainer hooks are programs of the image: the filter is for them, too, as in runc.
  if (late && hasStartHooks(planning)) planLateSeccomp(planning);
  planStartHooks(planning, state, env);
  inside.add(OWN, { op: "close_descriptors", first: STANDARD_STREAMS + request.preserve });
  // Last, so that a profile need allow nothing but execve for runt's sake.
  if (late && !hasStartHooks(planning)) planLateSeccomp(planning);
  inside.add(place("/process/args"), { op: "execute", args, env });
}

function planLateSeccomp(planning: Planning): void {
  planLowFileLimit(planning);
  planSeccomp(planning);
}
