// What runt-init says, in the words of errors. Docker and Podman look for some of them.

import t from "tap";
import { failureError, wordFailure } from "../../../src/container/failures.js";
import { hintFor } from "../../../src/container/hints.js";

const ENOENT = 2;
const EACCES = 13;
const message = (text: string, value = 0) => ({ text, value, step: 4 });

t.test("a step of the config: its place, what was attempted, why, what to try", async (t) => {
  const planned = { step: { op: "attach_root" } as const, where: "root.path" };
  t.equal(
    failureError(planned, message("open /b/rootfs", ENOENT)).message,
    "root.path: open /b/rootfs: no such file or directory (root.path must be an existing directory)",
  );
  t.equal(failureError(planned, message("open /b/rootfs", ENOENT)).errno, ENOENT);
  t.equal(failureError(planned, message("in words alone")).message, "root.path: in words alone");
  t.equal(failureError(undefined, message("refused")).message, "refused", "before any step ran");
});

t.test("programs that can't be run are told apart by the words of Go's os/exec", async (t) => {
  const prefix = "unable to start container process: error during container init: ";
  const find = { op: "find_program", where: "process.args[0]" } as const;
  t.equal(
    wordFailure(find, message('exec: "x": executable file not found in $PATH')).message,
    `${prefix}exec: "x": executable file not found in $PATH`,
  );
  t.equal(wordFailure(find, message('exec: "/x"', EACCES)).message, `${prefix}exec: "/x": permission denied`);
  t.equal(
    wordFailure(find, message('exec: "/x": stat /x', ENOENT)).message,
    `${prefix}exec: "/x": stat /x: no such file or directory`,
  );
});

t.test("what runt-init found out about a file is the hint", async (t) => {
  const execute = { op: "execute", where: "process.args" } as const;
  t.equal(
    wordFailure(execute, message("exec /x\x1fthe interpreter /nowhere does not exist", ENOENT)).message,
    "unable to start container process: error during container init: exec /x: no such file or directory (the interpreter /nowhere does not exist)",
  );
});

t.test("no hint is better than a wrong one", async (t) => {
  t.equal(hintFor("set_hostname", EACCES, "set hostname x"), undefined);
  t.type(hintFor("pivot_root", 22, "pivot_root"), "string");
});
