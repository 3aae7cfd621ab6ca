import t from "tap";
import { table } from "../../../src/cli/table.js";

t.test("the header alone is runc's", async (t) => {
  t.equal(
    table([["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]]),
    "ID          PID         STATUS      BUNDLE      CREATED     OWNER\n",
  );
});

t.test("a column is as wide as its longest cell and three blanks, at least 12", async (t) => {
  t.equal(
    table([
      ["ID", "X"],
      ["a-long-container-id", "1"],
      ["ü", "2"],
    ]),
    "ID                    X\na-long-container-id   1\nü                     2\n",
  );
});
