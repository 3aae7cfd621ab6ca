import t from "tap";
import { filterPs } from "../../../src/container/processes.js";

const PS =
  "UID          PID    PPID CMD\nroot           1       0 init\nroot          12       1 sh -c sleep 1\nroot         112      12 sleep 112\n";

t.test("the header and the lines of the container's processes", async (t) => {
  t.equal(
    filterPs(PS, [12, 112]),
    "UID          PID    PPID CMD\nroot          12       1 sh -c sleep 1\nroot         112      12 sleep 112\n",
  );
  t.equal(filterPs(PS, []), "UID          PID    PPID CMD\n", "a container that has stopped");
  t.equal(filterPs(PS, [0, 1120, 2]), "UID          PID    PPID CMD\n", "other columns and prefixes do not count");
});

t.test("without a PID column nothing can be told", async (t) => {
  t.throws(() => filterPs("CMD\nsh\n", [1]), { message: "couldn't find PID field in ps output" });
  t.throws(() => filterPs("", [1]), { message: "couldn't find PID field in ps output" });
});
