// Mappings in the option of a mount, as crun has them.

import t from "tap";
import { mappingsOfOption } from "../../../src/spec/idmap-option.js";

const map = (...ranges: [number, number, number][]) =>
  ranges.map(([containerID, hostID, size]) => ({ containerID, hostID, size }));

t.test("ranges of users and groups", async (t) => {
  t.same(mappingsOfOption("idmap=uids=0-1-10#10-11-10;gids=0-100-10", {}), {
    uidMappings: map([0, 1, 10], [10, 11, 10]),
    gidMappings: map([0, 100, 10]),
  });
  t.same(mappingsOfOption("ridmap=gids=5-6-1;uids=7-8-1", {}), {
    uidMappings: map([7, 8, 1]),
    gidMappings: map([5, 6, 1]),
  });
});

t.test("@: the ids of the container", async (t) => {
  // The example of crun's manual.
  const container = { uidMappings: map([0, 0, 1], [1, 2, 1000]), gidMappings: map([0, 5000, 10]) };
  t.same(mappingsOfOption("idmap=uids=@1-3-10;gids=@0-0-10", container), {
    uidMappings: map([1, 4, 10]),
    gidMappings: map([0, 5000, 10]),
  });
  t.equal(mappingsOfOption("idmap=uids=@0-0-10;gids=0-0-1", container), null, "two ranges of the container");
  t.equal(mappingsOfOption("idmap=uids=@0-0-1;gids=0-0-1", {}), null, "no user namespace");
});

t.test("what can't be read", async (t) => {
  for (const text of ["", "uids=0-0-1", "uids=;gids=", "uids=0-0;gids=0-0-1", "uids=0-0-1;gids=0-0-1;uids=1-1-1"]) {
    t.equal(mappingsOfOption(`idmap=${text}`, {}), null, text);
  }
  for (const text of ["uids=-1-0-1;gids=0-0-1", "uids=0-0-x;gids=0-0-1", "users=0-0-1;gids=0-0-1"]) {
    t.equal(mappingsOfOption(`idmap=${text}`, {}), null, text);
  }
});
