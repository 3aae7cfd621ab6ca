// Numbers are taken strictly: a lenient reading of a uid or a descriptor is a way in.

import t from "tap";
import { parseBoolean, parseDuration, parseInteger } from "../../../src/cli/numbers.js";

t.test("integers: decimal digits and nothing else", async (t) => {
  for (const [text, value] of [
    ["0", 0],
    ["1", 1],
    ["-1", -1],
    ["007", 7],
    ["9007199254740991", 2 ** 53 - 1],
  ] as const) {
    t.equal(parseInteger(text), value, text);
  }
  t.ok(Object.is(parseInteger("-0"), 0), "-0 is 0");
  const wrong = [
    "",
    " ",
    "1 ",
    " 1",
    "+1",
    "0x1",
    "1.0",
    "1e3",
    "--1",
    "-",
    "1:",
    "1,2",
    "1\n",
    "１",
    "9007199254740992",
    "99999999999999999999",
    "1_000",
    "NaN",
  ];
  for (const text of wrong) t.equal(parseInteger(text), null, JSON.stringify(text));
});

t.test("integers have bounds", async (t) => {
  t.equal(parseInteger("-1", 0), null);
  t.equal(parseInteger("0", 0), 0);
  t.equal(parseInteger("10", 0, 10), 10);
  t.equal(parseInteger("11", 0, 10), null);
});

t.test("durations as Go writes them", async (t) => {
  const good = {
    "5s": 5000,
    "1h30m": 5_400_000,
    "1.5s": 1500,
    "300ms": 300,
    "0": 0,
    "-2ms": -2,
    "+1s": 1000,
    ".5s": 500,
    "2us": 0.002,
    "2µs": 0.002,
    "2μs": 0.002,
    "1m0s": 60_000,
    "0s": 0,
  };
  for (const [text, value] of Object.entries(good)) t.equal(parseDuration(text), value, text);
  for (const text of ["", "5", "s", "5 s", "5sec", "1h30", "--1s", ".s", "1d", "1s!"])
    t.equal(parseDuration(text), null, text);
});

t.test("booleans as Go reads them", async (t) => {
  for (const text of ["1", "t", "T", "true", "TRUE", "True"]) t.equal(parseBoolean(text), true, text);
  for (const text of ["0", "f", "F", "false", "FALSE", "False"]) t.equal(parseBoolean(text), false, text);
  for (const text of ["", "yes", "on", "tRUE", "2"]) t.equal(parseBoolean(text), null, text);
});
