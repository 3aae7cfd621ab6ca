// The numbers as a table of ratios.

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

const show = (value) =>
  value === undefined || Number.isNaN(value) ? "–" : value >= 100 ? value.toFixed(0) : value.toFixed(1);

/** What issue 2 aims at: row → [most × crun, most × runc]. */
const aims = {
  run: [1.0, 0.4],
  state: [1.5, 1.2],
  kill: [1.5, 1.2],
  start: [1.5, 1.2],
  delete: [1.5, 1.2],
};

/** rows: [{ name, unit, values: { runt, runc, crun } }] → Markdown. */
export function markdown(rows, names) {
  const others = names.filter((name) => name !== "runt");
  const head = ["", "unit", ...names, ...others.map((name) => `runt ÷ ${name}`), "aim"];
  const lines = [head, head.map((_, index) => (index === 0 || index === head.length - 1 ? "---" : "---:"))];
  for (const { name, unit, values } of rows) {
    const ratios = others.map((other) => values.runt / values[other]);
    const [crun, runc] = aims[name] ?? [];
    const reached = (limit, other) => limit === undefined || !values[other] || values.runt / values[other] <= limit;
    const aim = crun
      ? `≤ ${crun} crun, ≤ ${runc} runc: ${reached(crun, "crun") && reached(runc, "runc") ? "yes" : "not yet"}`
      : "";
    lines.push([
      name,
      unit,
      ...names.map((key) => show(values[key])),
      ...ratios.map((ratio) => (Number.isFinite(ratio) ? ratio.toFixed(2) : "–")),
      aim,
    ]);
  }
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
