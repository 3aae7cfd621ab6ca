// What is wrong with a document that the fast validator refused, in words. Only loaded then.

import { definitionAt } from "./exact.js";
import { type Kind, ROOTS } from "./kinds.js";
import { type Findings, pointerPart, pointerParts, type Problem, showValue, valueAt } from "./problems.js";
import type { Definition } from "./schemas.gen.js";
import { suggest } from "./suggest.js";
import * as validators from "./validators-all.gen.js";

/** An error as ajv reports it. */
interface SchemaError {
  instancePath: string;
  keyword: string;
  params: Record<string, unknown>;
}

interface Validator {
  (document: unknown): boolean;
  errors?: SchemaError[] | null;
}

// Where callers of runtimes look for the words that they know (cli.md, section 4).
const CONTRACT: Record<string, string> = {
  "/process/args required": "args must not be empty",
  "/process/cwd required": "Cwd property must not be empty",
  "/root required": "root must be specified",
};

/** Puts every fault of the schema, and hints at misspelt properties, into the findings. */
export function explain(kind: Kind, document: unknown, findings: Findings): void {
  const validate = (validators as unknown as Record<Kind, Validator>)[kind];
  validate(document);
  const root = ROOTS[kind];
  const unknown = unknownProperties(root, document);

  for (const error of validate.errors ?? []) {
    const problem = wordSchemaError(kind, error, document);
    // A misspelt property in the same object is the likely reason of a missing one.
    const parent = error.keyword === "required" ? error.instancePath : undefined;
    const name = String(error.params.missingProperty);
    const misspelt = unknown.find((one) => one.parent === parent && suggest(one.name, [name]) === name);
    if (misspelt) {
      problem.hint = `did you mean "${name}" where it says "${misspelt.name}"?`;
      misspelt.said = true;
    }
    // One wrong value can break two rules of one schema: its type and its list of names.
    const said = findings.problems.some(({ pointer, cause }) => pointer === problem.pointer && cause === problem.cause);
    if (!said) findings.problems.push(problem);
  }
  for (const { parent, name, meant, said } of unknown) {
    if (said || !meant) continue;
    const hint = `did you mean "${meant}"?`;
    findings.warning(parent + pointerPart(name), "unknown property, ignored", { hint, quiet: true });
  }
}

function wordSchemaError(kind: Kind, error: SchemaError, document: unknown): Problem {
  if (error.keyword === "required") {
    const pointer = error.instancePath + pointerPart(String(error.params.missingProperty));
    const prefix = kind === "process" ? "/process" : "";
    return { pointer, cause: CONTRACT[`${prefix}${pointer} required`] ?? "required property is missing", quiet: true };
  }
  const pointer = error.instancePath;
  const schema = definitionAt(ROOTS[kind], typedPath(document, pointer));
  const found = valueAt(document, pointer);
  const names = error.keyword === "enum" ? (error.params.allowedValues as string[]) : [];
  const meant = typeof found === "string" ? suggest(found, names) : undefined;
  return {
    pointer,
    cause: `expected ${expectation(error, schema, meant !== undefined)}, found ${showValue(found)}`,
    hint: meant === undefined ? undefined : `did you mean ${JSON.stringify(meant)}?`,
    quiet: true,
  };
}

/** What a schema wants, in words. short: a name is suggested, so a long list of all others only hides it. */
function expectation(error: SchemaError, schema: Definition | undefined, short: boolean): string {
  if (schema?.title) return schema.title;
  if (schema?.enum && schema.enum.length > 8 && short) return "a known name";
  if (schema?.enum) return `one of ${schema.enum.map((name) => JSON.stringify(name)).join(", ")}`;
  if (error.keyword === "minItems") return "at least one entry";
  const types: Record<string, string> = {
    string: "a string",
    boolean: "true or false",
    integer: "an integer",
    array: "an array",
    object: "an object",
  };
  return types[schema?.type ?? ""] ?? "another value";
}

/** The parts of a pointer, with numbers for the indices of arrays. */
function typedPath(document: unknown, pointer: string): (string | number)[] {
  let value = document;
  return pointerParts(pointer).map((part) => {
    const index = Array.isArray(value);
    value = (value as Record<string, unknown> | undefined)?.[part];
    return index ? Number(part) : part;
  });
}

interface UnknownProperty {
  /** Pointer of the object. */
  parent: string;
  name: string;
  /** The property that was probably meant. */
  meant?: string;
  said?: boolean;
}

/** Members that the schemas do not know, in the parts that they describe. */
function unknownProperties(root: string, document: unknown): UnknownProperty[] {
  const all: UnknownProperty[] = [];
  const walk = (schema: Definition | undefined, value: unknown, path: (string | number)[]): void => {
    if (!schema || typeof value !== "object" || value === null) return;
    const members: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
    for (const [name, item] of members) {
      const { properties } = schema;
      if (properties && !Array.isArray(value) && !Object.hasOwn(properties, name)) {
        const absent = Object.keys(properties).filter((known) => !Object.hasOwn(value, known));
        all.push({ parent: path.map(pointerPart).join(""), name: String(name), meant: suggest(String(name), absent) });
      } else walk(definitionAt(root, [...path, name]), item, [...path, name]);
    }
  };
  walk(definitionAt(root, []), document, []);
  return all;
}
