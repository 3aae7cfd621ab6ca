// Errors of the addon: numbers in words, what a failed call throws, and wrong arguments.

import t from "tap";
import { RuntError } from "../../../src/errors.js";
import type { NativeError } from "../../../src/host/addon.js";
import { EACCES, ENOENT } from "../../../src/host/constants.js";
import { failure, isNativeError } from "../../../src/host/failure.js";
import { native } from "../../../src/host/native.js";

/** What the action throws. */
function thrownBy(action: () => unknown): Error {
  try {
    action();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

t.test("texts are those of Go's syscall package", async (t) => {
  t.equal(native().strerror(ENOENT), "no such file or directory");
  t.equal(native().strerror(EACCES), "permission denied");
  t.equal(native().strerror(5), "input/output error");
  t.equal(native().strerror(4711), "error 4711");
});

t.test("a failed call says which, on what and why", async (t) => {
  const error = thrownBy(() => native().open("/nowhere/at/all", 0, 0)) as NativeError;
  t.ok(error instanceof Error);
  t.match(error, { errno: ENOENT, code: "ENOENT", syscall: "open", path: "/nowhere/at/all" });
  t.equal(error.message, "open /nowhere/at/all: no such file or directory");
  t.notOk("path" in thrownBy(() => native().fstat(9999)));
});

t.test("a wrong argument is refused before anything is done", async (t) => {
  const addon = native() as unknown as Record<string, (...args: unknown[]) => unknown>;
  const text = (name: string, ...args: unknown[]) => thrownBy(() => addon[name]!(...args)).message;
  t.equal(text("open", 5, 0, 0), "addon: open: argument 1 is not a string");
  t.equal(text("open", "/tmp", "r", 0), "addon: open: argument 2 is not a 32-bit integer");
  t.equal(text("open", "/tmp", 0, -1), "addon: open: argument 3 is not an unsigned 32-bit integer");
  t.equal(text("close", 1.5), "addon: close: argument 1 is not a 32-bit integer");
  t.equal(text("close", Number.NaN), "addon: close: argument 1 is not a 32-bit integer");
  t.equal(text("close"), "addon: close: argument 1 is not a 32-bit integer");
  t.equal(text("lock", 0, 1), "addon: lock: argument 2 is not a boolean");
  t.equal(text("createFile", "/tmp/x", 7, 0), "addon: createFile: argument 2 is not a string or a Uint8Array");
  t.equal(text("spawnInit", "x"), "addon: spawnInit: argument 1 is not an object");
  t.equal(text("unlink", "/tmp/x\0y"), "addon: unlink: argument 1 is not a string without NUL");
});

t.test("failure words what the addon threw", async (t) => {
  const error = thrownBy(() => native().readFile("/nowhere"));
  t.ok(isNativeError(error));
  t.equal((failure(error) as RuntError).message, "open /nowhere: no such file or directory");
  t.equal((failure(error) as RuntError).errno, ENOENT);
  const worded = failure(error, { where: "root.path", attempt: "look at", path: "rootfs", hint: "make one" });
  t.ok(worded instanceof RuntError);
  t.equal((worded as Error).message, "root.path: look at rootfs: no such file or directory (make one)");
});

t.test("failure leaves other errors as they are", async (t) => {
  const worded = new RuntError("as it is");
  const bug = new TypeError("undefined is not a function");
  t.equal(failure(worded, { where: "here" }), worded);
  t.equal(failure(bug, { where: "here" }), bug);
  t.equal(failure("text"), "text");
});
