// docs/spec-conformance.md names code and tests that exist, and its checker sees what is wrong.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { repository } from "../../helpers/sandbox.js";

const script = join(repository, "scripts/check-conformance.mjs");
const check = (...words: string[]) => spawnSync(process.execPath, [script, ...words], { encoding: "utf8" });

t.test("every row names code and tests that exist", async (t) => {
  const { status, stdout, stderr } = check();
  t.equal(status, 0, stderr);
  t.match(stdout, /^spec-conformance: 2\d\d rows .* 0 problems$/m);
});

t.test("every file of the specification that speaks to a Linux runtime is there", async (t) => {
  const text = readFileSync(join(repository, "docs/spec-conformance.md"), "utf8");
  const files = [...text.matchAll(/^## (\S+\.md)$/gm)].map(([, name]) => name!).sort();
  t.same(files, [
    "bundle.md",
    "config-linux.md",
    "config.md",
    "features-linux.md",
    "features.md",
    "runtime-linux.md",
    "runtime.md",
  ]);
});

/** Checks a document of some rows. */
function rows(t: Test, all: readonly string[], spec: string[] = []) {
  const text = ["## a.md", "", spec[0] ?? "", "", ...all.map((cells) => `| ${cells} |`), ""].join("\n");
  return check(join(t.testdir({ "doc.md": text }), "doc.md"), ...spec.slice(1));
}
const good = "3 | MUST | so it is | `src/errors.ts` | unit/cli/table: the header alone is runc's | yes";

t.test("what is wrong with a row is said", async (t) => {
  const table: [string, RegExp][] = [
    [good.replace("the header", "no header"), /has no test "no header alone/],
    [good.replace("cli/table", "cli/chair"), /there is no test\/unit\/cli\/chair\.test\.ts/],
    [good.replace("unit/cli/table: ", ""), /is not of the form KIND\/FILE: NAME/],
    [good.replace("src/errors", "src/terrors"), /there is no src\/terrors\.ts/],
    [good.replace("yes", "soon"), /"soon" is no status/],
    [good.replace("yes", "differs"), /the status "differs" needs a reason/],
    [good.replace(/unit.*runc's/, "–"), /code and a test must be named/],
    [good.replace("MUST", "PERHAPS"), /"PERHAPS" is no level/],
    [good.replace("3 |", "3-5 |"), /"3-5" is no list of lines/],
    [`${good} | more`, /expected six cells/],
  ];
  const { status, stderr } = rows(t, [good, ...table.map(([wrong]) => wrong)]);
  t.equal(status, 1);
  const said = stderr.trim().split("\n");
  t.equal(said.length, table.length, "the good row is not complained about");
  for (const [index, [, problem]] of table.entries()) t.match(said[index], problem);
});

t.test("with the specification: lines without a row, rows without a line, another version", async (t) => {
  const text = "one\n\nThis MUST be.\nThat is.\nAnd this MAY be.\n";
  const hash = `SHA-256 \`${createHash("sha256").update(text).digest("hex")}\``;
  const spec = mkdtempSync(join(tmpdir(), "runt-spec-"));
  t.teardown(() => rmSync(spec, { recursive: true }));
  writeFileSync(join(spec, "a.md"), text);
  const checked = (cells: string, line = hash) => rows(t, [cells], [line, "--spec", spec]);
  t.equal(checked(good.replace("3 |", "3, 5 |")).status, 0);
  t.match(checked(good).stderr, /a\.md:5 has no row: And this MAY be/);
  t.match(checked(good.replace("3 |", "3–5 |")).stderr, /a\.md:4 has a row and nothing normative/);
  t.match(checked(good, `SHA-256 \`${"0".repeat(64)}\``).stderr, /a\.md is another version/);
});
