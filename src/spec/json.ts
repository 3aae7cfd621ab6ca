// Writing documents as JSON.

/**
 * JSON.stringify that also writes bigints, as the plain integers they are: a config can hold
 * 64-bit integers beyond 2^53 (types.gen.ts, Integer64).
 */
export function stringify(value: unknown, indent?: string | number): string {
  let found = false;
  const plain = JSON.stringify(
    value,
    (_key, member) => {
      if (typeof member !== "bigint") return member;
      found = true;
      return 0;
    },
    indent,
  );
  if (!found) return plain;
  // Each bigint is written as a text with a mark that no text of the document has.
  let mark = "bigint ";
  while (plain.includes(mark)) mark = `.${mark}`;
  const marked = JSON.stringify(value, (_key, member) => (typeof member === "bigint" ? mark + member : member), indent);
  return marked.replaceAll(new RegExp(`"${mark.replaceAll(".", "\\.")}(-?\\d+)"`, "g"), "$1");
}
