// src/spec/schema/*.json → the TypeScript types, the schemas as one value, and the validators:
//
//   src/spec/types.gen.ts             interfaces, for the whole of src/
//   src/spec/schemas.gen.ts           every definition without its prose: read only to explain an error
//   src/spec/validators.gen.ts        fast: the first fault ends it, unknown properties are a fault
//   src/spec/validators-all.gen.ts    every fault, unknown properties pass; loaded only when the fast one says no
//
// So types, validators and error texts cannot drift apart. `--check` writes nothing and fails
// when a file is not what it would write.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compileValidators } from "./spec/validators.mjs";
import { writeTypes } from "./spec/types.mjs";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const folder = "src/spec/schema";
const banner = "// Made by scripts/generate-spec.mjs from src/spec/schema/*.json. Do not edit.\n";

const documents = readdirSync(folder)
  .filter((file) => file.endsWith(".json"))
  .sort()
  .map((file) => JSON.parse(readFileSync(`${folder}/${file}`, "utf8")));

/** All definitions by name; "$ref" becomes the bare name of a definition. Names are unique over all files. */
function collectDefinitions() {
  const all = {};
  for (const document of documents) {
    for (const [name, schema] of Object.entries(document.$defs)) {
      if (all[name]) throw new Error(`${document.$id}: ${name} is defined twice`);
      all[name] = schema;
    }
  }
  return all;
}

/** A schema without what only people and editors read. */
function withoutProse(schema) {
  if (Array.isArray(schema)) return schema.map(withoutProse);
  if (typeof schema !== "object" || schema === null) return schema;
  const kept = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === "description" && typeof value === "string") continue;
    kept[key] = key === "$ref" ? value.split("/").at(-1) : withoutProse(value);
  }
  return kept;
}

const definitions = collectDefinitions();
const types = banner + writeTypes(definitions);
const outputs = {
  "src/spec/types.gen.ts": types,
  "src/spec/schemas.gen.ts": `${banner}
/** A definition: JSON Schema, where "$ref" is the name of another one. */
export interface Definition {
  $ref?: string;
  title?: string;
  type?: string;
  format?: string;
  enum?: string[];
  required?: string[];
  properties?: Record<string, Definition>;
  additionalProperties?: Definition;
  items?: Definition;
  [keyword: string]: unknown;
}

export const definitions: Record<string, Definition> = ${JSON.stringify(withoutProse(definitions))};
`,
  ...compileValidators(documents, banner),
};

let stale = 0;
for (const [path, text] of Object.entries(outputs)) {
  if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
  if (process.argv.includes("--check")) {
    console.error(`${path} is not what scripts/generate-spec.mjs makes: run \`npm run build -- spec\``);
    stale++;
  } else writeFileSync(path, text);
}
if (stale) process.exit(1);
