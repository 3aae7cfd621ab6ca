// linux.seccomp: config-linux.md, "Seccomp".

import type { Findings } from "../problems.js";
import type { LinuxSeccomp, LinuxSeccompAction, LinuxSyscall } from "../types.gen.js";
import type { Check } from "./check.js";

/** config-linux.md, "Seccomp": an errno for an action that has none must be an error. */
function checkErrno(action: LinuxSeccompAction, errno: number, at: string, findings: Findings): void {
  if (action !== "SCMP_ACT_ERRNO" && action !== "SCMP_ACT_TRACE") {
    findings.problem(at, `expected none: ${action} has no errno, only SCMP_ACT_ERRNO and SCMP_ACT_TRACE do`);
  } else if (action === "SCMP_ACT_ERRNO" && errno > 4095) {
    // MAX_ERRNO of the kernel: it silently cuts larger ones.
    findings.problem(at, "expected an error number from 0 to 4095");
  }
}

/** What runt-init needs between loading a filter with a listener and the agent's having it. */
export const HAND_OVER_CALLS: readonly string[] = ["sendmsg", "recvmsg"];

/** The same, and what runc needs there: a profile that it refuses would be of no use to an engine. */
const NEVER_NOTIFIED: readonly string[] = ["write", ...HAND_OVER_CALLS];

/** config-linux.md, "Seccomp": SCMP_ACT_NOTIFY sends its descriptor to listenerPath. */
function checkNotify({ syscalls = [], listenerPath }: LinuxSeccomp, at: string, findings: Findings): void {
  syscalls.forEach(({ action, names }, index) => {
    if (action !== "SCMP_ACT_NOTIFY") return;
    names.forEach((name, which) => {
      if (!NEVER_NOTIFIED.includes(name)) return;
      const cause = `SCMP_ACT_NOTIFY cannot be used for the ${name} syscall`;
      findings.problem(`${at}/syscalls/${index}/names/${which}`, cause, { quiet: true });
    });
  });
  if (!listenerPath) {
    findings.problem(`${at}/listenerPath`, "SCMP_ACT_NOTIFY needs the path of a socket", { quiet: true });
  } else if (!listenerPath.startsWith("/")) {
    findings.problem(`${at}/listenerPath`, "expected an absolute path");
  }
}

/** After these the call has not been made. SCMP_ACT_TRACE leaves it to a tracer. */
const DENYING: readonly LinuxSeccompAction[] = [
  "SCMP_ACT_KILL",
  "SCMP_ACT_KILL_THREAD",
  "SCMP_ACT_KILL_PROCESS",
  "SCMP_ACT_TRAP",
  "SCMP_ACT_ERRNO",
];

/** The program is started below the filter. A filter that kills there would leave nobody to say why. */
function checkExecve({ defaultAction, syscalls = [] }: LinuxSeccomp, at: string, findings: Findings): void {
  const more = { quiet: true, hint: 'name "execve" in an entry of linux.seccomp.syscalls with SCMP_ACT_ALLOW' };
  const naming = syscalls.findIndex(({ names }) => names.includes("execve"));
  if (naming < 0) {
    if (!DENYING.includes(defaultAction)) return;
    const cause = `no entry names execve, so that ${defaultAction} holds for it, and no program can be started`;
    findings.problem(`${at}/defaultAction`, cause, more);
    return;
  }
  const denies = ({ action, args, names }: LinuxSyscall) =>
    !names.includes("execve") || (DENYING.includes(action) && !args?.length);
  if (!syscalls.every(denies)) return;
  const cause = `${syscalls[naming]!.action} for execve: no program can be started`;
  findings.problem(`${at}/syscalls/${naming}/action`, cause, more);
}

export const seccomp: Check<LinuxSeccomp> = (seccomp, at, { findings }) => {
  const { defaultAction, defaultErrnoRet, syscalls = [], listenerPath, listenerMetadata } = seccomp;
  if (defaultErrnoRet !== undefined) {
    checkErrno(defaultAction, defaultErrnoRet, `${at}/defaultErrnoRet`, findings);
  }
  let notify = false;
  for (let index = 0; index < syscalls.length; index++) {
    const { action, errnoRet } = syscalls[index]!;
    if (errnoRet !== undefined) checkErrno(action, errnoRet, `${at}/syscalls/${index}/errnoRet`, findings);
    if (action === "SCMP_ACT_NOTIFY") notify = true;
  }
  if (notify) checkNotify(seccomp, at, findings);
  checkExecve(seccomp, at, findings);
  // Every call of the runtime itself would wait for an answer too.
  if (defaultAction === "SCMP_ACT_NOTIFY") {
    findings.problem(`${at}/defaultAction`, "SCMP_ACT_NOTIFY cannot be used as default action", { quiet: true });
  }
  // config-linux.md, "Seccomp": listenerMetadata must not be set without listenerPath.
  if (listenerMetadata && !listenerPath) {
    findings.problem(`${at}/listenerMetadata`, "expected none without listenerPath");
  }
};
