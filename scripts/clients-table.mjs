// The table of docs/clients.md: caller × operation × place and runtime, from results of real runs.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fail } from "./tools.mjs";

const START = "<!-- results: made by scripts/clients-table.mjs -->";
const END = "<!-- end of results -->";
const SIGNS = { passed: "✓", failed: "✗", skipped: "–" };

/** In: the folder of results (PLACE-RUNTIME.json) and the page. Writes the table between the page's marks. */
export function clientsTable(folder, page) {
  const columns = readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort((a, b) => order(a) - order(b))
    .map((name) => ({
      title: name.replace(".json", "").replace("hybrid-", "host: ").replace("systemd-", "guest: "),
      outcomes: JSON.parse(readFileSync(join(folder, name), "utf8")),
    }));
  const rows = new Map();
  for (const { title, outcomes } of columns) {
    for (const { file, name, outcome } of outcomes) {
      const operation = name.replace(/ # time=.*/, "");
      const key = `${file.replace("clients/", "")}\t${operation}`;
      if (!rows.has(key)) rows.set(key, {});
      rows.get(key)[title] = SIGNS[outcome];
    }
  }
  const titles = columns.map(({ title }) => title);
  const lines = [
    `| caller | operation | ${titles.join(" | ")} |`,
    `|---|---|${titles.map(() => ":-:|").join("")}`,
    ...[...rows]
      .sort(([a], [b]) => (a.split("\t")[0] < b.split("\t")[0] ? -1 : a.split("\t")[0] > b.split("\t")[0] ? 1 : 0))
      .map(([key, cells]) => {
        const [caller, operation] = key.split("\t");
        return `| ${caller} | ${operation.replaceAll("|", "\\|")} | ${titles.map((title) => cells[title] ?? " ").join(" | ")} |`;
      }),
  ];
  const text = readFileSync(page, "utf8");
  const [start, end] = [text.indexOf(START), text.indexOf(END)];
  if (start < 0 || end < start) fail(`${page}: the marks of the table are missing`);
  writeFileSync(page, `${text.slice(0, start + START.length)}\n\n${lines.join("\n")}\n\n${text.slice(end)}`);
}

/** runt first; the host before the guest. */
function order(name) {
  return (
    (name.startsWith("hybrid") ? 0 : 10) + ["runt", "runc", "crun"].findIndex((runtime) => name.includes(`-${runtime}`))
  );
}
