// linux.seccomp: config-linux.md, "Seccomp". Names to libseccomp's numbers, and when the filter is set.

import { RuntError } from "../errors.js";
import type { SeccompProfile, SeccompRule } from "../host/addon.js";
import type {
  Arch,
  LinuxSeccomp,
  LinuxSeccompAction,
  LinuxSeccompArg,
  LinuxSeccompFlag,
  LinuxSeccompOperator,
  LinuxSyscall,
} from "../spec/types.gen.js";
import { HAND_OVER_CALLS } from "../spec/semantics/seccomp.js";
import type { Planning } from "./planning.js";
import { place } from "./program.js";

/** SCMP_ACT_* (seccomp.h). */
const ACTIONS: Readonly<Record<LinuxSeccompAction, number>> = {
  SCMP_ACT_KILL: 0x00000000,
  SCMP_ACT_KILL_THREAD: 0x00000000,
  SCMP_ACT_KILL_PROCESS: 0x80000000,
  SCMP_ACT_TRAP: 0x00030000,
  SCMP_ACT_ERRNO: 0x00050000,
  SCMP_ACT_NOTIFY: 0x7fc00000,
  SCMP_ACT_TRACE: 0x7ff00000,
  SCMP_ACT_LOG: 0x7ffc0000,
  SCMP_ACT_ALLOW: 0x7fff0000,
};

/** SCMP_CMP_* (seccomp.h). */
const OPERATORS: Readonly<Record<LinuxSeccompOperator, number>> = {
  SCMP_CMP_NE: 1,
  SCMP_CMP_LT: 2,
  SCMP_CMP_LE: 3,
  SCMP_CMP_EQ: 4,
  SCMP_CMP_GE: 5,
  SCMP_CMP_GT: 6,
  SCMP_CMP_MASKED_EQ: 7,
};

/** SCMP_ARCH_* (seccomp.h): AUDIT_ARCH_* of linux/audit.h. */
const ARCHITECTURES: Readonly<Record<Arch, number>> = {
  SCMP_ARCH_X86: 0x40000003,
  SCMP_ARCH_X86_64: 0xc000003e,
  SCMP_ARCH_X32: 0x4000003e,
  SCMP_ARCH_ARM: 0x40000028,
  SCMP_ARCH_AARCH64: 0xc00000b7,
  SCMP_ARCH_MIPS: 0x00000008,
  SCMP_ARCH_MIPS64: 0x80000008,
  SCMP_ARCH_MIPS64N32: 0xa0000008,
  SCMP_ARCH_MIPSEL: 0x40000008,
  SCMP_ARCH_MIPSEL64: 0xc0000008,
  SCMP_ARCH_MIPSEL64N32: 0xe0000008,
  SCMP_ARCH_PPC: 0x00000014,
  SCMP_ARCH_PPC64: 0x80000015,
  SCMP_ARCH_PPC64LE: 0xc0000015,
  SCMP_ARCH_S390: 0x00000016,
  SCMP_ARCH_S390X: 0x80000016,
  SCMP_ARCH_PARISC: 0x0000000f,
  SCMP_ARCH_PARISC64: 0x8000000f,
  SCMP_ARCH_RISCV64: 0xc00000f3,
  SCMP_ARCH_LOONGARCH64: 0xc0000102,
  SCMP_ARCH_M68K: 0x00000004,
  SCMP_ARCH_SH: 0x4000002a,
  SCMP_ARCH_SHEB: 0x0000002a,
};

/** SECCOMP_FILTER_FLAG_* (linux/seccomp.h). */
const FLAGS: Readonly<Record<LinuxSeccompFlag, number>> = {
  SECCOMP_FILTER_FLAG_TSYNC: 1 << 0,
  SECCOMP_FILTER_FLAG_LOG: 1 << 1,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: 1 << 2,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: 1 << 5,
};

/** SECCOMP_FILTER_FLAG_NEW_LISTENER: set for profiles that notify, Linux 5.0. */
export const NEW_LISTENER = 1 << 3;

/** What `features` lists. */
export const seccompActions = (): string[] => Object.keys(ACTIONS);
export const seccompOperators = (): string[] => Object.keys(OPERATORS);
export const seccompArchitectures = (): string[] => Object.keys(ARCHITECTURES);
export const seccompFlags = (): string[] => Object.keys(FLAGS);

/** The number of a flag, to ask the kernel for it. */
export const seccompFlagValue = (name: string): number | undefined => (FLAGS as Record<string, number>)[name];

const EPERM = 1;
const ENOSYS = 38;

/** The agent that answers SCMP_ACT_NOTIFY. */
export interface SeccompListener {
  /** Its socket. */
  path: string;
  metadata?: string;
}

/** A profile for libseccomp, and how its filter is loaded. */
export interface CompilableSeccomp {
  profile: SeccompProfile;
  /** SECCOMP_FILTER_FLAG_*. */
  flags: number;
  /** Profiles that notify: who gets the listener. */
  listener?: SeccompListener;
}

