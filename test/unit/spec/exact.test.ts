import t from "tap";
import { stringify } from "../../../src/spec/json.js";
import { changed, outcomeOf } from "./documents.js";

/** The default config with numbers written as they are given. */
const withNumbers = (numbers: { hard?: string; soft?: string; limit?: string }) =>
  changed((c) => {
    c.linux.resources.memory = { limit: 1 };
    c.process.rlimits[0] = { type: "RLIMIT_NOFILE", hard: 4, soft: 2 };
  })
    .replace('"limit": 1', `"limit": ${numbers.limit ?? 1}`)
    .replace('"hard": 4', `"hard": ${numbers.hard ?? 4}`)
    .replace('"soft": 2', `"soft": ${numbers.soft ?? 2}`);

t.test("64-bit integers beyond 2^53 are bigints, exact to the last digit", async (t) => {
  const { document } = await outcomeOf(
    withNumbers({ hard: "18446744073709551615", soft: "9007199254740993", limit: "9223372036854775807" }),
  );
  t.equal(document.process.rlimits[0].hard, 18446744073709551615n);
  t.equal(document.process.rlimits[0].soft, 9007199254740993n);
  t.equal(document.linux.resources.memory.limit, 9223372036854775807n);
});

t.test("up to 2^53 they are numbers", async (t) => {
  const { document } = await outcomeOf(withNumbers({ hard: "9007199254740991", limit: "-1" }));
  t.equal(document.process.rlimits[0].hard, 9007199254740991);
  t.equal(document.linux.resources.memory.limit, -1);
});

t.test("one beyond the range is refused, although it is the same double", async (t) => {
  const cases: [Parameters<typeof withNumbers>[0], string, string][] = [
    [
      { hard: "18446744073709551616" },
      "process.rlimits[0].hard",
      "expected an integer from 0 to 18446744073709551615, found 18446744073709551616",
    ],
    [
      { limit: "9223372036854775808" },
      "linux.resources.memory.limit",
      "expected an integer from -9223372036854775808 to 9223372036854775807, found 9223372036854775808",
    ],
    [
      { limit: "-9223372036854775809" },
      "linux.resources.memory.limit",
      "expected an integer from -9223372036854775808 to 9223372036854775807, found -9223372036854775809",
    ],
    [{ limit: "1e18" }, "linux.resources.memory.limit", "expected a 64-bit integer in plain digits, found 1e18"],
    [
      { hard: "1e400" },
      "process.rlimits[0].hard",
      "expected an integer from 0 to 18446744073709551615, found a number that no program can hold",
    ],
  ];
  for (const [numbers, where, cause] of cases) {
    const { problems } = await outcomeOf(withNumbers(numbers));
    t.strictSame(
      problems.map((problem) => [problem.where, problem.cause]),
      [[where, cause]],
    );
  }
});

t.test("comparisons are exact as well", async (t) => {
  const { problems } = await outcomeOf(withNumbers({ hard: "9007199254740992", soft: "9007199254740993" }));
  t.equal(
    problems[0]?.cause,
    "expected a soft limit up to the hard one, which is 9007199254740992, found 9007199254740993",
  );
});

t.test("digits in texts and in unknown places are left alone", async (t) => {
  const text = changed((c) => {
    c.annotations = { n: "[18446744073709551615, 1e99]" };
    c.extension = 1;
  }).replace('"extension": 1', '"extension": 18446744073709551615');
  const { document, message } = await outcomeOf(text);
  t.equal(message, "");
  t.equal(document.extension, 2 ** 64);
});

t.test("of two members with one name the last counts, as in JSON.parse", async (t) => {
  const text = withNumbers({}).replace('"hard": 4', '"hard": 18446744073709551615, "hard": 4');
  const { document } = await outcomeOf(text);
  t.equal(document.process.rlimits[0].hard, 4);
});

t.test("stringify writes bigints as they were", async (t) => {
  const { document } = await outcomeOf(withNumbers({ hard: "18446744073709551615" }));
  document.annotations = { a: "bigint 5", b: ".bigint 6" };
  const text = stringify(document, "\t");
  t.match(text, '"hard": 18446744073709551615,');
  const again = await outcomeOf(text);
  t.strictSame(again.document, document);
  t.equal(stringify({ a: 1 }), '{"a":1}');
});
