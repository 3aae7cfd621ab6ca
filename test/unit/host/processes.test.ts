// Signals, pidfds, waiting, locks.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import t from "tap";
import { O_CREAT, O_RDWR, POLLIN } from "../../../src/host/constants.js";
import { native } from "../../../src/host/native.js";
import { failsWith } from "../../helpers/native-error.js";

t.test("a pidfd waits for a process that is not ours to reap", async (t) => {
  const child = spawn("sleep", ["30"]);
  const pidfd = native().pidfdOpen(child.pid!);
  t.equal(native().pidfdWait(pidfd, 0), false);
  const start = Date.now();
  t.equal(native().pidfdWait(pidfd, 40), false);
  t.ok(Date.now() - start >= 39);
  native().pidfdSignal(pidfd, 9);
  t.equal(native().pidfdWait(pidfd, 5000), true);
  const [, signal] = await once(child, "close");
  t.equal(signal, "SIGKILL");
  t.throws(() => native().pidfdSignal(pidfd, 9), failsWith("ESRCH", "pidfd_send_signal"));
  native().close(pidfd);
  t.throws(() => native().pidfdWait(9999, 0), failsWith("EBADF"));
});

t.test("kill", async (t) => {
  t.doesNotThrow(() => native().kill(process.pid, 0));
  t.throws(() => native().kill(4_194_305, 15), failsWith("ESRCH", "kill"));
  for (const pid of [0, -1, -process.pid]) t.throws(() => native().kill(pid, 0), failsWith("EINVAL"), "never a group");
});

t.test("what is not our child can't be reaped", async (t) => {
  t.equal(native().reap(1), null);
  t.throws(() => native().reap(-1), failsWith("EINVAL"));
});

t.test("locks", async (t) => {
  const path = join(t.testdir(), "lock");
  const [one, two] = [native().open(path, O_RDWR | O_CREAT, 0o600), native().open(path, O_RDWR, 0)];
  t.equal(native().lock(one, false), true);
  t.equal(native().lock(two, false), false);
  native().close(one);
  t.equal(native().lock(two, true), true);
  native().close(two);
});

t.test("pollAll and eventfds", async (t) => {
  const [quiet, signalled] = [native().eventfd(), native().eventfd()];
  t.equal(native().readEventfd(quiet), 0, "it does not block");
  t.same(native().pollAll([quiet, signalled], [POLLIN, POLLIN], 0), [0, 0]);
  // eventfd(2): eight bytes are added to the counter. "\x01" and seven NULs are 1 on a little-endian machine.
  native().writeFd(signalled, "\x01\0\0\0\0\0\0\0");
  native().writeFd(signalled, "\x01\0\0\0\0\0\0\0");
  t.same(native().pollAll([quiet, signalled], [POLLIN, POLLIN], -1), [0, POLLIN]);
  t.equal(native().readEventfd(signalled), 2);
  t.equal(native().readEventfd(signalled), 0);
  native().close(signalled);
  t.throws(() => native().pollAll([quiet, signalled], [POLLIN, POLLIN], 0), failsWith("EBADF", "poll"));
  t.throws(() => native().pollAll([quiet], [], 0), failsWith("EINVAL", "poll"));
  native().close(quiet);
});

t.test("poll", async (t) => {
  const fd = native().memfd("x", "y");
  t.equal(native().poll(fd, POLLIN, 0), true);
  native().close(fd);
  t.throws(() => native().poll(fd, POLLIN, 0), failsWith("EBADF", "poll"));
});
