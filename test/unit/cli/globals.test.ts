// Global options in their final form.

import t from "tap";
import { GLOBAL_FLAGS } from "../../../src/cli/flags.js";
import { defaultRoot, resolveGlobals, resolveLogFormat, resolveLogLevel } from "../../../src/cli/globals.js";
import { parseLine } from "../../../src/cli/parse.js";

const options = (...words: string[]) => parseLine(words, GLOBAL_FLAGS).options;
const resolve = (...words: string[]) => resolveGlobals("runt", options(...words));

t.test("--root is made absolute and is never /", async (t) => {
  t.match(resolve("--root", "/a/../b/"), { root: "/b", rootGiven: true });
  t.match(resolve("--root", "x"), { root: `${process.cwd()}/x` });
  for (const root of ["/", "//", "/a/..", "/.."]) {
    t.throws(() => resolve("--root", root), { message: "Option --root argument should not be set to /" }, root);
  }
});

t.test("the default root goes by the name and the user", async (t) => {
  const before = { ...process.env };
  t.teardown(() => {
    process.env = before;
  });
  delete process.env.XDG_RUNTIME_DIR;
  t.same(defaultRoot("runt"), { path: "/run/runt", ofUser: false });
  t.same(defaultRoot("runc"), { path: "/run/runc", ofUser: false });
  t.match(resolve(), { rootGiven: false });
  process.env.XDG_RUNTIME_DIR = "/run/user/1000";
  if (process.geteuid?.() !== 0) t.same(defaultRoot("runt"), { path: "/run/user/1000/runt", ofUser: true });
});

t.test("choices are checked", async (t) => {
  t.equal(resolve().rootless, "auto");
  t.equal(resolve("--rootless", "true").rootless, "true");
  t.throws(() => resolve("--rootless", "maybe"), { message: '--rootless: "maybe" is none of true, false, auto' });
  t.equal(resolveLogFormat(options()), "text");
  t.equal(resolveLogFormat(options("--log-format=json")), "json");
  t.throws(() => resolveLogFormat(options("--log-format=xml")), { message: "invalid log-format: xml" });
});

t.test("--log-level, and --debug for its most", async (t) => {
  t.equal(resolveLogLevel(options()), "warning");
  t.equal(resolveLogLevel(options("--log-level", "error")), "error");
  t.equal(resolveLogLevel(options("--log-level=debug")), "debug");
  t.equal(resolveLogLevel(options("--debug", "--log-level", "error")), "debug");
  t.throws(() => resolveLogLevel(options("--log-level", "trace")), {
    message: '--log-level: "trace" is none of error, warning, debug',
  });
});
