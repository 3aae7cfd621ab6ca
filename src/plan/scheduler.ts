// process.scheduler and process.ioPriority: config.md, "Linux Process"; sched_setattr(2), ioprio_set(2).

import type { IOPriorityClass, LinuxSchedulerFlag, LinuxSchedulerPolicy } from "../spec/types.gen.js";
import type { Planning } from "./planning.js";
import { place } from "./program.js";

/** SCHED_* (linux/sched.h). */
const POLICIES: Readonly<Record<LinuxSchedulerPolicy, number>> = {
  SCHED_OTHER: 0,
  SCHED_FIFO: 1,
  SCHED_RR: 2,
  SCHED_BATCH: 3,
  // Reserved in the kernel, which refuses it.
  SCHED_ISO: 4,
  SCHED_IDLE: 5,
  SCHED_DEADLINE: 6,
};

/** SCHED_FLAG_* (linux/sched.h). */
const FLAGS: Readonly<Record<LinuxSchedulerFlag, number>> = {
  SCHED_FLAG_RESET_ON_FORK: 0x01,
  SCHED_FLAG_RECLAIM: 0x02,
  SCHED_FLAG_DL_OVERRUN: 0x04,
  SCHED_FLAG_KEEP_POLICY: 0x08,
  SCHED_FLAG_KEEP_PARAMS: 0x10,
  SCHED_FLAG_UTIL_CLAMP_MIN: 0x20,
  SCHED_FLAG_UTIL_CLAMP_MAX: 0x40,
};

/** IOPRIO_CLASS_* and where the class stands in the value (linux/ioprio.h). */
const IO_CLASSES: Readonly<Record<IOPriorityClass, number>> = {
  IOPRIO_CLASS_RT: 1,
  IOPRIO_CLASS_BE: 2,
  IOPRIO_CLASS_IDLE: 3,
};
const IO_CLASS_SHIFT = 13;

/** How the process competes for CPUs and disks. */
export function planScheduling({ config, inside }: Planning): void {
  const { scheduler, ioPriority } = config.process;
  if (scheduler) {
    const { policy, flags = [], nice = 0, priority = 0, runtime = 0, deadline = 0, period = 0 } = scheduler;
    inside.add(place("/process/scheduler", policy), {
      op: "set_scheduler",
      policy: POLICIES[policy],
      flags: flags.reduce((bits, flag) => bits | FLAGS[flag], 0),
      nice,
      priority,
      runtime,
      deadline,
      period,
    });
  }
  if (ioPriority) {
    // config.md requires a priority; the specification's schema, runc and crun do not.
    const value = (IO_CLASSES[ioPriority.class] << IO_CLASS_SHIFT) | (ioPriority.priority ?? 0);
    inside.add(place("/process/ioPriority", ioPriority.class), { op: "set_io_priority", value });
  }
}
