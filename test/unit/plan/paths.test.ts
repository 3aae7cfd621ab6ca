import t from "tap";
import { baseName, cleanPath, hostPath, isWithin, pointerPart } from "../../../src/plan/paths.js";

t.test("paths in the container", (t) => {
  const table = {
    "": "/",
    "/": "/",
    a: "/a",
    "/a/": "/a",
    "//a//./b": "/a/b",
    "../a": "/a",
    "/a/../../b": "/b",
    "/a/..b/": "/a/..b",
    "//a/./b/../c/": "/a/c",
    "/../..": "/",
  };
  for (const [path, clean] of Object.entries(table)) t.equal(cleanPath(path), clean, path);
  t.ok(isWithin("/proc/a", "/proc"));
  t.ok(isWithin("/proc", "/proc"));
  t.ok(isWithin("/proc", "/"));
  t.notOk(isWithin("/process", "/proc"));
  t.equal(baseName("/a/b,c"), "b,c");
  t.equal(baseName("b"), "b");
  t.end();
});

t.test("paths of the host", (t) => {
  t.equal(hostPath("/b", "/a"), "/a");
  t.equal(hostPath("/b", "a/../c"), "/b/a/../c");
  t.equal(hostPath("/", "a"), "/a");
  t.end();
});

t.test("parts of pointers", (t) => {
  t.equal(pointerPart("a/b~c"), "/a~1b~0c");
  t.end();
});
