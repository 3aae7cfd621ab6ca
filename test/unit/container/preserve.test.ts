// Which of the caller's descriptors go on into the container.

import t from "tap";
import { preservedDescriptors } from "../../../src/container/preserve.js";

const caller = (open: number[], listenFds?: string, listenPid = "7") => ({
  listenFds,
  listenPid,
  pid: 7,
  wasOpen: (fd: number) => open.includes(fd),
});

t.test("none unless asked for", async (t) => {
  t.same(preservedDescriptors(0, caller([3, 4])), { descriptors: [], listenFds: 0 });
});

t.test("socket activation first, then --preserve-fds", async (t) => {
  t.same(preservedDescriptors(2, caller([3, 4])), { descriptors: [3, 4], listenFds: 0 });
  t.same(preservedDescriptors(1, caller([3, 4, 5], "2")), { descriptors: [3, 4, 5], listenFds: 2 });
});

t.test("LISTEN_FDS of another process, or none, does not count", async (t) => {
  t.same(preservedDescriptors(0, caller([3], "1", "8")), { descriptors: [], listenFds: 0 });
  for (const text of ["", "x", "-1", "1 "]) t.equal(preservedDescriptors(0, caller([3], text)).listenFds, 0, text);
});

t.test("one that was not open is an error, not a descriptor of the engine's own", async (t) => {
  t.throws(() => preservedDescriptors(2, caller([3])), {
    message: "unable to stat preserved-fd 1 (of 2) (the caller passed no descriptor 4)",
  });
  t.throws(() => preservedDescriptors(0, caller([3], "2")), {
    message: "unable to stat LISTEN_FDS descriptor 4 (of 2)",
  });
});
