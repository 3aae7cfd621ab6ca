import t from "tap";
import { editDistance, suggest } from "../../../src/spec/suggest.js";

t.test("editDistance counts single changes", async (t) => {
  const cases: [string, string, number][] = [
    ["", "", 0],
    ["", "abc", 3],
    ["pid", "pid", 0],
    ["pid", "pids", 1],
    ["mount", "muont", 1],
    ["ipc", "icp", 1],
    ["kitten", "sitting", 3],
  ];
  for (const [a, b, changes] of cases) {
    t.equal(editDistance(a, b), changes);
    t.equal(editDistance(b, a), changes);
  }
});

t.test("suggest finds what was probably meant", async (t) => {
  const namespaces = ["pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"];
  const cases: [string, string | undefined][] = [
    ["net", "network"],
    ["nett", "network"],
    ["mnt", "mount"],
    ["usr", "user"],
    ["PID", "pid"],
    ["pdi", "pid"],
    ["cgroups", "cgroup"],
    ["x", undefined],
    ["", undefined],
    ["something", undefined],
  ];
  for (const [name, meant] of cases) t.equal(suggest(name, namespaces), meant, name);
  t.equal(suggest("no_new_privileges", ["noNewPrivileges", "terminal"]), "noNewPrivileges");
  t.equal(suggest("ERRNO", ["SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO"]), "SCMP_ACT_ERRNO");
});
