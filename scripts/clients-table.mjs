// The table of docs/clients.md: caller × operation × place and runtime, from results of real runs.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fail } from "./tools.mjs";

const START = "<!-- results: made by scripts/clients-table.mjs -->";
const END = "<!-- end of results -->";
const SIGNS = { passed: "✓", failed: "✗", skipped: "–" };
/** runt first; the host before the guest. */
const TITLES = ["host", "guest"].flatMap((place) => ["runt", "runc", "crun"].map((runtime) => `${place}: ${runtime}`));

/**
 * In: the folder of results (PLACE-RUNTIME.json) and the page. Writes the table between the page's marks. What was not
 * run this time is taken over from the page: nobody runs three runtimes in two places in one go.
 */
export function clientsTable(folder, page) {
  const text = readFileSync(page, "utf8");
  const [start, end] = [text.indexOf(START), text.indexOf(END)];
  if (start < 0 || end < start) fail(`${page}: the marks of the table are missing`);
  const fresh = freshRows(folder);
  const renewed = new Set([...fresh.keys()].map(callerOf));
  const rows = new Map();
  for (const [key, cells] of oldRows(text.slice(start, end))) {
    // A test that is there no more.
    if (!fresh.has(key) && renewed.has(callerOf(key))) continue;
    rows.set(key, cells);
  }
  for (const [key, cells] of fresh) rows.set(key, { ...rows.get(key), ...cells });
  const titles = TITLES.filter((title) => [...rows.values()].some((cells) => cells[title]));
  const lines = [
    `| caller | operation | ${titles.join(" | ")} |`,
    `|---|---|${titles.map(() => ":-:|").join("")}`,
    ...[...rows]
      .sort(([a], [b]) => (callerOf(a) < callerOf(b) ? -1 : callerOf(a) > callerOf(b) ? 1 : 0))
      .map(([key, cells]) => `| ${key} | ${titles.map((title) => cells[title] || " ").join(" | ")} |`),
  ];
  writeFileSync(page, `${text.slice(0, start + START.length)}\n\n${lines.join("\n")}\n\n${text.slice(end)}`);
}

/** A row's key is its first two cells as they are written. */
const callerOf = (key) => key.split(" | ")[0];

/** Out: key → sign by title. */
function freshRows(folder) {
  const rows = new Map();
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
    const title = file.replace(".json", "").replace("hybrid-", "host: ").replace("systemd-", "guest: ");
    for (const { file: caller, name, outcome } of JSON.parse(readFileSync(join(folder, file), "utf8"))) {
      const operation = name.replace(/ # time=.*/, "").replaceAll("|", "\\|");
      const key = `${caller.replace("clients/", "")} | ${operation}`;
      rows.set(key, { ...rows.get(key), [title]: SIGNS[outcome] });
    }
  }
  return rows;
}

function oldRows(table) {
  const [head = [], , ...rows] = table
    .split("\n")
    .filter((line) => line.startsWith("| ") || line.startsWith("|-"))
    .map((line) => line.slice(1, -1).split(" | "));
  const titles = head.slice(2).map((title) => title.trim());
  return rows.map(([caller, operation, ...cells]) => [
    `${caller.trim()} | ${operation}`,
    Object.fromEntries(titles.map((title, index) => [title, (cells[index] ?? "").trim()])),
  ]);
}
