// linux.seccomp: config-linux.md, "Seccomp".

import type { Findings } from "../problems.js";
import type { Spec } from "../types.gen.js";
import type { Check } from "./check.js";

const takesErrno = (action: string) => action === "SCMP_ACT_ERRNO" || action === "SCMP_ACT_TRACE";

/** config-linux.md, "Seccomp": an errno for an action that has none must be an error. */
function errnos(config: Spec, findings: Findings): void {
  const seccomp = config.linux?.seccomp;
  if (!seccomp) return;
  const check = (action: string, errno: number | undefined, pointer: string) => {
    if (errno === undefined) return;
    if (!takesErrno(action)) {
      findings.problem(pointer, `expected none: ${action} has no errno, only SCMP_ACT_ERRNO and SCMP_ACT_TRACE do`);
    } else if (action === "SCMP_ACT_ERRNO" && errno > 4095) {
      // MAX_ERRNO of the kernel: it silently cuts larger ones.
      findings.problem(pointer, "expected an error number from 0 to 4095");
    }
  };
  check(seccomp.defaultAction, seccomp.defaultErrnoRet, "/linux/seccomp/defaultErrnoRet");
  seccomp.syscalls?.forEach(({ action, errnoRet }, index) => {
    check(action, errnoRet, `/linux/seccomp/syscalls/${index}/errnoRet`);
  });
}

/** config-linux.md, "Seccomp": SCMP_ACT_NOTIFY sends its descriptor to listenerPath. */
function notify(config: Spec, findings: Findings): void {
  const seccomp = config.linux?.seccomp;
  if (!seccomp) return;
  const at = "/linux/seccomp";
  // The runtime itself needs calls between loading the filter and execve: nobody would answer them.
  if (seccomp.defaultAction === "SCMP_ACT_NOTIFY") {
    findings.problem(`${at}/defaultAction`, "SCMP_ACT_NOTIFY cannot be used as default action", { quiet: true });
  }
  let used = false;
  seccomp.syscalls?.forEach(({ action, names }, index) => {
    if (action !== "SCMP_ACT_NOTIFY") return;
    used = true;
    // The descriptor of the filter is handed over with these calls.
    const needed = names.findIndex((name) => name === "write" || name === "sendmsg");
    if (needed >= 0 && names[needed] === "write") {
      findings.problem(
        `${at}/syscalls/${index}/names/${needed}`,
        "SCMP_ACT_NOTIFY cannot be used for the write syscall",
        { quiet: true },
      );
    }
  });
  if (used && !seccomp.listenerPath) {
    findings.problem(`${at}/listenerPath`, "SCMP_ACT_NOTIFY needs the path of a socket", { quiet: true });
  }
}

/** config-linux.md, "Seccomp": listenerMetadata must not be set without listenerPath. */
function listener(config: Spec, findings: Findings): void {
  const seccomp = config.linux?.seccomp;
  if (seccomp?.listenerMetadata && !seccomp.listenerPath) {
    findings.problem("/linux/seccomp/listenerMetadata", "expected none without listenerPath");
  }
  if (seccomp?.listenerPath && !seccomp.listenerPath.startsWith("/")) {
    findings.problem("/linux/seccomp/listenerPath", "expected an absolute path");
  }
}

export const seccompChecks: readonly Check<Spec>[] = [errnos, notify, listener];
