// process: config.md, "Process"; also the file of exec --process.

import type { CPUAffinity, POSIXRlimit, Process, Scheduler } from "../types.gen.js";
import type { Findings } from "../problems.js";
import { type Check, type Checks, checkMembers, findDuplicates, isNumberList, NUMBER_LIST } from "./check.js";

/** config.md, "Process": one entry at least. */
const args: Check<string[]> = (args, at, { findings }) => {
  if (args.length === 0) findings.problem(at, "args must not be empty", { quiet: true });
};

/** config.md, "Process": cwd must be an absolute path. The texts are runc's: callers look for them. */
const cwd: Check<string> = (cwd, at, { findings }) => {
  if (cwd === "") findings.problem(at, "Cwd property must not be empty", { quiet: true });
  else if (!cwd.startsWith("/")) findings.problem(at, "Cwd must be an absolute path");
};

/** config.md, "Process": the semantics of environ, so NAME=VALUE. */
const env: Check<string[]> = (env, at, { findings }) => {
  for (let index = 0; index < env.length; index++) {
    const equals = env[index]!.indexOf("=");
    if (equals > 0) continue;
    const what = equals < 0 ? "missing '='" : "name cannot be empty";
    findings.problem(`${at}/${index}`, `invalid environment variable: ${what}`);
  }
};

/** config.md, "POSIX process": each type once. setrlimit(2): EINVAL when the soft limit is above the hard one. */
const rlimits: Check<POSIXRlimit[]> = (rlimits, at, { findings }) => {
  findDuplicates(
    rlimits,
    (rlimit) => rlimit.type,
    (index, type, first) => {
      const cause = `expected each type once, but ${type} is in entry ${first} too`;
      findings.problem(`${at}/${index}/type`, cause, { quiet: true });
    },
  );
  for (let index = 0; index < rlimits.length; index++) {
    const { soft, hard } = rlimits[index]!;
    if (soft > hard) {
      findings.problem(`${at}/${index}/soft`, `expected a soft limit up to the hard one, which is ${hard}`);
    }
  }
};

/** config.md, "Linux Process", and sched_setattr(2): which parameters go with which policy. */
const scheduler: Check<Scheduler> = (scheduler, at, { findings }) => {
  const { policy, nice, priority } = scheduler;
  const realtime = policy === "SCHED_FIFO" || policy === "SCHED_RR";
  if (nice !== undefined && (nice < -20 || nice > 19)) {
    findings.problem(`${at}/nice`, "expected a nice value from -20 to 19");
  }
  if (priority !== undefined && realtime && (priority < 1 || priority > 99)) {
    findings.problem(`${at}/priority`, `expected a priority from 1 to 99 for ${policy}`);
  }
  if (priority && !realtime) {
    findings.problem(`${at}/priority`, `expected no priority for ${policy}: only SCHED_FIFO and SCHED_RR have one`);
  }
  if (policy === "SCHED_DEADLINE") deadlines(scheduler, at, findings);
  else {
    for (const name of ["runtime", "deadline", "period"] as const) {
      if (!scheduler[name]) continue;
      findings.problem(`${at}/${name}`, `expected no ${name} for ${policy}: only SCHED_DEADLINE has one`);
    }
  }
};

/** The kernel's unit of run time in nanoseconds: less is EINVAL. */
const LEAST_RUNTIME = 1024;

/** sched(7), "SCHED_DEADLINE": runtime <= deadline <= period, which is the deadline when it is not said. */
function deadlines({ runtime = 0, deadline = 0, period, flags }: Scheduler, at: string, findings: Findings): void {
  if (flags?.includes("SCHED_FLAG_KEEP_PARAMS")) return;
  if (runtime < LEAST_RUNTIME) {
    findings.problem(`${at}/runtime`, `expected a run time of ${LEAST_RUNTIME} nanoseconds at least`);
  }
  if (deadline < runtime || !deadline) findings.problem(`${at}/deadline`, "expected a deadline not below the runtime");
  if (period && period < deadline) findings.problem(`${at}/period`, "expected a period not below the deadline");
}

/** config.md, "Linux Process": lists with dashes for ranges. */
const execCPUAffinity: Check<CPUAffinity> = (affinity, at, { findings }) => {
  for (const name of ["initial", "final"] as const) {
    const list = affinity[name];
    if (list && !isNumberList(list)) findings.problem(`${at}/${name}`, `expected ${NUMBER_LIST}`);
  }
};

const members: Checks<Process> = { args, cwd, env, rlimits, scheduler, execCPUAffinity };

export const checkProcess: Check<Process> = (process, at, context) => {
  checkMembers(process, members, at, context);
  // config.md, "Process": ignored without a terminal. struct winsize has 16 bits for each.
  if (!process.terminal || !process.consoleSize) return;
  for (const side of ["height", "width"] as const) {
    if (process.consoleSize[side] > 65535) {
      context.findings.problem(`${at}/consoleSize/${side}`, "expected an integer from 0 to 65535");
    }
  }
};
