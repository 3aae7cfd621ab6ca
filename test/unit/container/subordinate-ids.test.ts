// What a failed mapping is explained by.

import t from "tap";
import { parseSubordinate, subordinateFile, uncovered } from "../../../src/container/subordinate-ids.js";

t.test("lines of subuid(5): by name or number, damaged ones passed over", async (t) => {
  const text = "jane:100000:65536\n1000:300000:10\n# jane:1:1\njohn:200000:65536\njane:400000\njane:x:5\n\n";
  t.same(parseSubordinate(text, 1000, "jane"), [
    { first: 100000, last: 165535 },
    { first: 300000, last: 300009 },
  ]);
  t.same(parseSubordinate(text, 1000, null), [{ first: 300000, last: 300009 }]);
  t.same(parseSubordinate(text, 7, "max"), []);
  t.same(parseSubordinate("", 7, "max"), []);
  t.equal(subordinateFile("gid"), "/etc/subgid");
});

t.test("the first mapping with ids outside of the ranges", async (t) => {
  const ranges = [
    { first: 110, last: 119 },
    { first: 1000, last: 1000 },
    { first: 100, last: 109 },
  ];
  const mapping = (hostID: number, size: number) => ({ containerID: 0, hostID, size });
  t.equal(uncovered([mapping(1000, 1), mapping(100, 20)], ranges), undefined, "adjacent ranges are one");
  t.same(uncovered([mapping(1000, 1), mapping(100, 21)], ranges), { first: 100, last: 120 });
  t.same(uncovered([mapping(99, 2)], ranges), { first: 99, last: 100 });
  t.same(uncovered([mapping(5, 1)], []), { first: 5, last: 5 });
  t.same(ranges[0], { first: 110, last: 119 }, "the ranges are not changed");
});