/** The filter that the config describes. Throws RuntError. */
export function seccompProfile(seccomp: LinuxSeccomp): CompilableSeccomp {
  const { defaultErrnoRet, syscalls = [] } = seccomp;
  const defaultAction = actionValue(seccomp.defaultAction, defaultErrnoRet);
  const listener = listenerOf(seccomp);
  if (listener) requireHandOver(seccomp);
  return {
    profile: {
      defaultAction,
      architectures: (seccomp.architectures ?? []).map((name) => ARCHITECTURES[name]),
      rules: syscalls.flatMap(rulesOf),
      refuseNewer: refusesNewer(seccomp),
    },
    flags: loadFlags(seccomp, listener !== undefined),
    ...(listener ? { listener } : {}),
  };
}

/**
 * Whether calls that the profile can't know of get ENOSYS in place of the default action. Not where
 * they would be let through anyway, and not below a tracer, who answers for all of them.
 */
function refusesNewer({ defaultAction, defaultErrnoRet }: LinuxSeccomp): boolean {
  if (defaultAction === "SCMP_ACT_ERRNO") return defaultErrnoRet !== ENOSYS;
  return !["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"].includes(defaultAction);
}

/**
 * Without `flags` in the config speculation is left on, as in runc and crun: the mitigation
 * costs every process under a filter dearly. An empty list is a wish for no flags.
 */
function loadFlags({ flags }: LinuxSeccomp, notifies: boolean): number {
  const all = flags ? flags.reduce((bits, flag) => bits | FLAGS[flag], 0) : FLAGS.SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  // Threads are brought in line only where there are some, and runt-init has one; with a listener
  // the kernel would want yet another flag beside it.
  if (notifies) return (all & ~FLAGS.SECCOMP_FILTER_FLAG_TSYNC) | NEW_LISTENER;
  // About waiting for an agent. The kernel refuses it for filters that have none.
  return all & ~FLAGS.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
}

function actionValue(action: LinuxSeccompAction, errno: number | undefined): number {
  const takesErrno = action === "SCMP_ACT_ERRNO" || action === "SCMP_ACT_TRACE";
  // The value's low 16 bits are the action's data.
  return takesErrno ? ACTIONS[action] + ((errno ?? EPERM) & 0xffff) : ACTIONS[action];
}

/** The agent, when something notifies: else listenerPath is ignored (config-linux.md, "Seccomp"). */
export function listenerOf({
  syscalls = [],
  listenerPath,
  listenerMetadata,
}: LinuxSeccomp): SeccompListener | undefined {
  if (!listenerPath || !syscalls.some(({ action }) => action === "SCMP_ACT_NOTIFY")) return undefined;
  return { path: listenerPath, ...(listenerMetadata === undefined ? {} : { metadata: listenerMetadata }) };
}

/**
 * The listener goes to the engine in a message, and an answer comes back: below the filter, and
 * nobody serves the listener yet. So both calls must pass, whatever their arguments.
 */
function requireHandOver({ defaultAction, syscalls = [] }: LinuxSeccomp): void {
  const passes = (action: LinuxSeccompAction) => action === "SCMP_ACT_ALLOW" || action === "SCMP_ACT_LOG";
  for (const call of HAND_OVER_CALLS) {
    const rules = syscalls.filter(({ names }) => names.includes(call));
    const passing = passes(defaultAction) || rules.some(({ action, args }) => passes(action) && !args?.length);
    if (passing && rules.every(({ action }) => passes(action))) continue;
    throw new RuntError({
      where: place("/linux/seccomp").where,
      cause: `SCMP_ACT_NOTIFY cannot be used in a profile that does not allow the ${call} syscall`,
      hint: "runt itself needs it below the filter, to hand the listener to the agent",
    });
  }
}

/**
 * The rules of one entry. libseccomp takes one condition on an argument in a rule; an entry
 * with two of them on the same one becomes a rule for each condition, any of which is enough:
 * what engines' profiles expect since runc did so first.
 */
function rulesOf({ names, action, errnoRet, args = [] }: LinuxSyscall): SeccompRule[] {
  const value = actionValue(action, errnoRet);
  const conditions = args.map(condition);
  const repeats = new Set(args.map(({ index }) => index)).size < args.length;
  if (!repeats) return [{ names, action: value, args: conditions }];
  return conditions.map((one) => ({ names, action: value, args: [one] }));
}

/** libseccomp's MASKED_EQ takes the mask first, as the specification does. */
function condition({ index, value, valueTwo = 0, op }: LinuxSeccompArg): SeccompRule["args"][number] {
  return { index, op: OPERATORS[op], value, valueTwo };
}

/**
 * Without no_new_privs a filter can only be loaded with CAP_SYS_ADMIN: then it comes before the
 * capabilities go, and the steps after it live below it. They use calls that every profile for
 * containers must allow. With no_new_privs it is the last thing before execve.
 */
export function isEarlySeccomp({ config }: Planning): boolean {
  return config.linux?.seccomp !== undefined && !config.process.noNewPrivileges;
}

/** Loads the filter that the engine has compiled. */
export function planSeccomp({ config, inside, request }: Planning): void {
  if (!config.linux?.seccomp) return;
  if (!request.seccomp) throw new Error("linux.seccomp was not compiled before planning");
  inside.add(place("/linux/seccomp"), { op: "set_seccomp", ...request.seccomp });
}
