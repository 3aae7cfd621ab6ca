// process: config.md, "Process". The pointers are those of config.json ("/process/…") or of
// the file of exec --process ("/…").

import type { Findings } from "../problems.js";
import type { Process } from "../types.gen.js";
import { type Check, findDuplicates, isNumberList, NUMBER_LIST } from "./check.js";

type ProcessCheck = (process: Process, at: string, findings: Findings) => void;

/** config.md, "Process": one entry at least. */
const args: ProcessCheck = (process, at, findings) => {
  if (process.args?.length === 0) findings.problem(`${at}/args`, "args must not be empty", { quiet: true });
};

/** config.md, "Process": cwd must be an absolute path. The texts are runc's: callers look for them. */
const cwd: ProcessCheck = (process, at, findings) => {
  if (process.cwd === "") findings.problem(`${at}/cwd`, "Cwd property must not be empty", { quiet: true });
  else if (!process.cwd.startsWith("/")) findings.problem(`${at}/cwd`, "Cwd must be an absolute path");
};

/** config.md, "Process": the semantics of environ, so NAME=VALUE. */
const env: ProcessCheck = (process, at, findings) => {
  process.env?.forEach((entry, index) => {
    const place = `${at}/env/${index}`;
    if (!entry.includes("=")) findings.problem(place, "invalid environment variable: missing '='");
    else if (entry.startsWith("=")) findings.problem(place, "invalid environment variable: name cannot be empty");
  });
};

/** config.md, "POSIX process": duplicated entries of one type must be an error. */
const rlimitTypes: ProcessCheck = (process, at, findings) => {
  findDuplicates(
    process.rlimits,
    (rlimit) => rlimit.type,
    (index, type, first) => {
      findings.problem(`${at}/rlimits/${index}/type`, `expected each type once, but ${type} is in entry ${first} too`, {
        quiet: true,
      });
    },
  );
};

/** setrlimit(2): EINVAL when the soft limit is above the hard one. */
const rlimitOrder: ProcessCheck = (process, at, findings) => {
  process.rlimits?.forEach(({ soft, hard }, index) => {
    if (soft > hard) {
      findings.problem(`${at}/rlimits/${index}/soft`, `expected a soft limit up to the hard one, which is ${hard}`);
    }
  });
};

/** config.md, "Process": ignored without a terminal. struct winsize has 16 bits for each. */
const consoleSize: ProcessCheck = (process, at, findings) => {
  if (!process.terminal || !process.consoleSize) return;
  for (const side of ["height", "width"] as const) {
    if (process.consoleSize[side] > 65535)
      findings.problem(`${at}/consoleSize/${side}`, "expected an integer from 0 to 65535");
  }
};

/** config.md, "Linux Process", and sched_setattr(2): which parameters go with which policy. */
const scheduler: ProcessCheck = (process, at, findings) => {
  const { scheduler } = process;
  if (!scheduler) return;
  const { policy, nice, priority } = scheduler;
  const realtime = policy === "SCHED_FIFO" || policy === "SCHED_RR";
  if (nice !== undefined && (nice < -20 || nice > 19)) {
    findings.problem(`${at}/scheduler/nice`, "expected a nice value from -20 to 19");
  }
  if (priority !== undefined && realtime && (priority < 1 || priority > 99)) {
    findings.problem(`${at}/scheduler/priority`, `expected a priority from 1 to 99 for ${policy}`);
  }
  if (priority && !realtime) {
    findings.problem(
      `${at}/scheduler/priority`,
      `expected no priority for ${policy}: only SCHED_FIFO and SCHED_RR have one`,
    );
  }
  for (const name of ["runtime", "deadline", "period"] as const) {
    if (scheduler[name] && policy !== "SCHED_DEADLINE") {
      findings.problem(`${at}/scheduler/${name}`, `expected no ${name} for ${policy}: only SCHED_DEADLINE has one`);
    }
  }
};

/** config.md, "Linux Process": lists with dashes for ranges. */
const cpuAffinity: ProcessCheck = (process, at, findings) => {
  for (const name of ["initial", "final"] as const) {
    const list = process.execCPUAffinity?.[name];
    if (list && !isNumberList(list)) findings.problem(`${at}/execCPUAffinity/${name}`, `expected ${NUMBER_LIST}`);
  }
};

const checks: readonly ProcessCheck[] = [args, cwd, env, rlimitTypes, rlimitOrder, consoleSize, scheduler, cpuAffinity];

/** The checks of a process at a place: "/process" in config.json, "" in a process file. */
export function processChecks<T>(at: string, processOf: (document: T) => Process | undefined): Check<T>[] {
  return checks.map((check) => (document, findings) => {
    const process = processOf(document);
    if (process) check(process, at, findings);
  });
}
