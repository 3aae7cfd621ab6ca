// 64-bit integers. JSON.parse reads every number as a double, which is exact up to 2^53 only:
// 18446744073709551615 (RLIM_INFINITY) would become 2^64. The few literals beyond that are
// read again from the text. Only loaded when there is one.

import { visit } from "jsonc-parser";
import { type Findings, pointerPart } from "./problems.js";
import { type Definition, definitions } from "./schemas.gen.js";

const RANGES: Record<string, { min: bigint; max: bigint }> = {
  int64: { min: -(2n ** 63n), max: 2n ** 63n - 1n },
  uint64: { min: 0n, max: 2n ** 64n - 1n },
};

/** The definition of a place in a document, or undefined when the schemas do not know it. */
export function definitionAt(root: string, path: readonly (string | number)[]): Definition | undefined {
  const resolve = (schema: Definition | undefined) => (schema?.$ref ? definitions[schema.$ref] : schema);
  let schema = resolve(definitions[root]);
  for (const part of path) {
    const own = schema?.properties && Object.hasOwn(schema.properties, part) ? schema.properties[part] : undefined;
    schema = resolve(typeof part === "number" ? schema?.items : (own ?? schema?.additionalProperties));
    if (!schema) return undefined;
  }
  return schema;
}

/**
 * Puts bigints where a document holds 64-bit integers beyond 2^53.
 * @param text what was parsed
 * @param document what JSON.parse made of it; changed in place
 * @param root name of the document's definition: "Spec"
 * @param findings gets values that are out of range or not plain digits
 */
export function restoreIntegers(text: string, document: unknown, root: string, findings: Findings): void {
  visit(text, {
    onLiteralValue(value, offset, length, _line, _column, pathSupplier) {
      if (typeof value !== "number" || Number.isSafeInteger(value)) return;
      const path = pathSupplier();
      const format = definitionAt(root, path)?.format;
      const range = format ? RANGES[format] : undefined;
      if (!range) return; // A smaller type: the schema's range refuses it. An unknown property: passed over.
      const literal = text.slice(offset, offset + length);
      const pointer = path.map(pointerPart).join("");
      if (!/^-?\d+$/.test(literal)) {
        // The schema has refused fractions already; 1e19 could be meant exactly, or rounded.
        if (Number.isInteger(value))
          findings.problem(pointer, `expected a 64-bit integer in plain digits, found ${literal}`, { quiet: true });
        return;
      }
      const exact = BigInt(literal);
      if (exact < range.min || exact > range.max) {
        findings.problem(pointer, `expected an integer from ${range.min} to ${range.max}, found ${literal}`, {
          quiet: true,
        });
      } else replace(document, path, value, exact);
    },
  });
}

/** Sets a value, unless a later member of the same name has taken its place. */
function replace(document: unknown, path: readonly (string | number)[], rounded: number, exact: bigint): void {
  let parent = document as Record<string | number, unknown>;
  for (const part of path.slice(0, -1)) {
    const next = parent[part];
    if (typeof next !== "object" || next === null) return;
    parent = next as Record<string | number, unknown>;
  }
  const last = path.at(-1);
  if (last !== undefined && parent[last] === rounded) parent[last] = exact;
}
