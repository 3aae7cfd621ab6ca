// Waiting for cgroup.events of cgroup2: the kernel wakes a poll for POLLPRI when "populated" or "frozen" change.

import { O_CLOEXEC, O_RDONLY, POLLPRI } from "../host/constants.js";
import { native } from "../host/native.js";
import { isGone } from "./failure.js";
import { parseKeyed } from "./proc-files.js";

/**
 * Waits until a key has a value; a cgroup that has gone counts as done.
 * Returns false when timeoutMs is over.
 */
export function waitForEvent(
  directory: string,
  key: "populated" | "frozen",
  value: "0" | "1",
  timeoutMs: number,
): boolean {
  const end = performance.now() + timeoutMs;
  for (;;) {
    let fd: number;
    try {
      fd = native().open(`${directory}/cgroup.events`, O_RDONLY | O_CLOEXEC, 0);
    } catch (error) {
      if (isGone(error)) return true;
      throw error;
    }
    try {
      // The read also arms the poll: what changes after it wakes the poll, so nothing is missed between them.
      if (parseKeyed(native().readFd(fd))[key] === value) return true;
      const left = Math.ceil(end - performance.now());
      if (left <= 0) return false;
      native().poll(fd, POLLPRI, left);
    } catch (error) {
      if (isGone(error)) return true;
      throw error;
    } finally {
      native().close(fd);
    }
  }
}
