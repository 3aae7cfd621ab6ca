import t from "tap";
import { checkId } from "../../../src/container/ids.js";

t.test("ids that are names", async (t) => {
  for (const id of ["a", "web1", "A_b+c-d.e", "...", "-x", ".hidden", "0", "a".repeat(255)])
    t.doesNotThrow(() => checkId(id), id);
});

t.test("ids that would be paths, empty or hidden from eyes", async (t) => {
  t.throws(() => checkId(""), { message: "container id cannot be empty" });
  for (const id of [".", "..", "a/b", "/", "a b", "a\n", "a\0", "ä", "~", "a:b", "a".repeat(256)]) {
    t.throws(() => checkId(id), { message: /^invalid container ID format \(letters, / }, JSON.stringify(id));
  }
});
