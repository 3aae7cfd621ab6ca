import t from "tap";
import { mapText } from "../../../src/plan/mappings.js";
import { absolutePath, parentPath } from "../../../src/container/paths.js";

t.test("paths as text", async (t) => {
  t.equal(absolutePath("x/../y", "/base"), "/base/y");
  t.equal(absolutePath("/x", "/base"), "/x");
  t.equal(parentPath("/a/b"), "/a");
  t.equal(parentPath("/a"), "/");
});

t.test("id maps have a line for each mapping", async (t) => {
  t.equal(
    mapText([
      { containerID: 0, hostID: 1000, size: 1 },
      { containerID: 1, hostID: 100000, size: 65536 },
    ]),
    "0 1000 1\n1 100000 65536\n",
  );
});
