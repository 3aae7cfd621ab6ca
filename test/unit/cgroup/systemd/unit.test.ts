// cgroupsPath of the systemd driver: units, slices, and where their cgroups are.

import t from "tap";
import { expandSlice, unitPlace } from "../../../../src/cgroup/systemd/unit.js";

t.test("the place of a unit", async (t) => {
  const rows: [path: string | undefined, id: string, user: boolean, unit: string, path2: string][] = [
    [undefined, "web", false, "runt-web.scope", "/system.slice/runt-web.scope"],
    [undefined, "web", true, "runt-web.scope", "/user.slice/runt-web.scope"],
    ["", "web", false, "runt-web.scope", "/system.slice/runt-web.scope"],
    [undefined, "a+b", false, "runt-a\\x2bb.scope", "/system.slice/runt-a\\x2bb.scope"],
    ["system.slice:docker:abc", "web", false, "docker-abc.scope", "/system.slice/docker-abc.scope"],
    [":libpod:abc", "web", true, "libpod-abc.scope", "/user.slice/libpod-abc.scope"],
    ["machine-a-b.slice:p:n", "w", false, "p-n.scope", "/machine.slice/machine-a.slice/machine-a-b.slice/p-n.scope"],
    ["-.slice:p:n", "w", false, "p-n.scope", "/p-n.scope"],
    ["-:p:n", "w", false, "p-n.scope", "/p-n.scope"],
    // As in runc: an empty prefix leaves the dash.
    ["::n", "w", false, "-n.scope", "/system.slice/-n.scope"],
    // systemd keeps names that could be the kernel's files apart.
    [":cgroup.x:n", "w", false, "cgroup.x-n.scope", "/system.slice/_cgroup.x-n.scope"],
    [":_p:n", "w", false, "_p-n.scope", "/system.slice/__p-n.scope"],
  ];
  for (const [cgroupsPath, id, user, unit, path] of rows) {
    const place = unitPlace(cgroupsPath, id, user);
    t.equal(place.unit, unit, `${cgroupsPath}`);
    t.equal(place.path, path, `${cgroupsPath}`);
  }
});

t.test("what is no place is refused, with the property's name", async (t) => {
  const rows: [string, RegExp][] = [
    ["/foo/bar", /^linux\.cgroupsPath: expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups/],
    ["a.slice:b", /slice:prefix:name/],
    ["a:b:c:d", /slice:prefix:name/],
    ["system.slice:p:", /slice:prefix:name/],
    ["system.slice:p:n.slice", /names a slice \(n\.slice\), and a container needs a scope/],
    ["system.slice:a b:n", /makes "a b-n\.scope", which is no name for a unit/],
    ["system.slice:p/q:n", /is no name for a unit/],
    [`system.slice:p:${"n".repeat(250)}`, /is no name for a unit/],
    ["nonsense:p:n", /"nonsense" is an invalid slice name/],
  ];
  for (const [path, message] of rows) t.throws(() => unitPlace(path, "web", false), { message }, path);
});

t.test("slices", async (t) => {
  t.equal(expandSlice("a.slice"), "/a.slice");
  t.equal(expandSlice("a-b-c.slice"), "/a.slice/a-b.slice/a-b-c.slice");
  t.equal(expandSlice("-.slice"), "/");
  for (const slice of [".slice", "-a.slice", "a-.slice", "a--b.slice", "a", "a/b.slice", "a.scope", "--.slice"]) {
    t.throws(() => expandSlice(slice), { message: /invalid slice name/ }, slice);
  }
});
