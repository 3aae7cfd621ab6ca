// What `exec` and `checkpoint` need of a container's config.json, kept in ROOT/ID/exec when the container is made:
// the bundle's file may have changed since, and whoever may write to the bundle does not thereby
// have a say in what runs in the container. One line of JSON, then the compiled seccomp filter.
//
// It is written once for every container, so it is small; state.json, which all commands read,
// does not hold it.

import { RuntError } from "../errors.js";
import { KEEP_GROUPS_ANNOTATION } from "../plan/mappings.js";
import type { Plan } from "../plan/types.js";
import type { Process, Spec } from "../spec/types.gen.js";

const FORMAT = 1;
const LINE_END = 0x0a;

/** As exec uses it. */
export interface ExecState {
  /** The process of the container, what holds for every process in it, and what was mounted; nothing of hooks, resources. */
  config: Spec;
  noNewKeyring: boolean;
  seccomp?: { filter: Uint8Array; flags: number };
  /** What the first process has been given as standard input, output and error; null: nothing, or a terminal of its own. */
  streams: readonly (StreamIdentity | null)[];
}

/** A file for certain, whatever its name. */
export interface StreamIdentity {
  dev: number;
  ino: number;
  /** S_IF* */
  kind: number;
  /** The uid of its owner, before the container's user became it. */
  owner: number;
}

interface Head {
  format: typeof FORMAT;
  config: Spec;
  noNewKeyring: boolean;
  seccompFlags?: number;
  streams: readonly (StreamIdentity | null)[];
}

/** In: the container's config and its plan, which has the compiled filter. Out: the file. */
export function encodeExecState(
  config: Spec,
  plan: Plan,
  noNewKeyring: boolean,
  streams: ExecState["streams"] = [],
): Uint8Array {
  const filter = plan.steps.find(({ step }) => step.op === "set_seccomp")?.step;
  const seccomp = filter?.op === "set_seccomp" ? filter : undefined;
  const head: Head = {
    format: FORMAT,
    config: essence(config),
    noNewKeyring,
    streams,
    ...(seccomp ? { seccompFlags: seccomp.flags } : {}),
  };
  const line = new TextEncoder().encode(`${JSON.stringify(head, writeBigint)}\n`);
  if (!seccomp) return line;
  const bytes = new Uint8Array(line.length + seccomp.filter.length);
  bytes.set(line);
  bytes.set(seccomp.filter, line.length);
  return bytes;
}

/** In: the file and its path (for the error). Throws RuntError when it is damaged. */
export function decodeExecState(bytes: Uint8Array, path: string): ExecState {
  const end = bytes.indexOf(LINE_END);
  const head = end < 0 ? null : parseHead(bytes.subarray(0, end));
  if (!head) {
    throw new RuntError({ attempt: "read", path, cause: "the file is damaged or of another version of runt" });
  }
  const { config, noNewKeyring, seccompFlags, streams } = head;
  restoreBigints(config.process);
  return {
    config,
    noNewKeyring,
    streams: streams ?? [],
    ...(seccompFlags === undefined ? {} : { seccomp: { filter: bytes.slice(end + 1), flags: seccompFlags } }),
  };
}

function parseHead(line: Uint8Array): Head | null {
  try {
    const head = JSON.parse(new TextDecoder().decode(line)) as Head | null;
    return head?.format === FORMAT && head.config?.process ? head : null;
  } catch {
    return null;
  }
}

/** The parts of a config that planJoin and `checkpoint` look at. */
function essence({ ociVersion, process, root, mounts, linux, annotations }: Spec): Spec {
  const keepGroups = annotations?.[KEEP_GROUPS_ANNOTATION];
  const { namespaces, uidMappings, gidMappings, personality, memoryPolicy, seccomp, maskedPaths, devices } =
    linux ?? {};
  return {
    ociVersion,
    process: { ...process, args: [] },
    root,
    ...(mounts ? { mounts } : {}),
    ...(keepGroups === undefined ? {} : { annotations: { [KEEP_GROUPS_ANNOTATION]: keepGroups } }),
    linux: {
      ...(namespaces ? { namespaces } : {}),
      ...(uidMappings ? { uidMappings } : {}),
      ...(gidMappings ? { gidMappings } : {}),
      ...(personality ? { personality } : {}),
      ...(memoryPolicy ? { memoryPolicy } : {}),
      ...(maskedPaths ? { maskedPaths } : {}),
      ...(devices ? { devices } : {}),
      // That there is one; its rules are in the filter.
      ...(seccomp ? { seccomp: { defaultAction: seccomp.defaultAction } } : {}),
    },
  };
}

// Limits and times may be beyond 2^53. JSON.stringify refuses a bigint, and a number would lose digits.
const BIGINT = /^-?\d+n$/;

function writeBigint(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}

/** Only where the specification has 64-bit numbers: elsewhere a text may look like one. */
function restoreBigints({ rlimits = [], scheduler }: Process): void {
  for (const limit of rlimits) restore(limit as unknown as Record<string, unknown>, ["soft", "hard"]);
  if (scheduler) restore(scheduler as unknown as Record<string, unknown>, ["runtime", "deadline", "period"]);
}

function restore(object: Record<string, unknown>, names: readonly string[]): void {
  for (const name of names) {
    const value = object[name];
    if (typeof value === "string" && BIGINT.test(value)) object[name] = BigInt(value.slice(0, -1));
  }
}
