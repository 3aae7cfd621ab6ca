import t from "tap";
import { excerpt } from "../../../src/spec/syntax.js";
import { outcomeOf } from "./documents.js";

const cases: [text: string, message: string][] = [
  ["", "config.json: the file is empty"],
  [" \n", "config.json: the file is empty"],
  ["\uFEFF{}", "config.json:1:1: the file starts with a byte order mark (save it as UTF-8 without one)"],
  [
    '{\n\t"ociVersion": "1.0.0"\n\t"root": {}\n}',
    'config.json:3:2: expected "," between two members\n  \t"root": {}\n  \t^',
  ],
  ['{"a": 1,\n}', 'config.json:1:8: expected a property name in double quotes\n  {"a": 1,\n         ^'],
  ['{"a": [1, 2,]}', 'config.json:1:12: expected a value\n  {"a": [1, 2,]}\n             ^'],
  ['{"a": 1', 'config.json:1:8: expected "}" at the end of the object\n  {"a": 1\n         ^'],
  ['{"a" 1}', 'config.json:1:6: expected ":" after the property name\n  {"a" 1}\n       ^'],
  ["{\n  // why\n}", "config.json:2:3: expected JSON, which has no comments\n    // why\n    ^"],
  [
    '{"a": "\\x"}',
    'config.json:1:7: expected one of the escapes that JSON has: \\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX\n  {"a": "\\x"}\n        ^',
  ],
  ["{} {}", "config.json:1:4: expected the end of the file\n  {} {}\n     ^"],
];

t.test("a text that is not JSON is shown with the place", async (t) => {
  for (const [text, message] of cases) await t.rejects(outcomeOf(text), { message }, JSON.stringify(text));
});

t.test("whatever JSON.parse refuses is an error with a place", async (t) => {
  for (const text of [
    "nul",
    "{'a': 1}",
    '{"a": 01}',
    '{"a": .5}',
    '{"a": 1.}',
    '{"a": +1}',
    '{"a": "\t"}',
    '{"a": NaN}',
    "[1 2]",
    '{"a"}',
    "{,}",
    '{"a": "\\u12"}',
    '{"a": tru}',
    '{"a":1}}',
    "\0",
  ]) {
    await t.rejects(
      outcomeOf(text),
      { name: "RuntError", message: /^config\.json:1:\d+: expected / },
      JSON.stringify(text),
    );
  }
});

t.test("a long line is cut around the place", async (t) => {
  const line = `${"a".repeat(200)}!${"b".repeat(200)}`;
  const [text, caret] = excerpt(line, 1, 201).split("\n");
  t.equal(text?.[caret!.indexOf("^")], "!");
  t.ok(text!.length < 110);
});
