// Makes both sides' view of the step format from native/steps/steps.json:
// src/plan/steps.gen.ts (types and layout table) and native/steps/steps.gen.h
// (structs, decoders, dispatch), so that the two can't drift apart.
import { readFileSync, writeFileSync } from "node:fs";

const root = new URL("..", import.meta.url);
const definition = JSON.parse(readFileSync(new URL("native/steps/steps.json", root), "utf8"));

const TS = {
  u32: "number",
  i32: "number",
  slot: "number",
  u64: "bigint | number",
  string: "string",
  bytes: "Uint8Array",
  strings: "readonly string[]",
  u32s: "readonly number[]",
};
const CC = {
  u32: "uint32_t",
  i32: "int32_t",
  slot: "uint32_t",
  u64: "uint64_t",
  string: "const char *",
  bytes: "Bytes",
  strings: "Strings",
  u32s: "Numbers",
};

const pascal = (name) => name.replace(/(^|_)(.)/g, (_, __, c) => c.toUpperCase());
const camel = (name) => name.replace(/_(.)/g, (_, c) => c.toUpperCase());

const banner = "// Made by scripts/generate-steps.mjs from native/steps/steps.json. Do not edit.\n";

const ts = `${banner}
export const STEP_VERSION = ${definition.version};
export const STEP_MAGIC = ${definition.magic};
export const MAX_SLOTS = ${definition.slots};
export const NO_SLOT = 0xffffffff;

export type FieldType = ${Object.keys(TS)
  .map((t) => `"${t}"`)
  .join(" | ")};

/** One step of a program; what each does stands above its member. */
export type Step =
${definition.steps.map((s) => `  /** ${s.about} */\n  | { op: "${s.name}"${s.fields.map(([n, t]) => `; ${camel(n)}: ${TS[t]}`).join("")} }`).join("\n")};

/** Opcode, then name and FieldType of each field: flat, as every array more is made whenever a container is. */
export type StepLayout = readonly [code: number, ...fields: string[]];

${definition.messages.map((m) => `/** ${m.about} */\nexport const MESSAGE_${m.name.toUpperCase()} = ${m.code};`).join("\n")}
${definition.syncs.map((m) => `/** ${m.about} */\nexport const SYNC_${m.name.toUpperCase()} = ${m.code};`).join("\n")}

/** Opcode and field order of every step, as runt-init decodes them. */
export const STEP_LAYOUTS: Readonly<Record<Step["op"], StepLayout>> = {
${definition.steps.map((s, i) => `  ${s.name}: [${[i + 1, ...s.fields.flatMap(([n, t]) => [`"${camel(n)}"`, `"${t}"`])].join(", ")}],`).join("\n")}
};

/** The fields of a step, in their order. */
export function fieldsOf(op: Step["op"]): [name: string, type: FieldType][] {
  const [, ...flat] = STEP_LAYOUTS[op];
  return flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] as FieldType]] : []));
}
`;

const h = `${banner}#pragma once
#include "reader.h"

namespace steps {

constexpr uint32_t kVersion = ${definition.version};
constexpr uint32_t kMagic = ${definition.magic}u;
constexpr uint32_t kMaxSlots = ${definition.slots};
constexpr uint32_t kNoSlot = 0xffffffffu;

enum class Message : uint32_t {
${definition.messages.map((m) => `  ${pascal(m.name)} = ${m.code},  // ${m.about}`).join("\n")}
};

enum class SyncPoint : uint32_t {
${definition.syncs.map((m) => `  ${pascal(m.name)} = ${m.code},  // ${m.about}`).join("\n")}
};

enum class Op : uint32_t {
${definition.steps.map((s, i) => `  ${pascal(s.name)} = ${i + 1},`).join("\n")}
};

${definition.steps
  .map(
    (s) => `/* ${s.about} */
struct ${pascal(s.name)} {
${s.fields.map(([n, t]) => `  ${CC[t]}${CC[t].endsWith("*") ? "" : " "}${n};`).join("\n")}${s.fields.length ? "\n" : ""}  bool decode(${s.fields.length ? "Reader &r" : "Reader &"}) { return ${s.fields.length ? s.fields.map(([n, t]) => `r.${t}(${n})`).join(" && ") : "true"}; }
};
`,
  )
  .join("\n")}
/* Decodes one step and hands it to handler(step); false when it is malformed or unknown. */
template <typename Handler>
bool dispatch(uint32_t op, Reader &r, Handler &&handler) {
  switch (static_cast<Op>(op)) {
${definition.steps.map((s) => `    case Op::${pascal(s.name)}: {\n      ${pascal(s.name)} step{};\n      return step.decode(r) && r.done() && handler(step);\n    }`).join("\n")}
  }
  return false;
}

inline const char *name(uint32_t op) {
  switch (static_cast<Op>(op)) {
${definition.steps.map((s) => `    case Op::${pascal(s.name)}: return "${s.name}";`).join("\n")}
  }
  return "unknown";
}

}  // namespace steps
`;

writeFileSync(new URL("src/plan/steps.gen.ts", root), ts);
writeFileSync(new URL("native/steps/steps.gen.h", root), h);
