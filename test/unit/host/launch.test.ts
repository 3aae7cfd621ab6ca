import t from "tap";
import { parseLaunch } from "../../../src/host/launch.js";

t.test("a note of the launcher", async (t) => {
  t.strictSame(parseLaunch("nofile=0x400:0x100000 fds=5 argv0=/usr/bin/runt"), {
    program: "/usr/bin/runt",
    nofile: { soft: 1024n, hard: 1048576n },
    openFds: [3, 5],
  });
});

t.test("argv0 may hold anything", async (t) => {
  t.equal(parseLaunch("nofile=0x1:0x1 fds=0 argv0=a fds=7 argv0=b\nc")?.program, "a fds=7 argv0=b\nc");
  t.equal(parseLaunch("nofile=0x1:0x1 fds=0 argv0=")?.program, "runt");
});

t.test("no limit, the highest descriptor", async (t) => {
  const note = parseLaunch(`nofile=0xffffffffffffffff:0xffffffffffffffff fds=1${"0".repeat(63)} argv0=runt`);
  t.equal(note?.nofile?.hard, 2n ** 64n - 1n);
  t.strictSame(note?.openFds, [255]);
});

t.test("anything else is no note", async (t) => {
  for (const text of ["", "argv0=runt", "nofile=0xx:0x1 fds=0 argv0=runt", "nofile=0x1:0x1 fds=G argv0="]) {
    t.equal(parseLaunch(text), null, text);
  }
});
