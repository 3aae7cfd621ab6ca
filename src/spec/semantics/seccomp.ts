// linux.seccomp: config-linux.md, "Seccomp".

import type { Findings } from "../problems.js";
import type { LinuxSeccomp, LinuxSeccompAction } from "../types.gen.js";
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
  // Every call of the runtime itself would wait for an answer too.
  if (defaultAction === "SCMP_ACT_NOTIFY") {
    findings.problem(`${at}/defaultAction`, "SCMP_ACT_NOTIFY cannot be used as default action", { quiet: true });
  }
  // config-linux.md, "Seccomp": listenerMetadata must not be set without listenerPath.
  if (listenerMetadata && !listenerPath) {
    findings.problem(`${at}/listenerMetadata`, "expected none without listenerPath");
  }
};
