// Tables in the form of Go's tabwriter, as runc sets it: columns at least 12 wide, 3 blanks apart.

const NARROWEST = 12;
const GAP = 3;

/** In: rows of equal length, the header first. Out: lines; the last column is not padded. */
export function table(rows: readonly (readonly string[])[]): string {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(NARROWEST, ...rows.map((row) => width(row[column]!) + GAP)),
  );
  const lines = rows.map((row) =>
    row.map((cell, column) => (column === columns - 1 ? cell : pad(cell, widths[column]!))).join(""),
  );
  return lines.map((line) => `${line}\n`).join("");
}

function pad(cell: string, columns: number): string {
  return cell + " ".repeat(columns - width(cell));
}

/** In characters, not in UTF-16 units: a surrogate pair is one. */
function width(cell: string): number {
  return /[\ud800-\udbff]/.test(cell) ? [...cell].length : cell.length;
}
