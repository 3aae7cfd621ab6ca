// A plan as text, for `runt plan`: one line a step.

import { fieldsOf, NO_SLOT, type Step } from "./steps.gen.js";
import type { Plan } from "./types.js";

/** "12  attach_tree slot=3 target=/proc …  # mounts[0] (/proc → proc)", a line for each step. */
export function printPlan(plan: Plan): string {
  const width = String(plan.steps.length - 1).length;
  const lines = plan.steps.map(({ step, where }, index) => {
    const fields = printFields(step);
    const text = fields ? `${step.op} ${fields}` : step.op;
    return `${String(index).padStart(width)}  ${text}${where ? `  # ${where}` : ""}\n`;
  });
  return lines.join("");
}

function printFields(step: Step): string {
  const values = step as unknown as Readonly<Record<string, unknown>>;
  return fieldsOf(step.op)
    .map(([name, type]) => `${name}=${printNumber(step.op, name, values[name]) ?? printValue(values[name], type)}`)
    .join(" ");
}

/** Numbers that people know in another base than their type has here: modes, flags, limits. */
function printNumber(op: Step["op"], name: string, value: unknown): string | undefined {
  if ((op === "set_rlimit" || op === "set_scheduler") && typeof value !== "string") return String(value);
  if (typeof value !== "number") return undefined;
  if (name === "flags" || name === "type" || op === "set_memory_policy") return `0x${value.toString(16)}`;
  if (name === "mode" || name === "mask") return `0${value.toString(8)}`;
  return undefined;
}

function printValue(value: unknown, type: string): string {
  if (type === "slot") return value === NO_SLOT ? "none" : String(value);
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  if (type === "u64") return `0x${BigInt(value as bigint | number).toString(16)}`;
  if (typeof value === "number") return String(value);
  // Quoted when it could be taken for the next field.
  if (typeof value === "string") return /^[\w./:+@%,-]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value);
}
