// The validators, compiled ahead of time by ajv into modules that need nothing at run time.
//
// Two sets of the same schemas. The fast one runs for every command: it stops at the first
// fault, builds no error, and calls an unknown property a fault. A document that passes is
// right and has nothing to hint at. Only when it says no are the slow ones loaded, which
// collect every fault and pass over unknown properties (config.md, "Extensibility").
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { Ajv, _, Name } = require("ajv");
const { or } = require("ajv/dist/compile/codegen");
const standalone = require("ajv/dist/standalone").default;

const FAST = { config: "config.json", process: "process.json", resources: "resources.json", state: "state.json" };
const ALL = { ...FAST, features: "features.json" };

// "known": ["a", "b"]: the object has no other properties. ajv's own additionalProperties
// embeds the whole schema in the code when there are more than eight.
const known = {
  keyword: "known",
  type: "object",
  schemaType: "array",
  error: { message: "unknown property" },
  code(cxt) {
    const { gen, data, schema } = cxt;
    if (!schema.length) return;
    gen.forIn("key", data, (key) => {
      const names = schema.map((name) => _`${key} === ${name}`);
      gen.if(_`!(${or(...names)})`, () => {
        cxt.error();
        if (!cxt.it.allErrors) gen.break();
      });
    });
    cxt.ok(_`true`);
  },
};

// "wide": true: a 64-bit integer. JSON.parse gives a double, exact up to 2^53: beyond that the
// module's flag says that the text must be looked at (src/spec/exact.ts).
const wide = {
  keyword: "wide",
  type: "number",
  schemaType: "boolean",
  code(cxt) {
    const { gen, data } = cxt;
    gen.if(_`${data} > ${Number.MAX_SAFE_INTEGER} || ${data} < ${Number.MIN_SAFE_INTEGER}`, () => {
      gen.code(_`${new Name("large")}.found = true`);
    });
    cxt.ok(_`true`);
  },
};

/** A schema as ajv wants it: without prose, and with "known" where the fast set needs it. */
function prepare(schema, fast) {
  if (Array.isArray(schema)) return schema.map((item) => prepare(item, fast));
  if (typeof schema !== "object" || schema === null) return schema;
  const out = {};
  for (const [key, value] of Object.entries(schema)) {
    if ((key === "description" || key === "title") && typeof value === "string") continue;
    out[key] = key === "default" ? value : prepare(value, fast);
  }
  if (fast && schema.type === "object" && schema.properties) out.known = Object.keys(schema.properties);
  if (fast && schema.format) out.wide = true;
  return out;
}

function compile(documents, roots, fast) {
  const ajv = new Ajv({
    strict: true,
    allErrors: !fast,
    messages: false,
    useDefaults: true,
    // Only integers and lists of names are written out where they are used.
    inlineRefs: 5,
    code: { source: true, esm: true, lines: true, optimize: 2 },
    formats: { int64: true, uint64: true },
    keywords: [known, wide],
    schemas: documents.map((document) => prepare(document, fast)),
  });
  // One list of names → ids; the generated functions share what they have in common.
  const names = Object.fromEntries(Object.entries(roots).map(([name, id]) => [name, id]));
  const code = standalone(ajv, names).replace(/^"use strict";/, "");
  if (/\brequire\(/.test(code)) throw new Error("a validator needs ajv at run time: avoid the keyword that does it");
  return code;
}

// What ajv's code does to collect errors is dead weight in the fast set: a fault means "return
// false" there. Each rule takes one form that ajv 8 writes; checkFast() fails the build when a
// new version of ajv writes another.
const FAST_RULES = [
  // A fault of this object.
  [/^validate\d+\.errors = \[\{.*\}\];\n/gm, ""],
  // A fault below: the called function said no.
  [/^vErrors = vErrors === null \? .*\n(?:errors = vErrors\.length;)$/gm, "return false;"],
  // Places and parents, for errors and for keywords that look upwards.
  [/, \{instancePath="", parentData, parentDataProperty, rootData=data\}=\{\}\)/g, ")"],
  [/, \{instancePath[:,].*?,rootData\}\)/g, ")"],
  [/^\/\*# sourceURL=.*\n/gm, ""],
  // Counts of faults: always 0.
  [/^var valid\d+ = _errs\d+ === errors;\n/gm, ""],
  [/^(?:const|let) (?:_errs\d+|vErrors|errors) = .*\n/gm, ""],
  [/\berrors === (?:_errs\d+|0)/g, "true"],
  [/^validate\d+\.errors = vErrors;\n/gm, ""],
  // Whether the last property or item was right: it was, or we had returned.
  [/^(?:var valid\d+ = true|if\(!valid\d+\)\{\nbreak;\n\});?\n/gm, ""],
  [/\bif\((?:valid\d+|true)\)\{/g, "{"],
  [/^else \{\n\}\n/gm, ""],
  // What follows a return.
  [/return false;\nbreak;/g, "return false;"],
];

function checkFast(code) {
  const left = code.match(/\b(?:vErrors|_?errs?\d*|errors|instancePath|valid\d+)\b/);
  if (left) throw new Error(`ajv wrote "${left[0]}" in a form that FAST_RULES does not know`);
  return code;
}

const dropErrors = (code) => checkFast(FAST_RULES.reduce((text, [form, by]) => text.replace(form, by), code));

/** Drops the schemas that the code carries along without using them. */
function dropUnused(code) {
  return code.replace(/^const (schema\d+) = .*;\n/gm, (line, name) =>
    code.match(new RegExp(`\\b${name}\\b`, "g")).length > 1 ? line : "",
  );
}

/** path → text of the generated modules. */
export function compileValidators(documents, banner) {
  const head = `${banner}// @ts-nocheck\n/* eslint-disable */\n`;
  return {
    "src/spec/validators.gen.ts": `${head}export const large = { found: false };\n${dropErrors(dropUnused(compile(documents, FAST, true)))}`,
    "src/spec/validators-all.gen.ts": head + dropUnused(compile(documents, ALL, false)),
  };
}
