// Holds docs/spec-conformance.md to what is there: node scripts/check-conformance.mjs [FILE] [--spec DIR]
//
// The document is a table for each part of the specification, a row for each requirement:
//
//   | lines in the specification's file | level | requirement | code | tests | status |
//
// Every row must name code that exists and tests that exist (KIND/FILE: NAME, a name may end in "…"),
// or say why there are none. With --spec, a checkout of the specification in the version that the
// document is about, every line that holds a word of RFC 2119 must have a row.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const normative = /\b(MUST|SHALL|SHOULD|REQUIRED|RECOMMENDED|MAY|OPTIONAL)\b/;
/** What a status may begin with, and whether a reason must follow and tests may be missing. */
const statuses = {
  yes: {},
  differs: { why: true },
  author: { why: true, free: true },
  "n/a": { why: true, free: true },
};

/** Splits a row at its bars; "\|" is none. */
const cells = (line) =>
  line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));

/** "1, 3–5" → [1, 3, 4, 5]; null when it is no such list. */
function lineNumbers(text) {
  const numbers = [];
  for (const part of text.split(", ")) {
    const found = /^(\d+)(?:–(\d+))?$/.exec(part);
    if (!found) return null;
    for (let n = Number(found[1]); n <= Number(found[2] ?? found[1]); n++) numbers.push(n);
  }
  return numbers;
}

/** The document's rows with the file of the specification that they are about, and each file's hash. */
function parse(text) {
  const rows = [];
  const hashes = {};
  let file = "";
  for (const [index, line] of text.split("\n").entries()) {
    const heading = /^## (\S+\.md)$/.exec(line);
    const hash = /^SHA-256 `([0-9a-f]{64})`/.exec(line);
    if (heading) file = heading[1];
    else if (hash) hashes[file] = hash[1];
    if (!/^\| \d/.test(line)) continue;
    const [lines, level, requirement, code, tests, status, ...rest] = cells(line);
    rows.push({ at: index + 1, file, lines, level, requirement, code, tests, status, rest });
  }
  return { rows, hashes };
}

const sources = new Map();
/** The names of the tests in a test file, as they stand there; null when there is no such file. */
function testNames(name) {
  if (!sources.has(name)) {
    const path = join(root, "test", `${name}.test.ts`);
    const text = existsSync(path) ? readFileSync(path, "utf8") : null;
    const calls = text?.matchAll(/\b(?:t\.test|table)\(\s*(?:"((?:[^"\\]|\\.)*)"|`([^`]*)`|'([^']*)')/g);
    sources.set(name, calls ? [...calls].map((call) => call[1]?.replaceAll('\\"', '"') ?? call[2] ?? call[3]) : null);
  }
  return sources.get(name);
}

function testProblem(reference) {
  const found = /^((?:unit|integration)\/[\w/-]+): (.+)$/.exec(reference);
  if (!found) return `"${reference}" is not of the form KIND/FILE: NAME`;
  const names = testNames(found[1]);
  if (!names) return `there is no test/${found[1]}.test.ts`;
  const wanted = found[2];
  const there = wanted.endsWith("…")
    ? names.some((name) => name.startsWith(wanted.slice(0, -1)))
    : names.includes(wanted);
  return there ? null : `test/${found[1]}.test.ts has no test "${wanted}"`;
}

function rowProblems(row) {
  const problems = [];
  if (row.rest.length > 0 || row.status === undefined) return ["expected six cells"];
  if (!lineNumbers(row.lines)) problems.push(`"${row.lines}" is no list of lines`);
  if (row.requirement.length < 3) problems.push("the requirement is missing");
  if (
    !row.level
      .split(", ")
      .every((word) => /^((MUST|SHOULD|MAY)( NOT)?|REQUIRED|(NOT )?RECOMMENDED|OPTIONAL)$/.test(word))
  )
    problems.push(`"${row.level}" is no level`);
  const [, word, why] = /^([a-z/]+)(?:: (.+))?$/.exec(row.status) ?? [];
  const rule = Object.hasOwn(statuses, word ?? "") ? statuses[word] : undefined;
  if (!rule) return [...problems, `"${row.status}" is no status: ${Object.keys(statuses).join(", ")}`];
  if (rule.why && !why) problems.push(`the status "${word}" needs a reason`);
  const paths = row.code === "–" ? [] : row.code.split(", ").map((path) => path.replaceAll("`", ""));
  for (const path of paths) if (!existsSync(join(root, path))) problems.push(`there is no ${path}`);
  const tests = row.tests === "–" ? [] : row.tests.split("<br>").map((test) => test.trim());
  problems.push(...tests.map(testProblem).filter(Boolean));
  if (!rule.free && (paths.length === 0 || tests.length === 0)) problems.push("code and a test must be named");
  return problems;
}

/** What of the specification's files has no row, or a row too many. */
function specProblems(rows, hashes, folder) {
  const problems = [];
  for (const [file, hash] of Object.entries(hashes)) {
    const text = readFileSync(join(folder, file), "utf8");
    if (createHash("sha256").update(text).digest("hex") !== hash) problems.push(`${file} is another version`);
    const listed = new Set(rows.filter((row) => row.file === file).flatMap((row) => lineNumbers(row.lines) ?? []));
    const lines = text.split("\n");
    const wanted = lines.flatMap((line, index) => (normative.test(line) ? [index + 1] : []));
    for (const number of wanted)
      if (!listed.has(number)) problems.push(`${file}:${number} has no row: ${lines[number - 1].trim()}`);
    for (const number of listed)
      if (!wanted.includes(number)) problems.push(`${file}:${number} has a row and nothing normative`);
    console.log(`${file}: ${wanted.length} lines with normative words`);
  }
  return problems;
}

const words = process.argv.slice(2);
const flag = words.indexOf("--spec");
const [, folder] = flag < 0 ? [] : words.splice(flag, 2);
const document = words[0] ?? join(root, "docs/spec-conformance.md");
const { rows, hashes } = parse(readFileSync(document, "utf8"));
const problems = rows.flatMap((row) => rowProblems(row).map((problem) => `${document}:${row.at}: ${problem}`));
if (rows.length === 0) problems.push(`${document} has no rows`);
if (folder) problems.push(...specProblems(rows, hashes, folder));
for (const problem of problems) console.error(problem);
const count = (word) => rows.filter(({ status }) => status?.startsWith(word)).length;
const sum = Object.keys(statuses).map((word) => `${count(word)} ${word}`);
console.log(`spec-conformance: ${rows.length} rows (${sum.join(", ")}), ${problems.length} problems`);
process.exit(problems.length > 0 ? 1 : 0);
