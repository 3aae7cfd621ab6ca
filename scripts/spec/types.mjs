// The TypeScript types of the definitions: objects become interfaces, lists of texts become
// unions, and descriptions become doc comments.

// What can be relied on although a document may leave it out: loadConfig refuses a config
// without it, because nothing could be started.
const ALWAYS = { Spec: ["process"] };

const ALIASES = `
/**
 * A 64-bit integer: a number up to 2^53, a bigint only where the document holds more than a
 * number can. Compare with < and >, which take both; convert with BigInt() before counting.
 */
export type Integer64 = number | bigint;

/** The same rlimit by its Linux name. */
export type LinuxRlimit = POSIXRlimit;

/** The same policy and parameters by their Linux name. */
export type LinuxScheduler = Scheduler;
`;

const comment = (text, indent = "") => (text ? `${indent}/** ${text} */\n` : "");

/** definitions → the text of the module. */
export function writeTypes(definitions) {
  const resolve = (schema) => (schema.$ref ? definitions[schema.$ref.split("/").at(-1)] : schema);

  function wordType(schema) {
    const name = schema.$ref?.split("/").at(-1);
    // Integer types have small names and no interface: number, or Integer64.
    if (name && /^[A-Z]/.test(name)) return name;
    const target = resolve(schema);
    if (!target) throw new Error(`no such definition: ${schema.$ref}`);
    if (target.enum) return target.enum.map((value) => JSON.stringify(value)).join(" | ");
    switch (target.type) {
      case "integer":
        return target.format ? "Integer64" : "number";
      case "array": {
        const item = wordType(target.items);
        return item.includes("|") ? `(${item})[]` : `${item}[]`;
      }
      case "object":
        return `Record<string, ${wordType(target.additionalProperties)}>`;
      default:
        return target.type ?? "unknown";
    }
  }

  function writeDefinition([name, schema]) {
    const head = comment(schema.description);
    if (schema.type !== "object" || !schema.properties) return `${head}export type ${name} = ${wordType(schema)};\n`;
    const always = [...(schema.required ?? []), ...(ALWAYS[name] ?? [])];
    const members = Object.entries(schema.properties).map(([key, property]) => {
      const optional = always.includes(key) || property.default !== undefined ? "" : "?";
      return `${comment(property.description, "  ")}  ${key}${optional}: ${wordType(property)};\n`;
    });
    return `${head}export interface ${name} {\n${members.join("")}}\n`;
  }

  const named = Object.entries(definitions).filter(([name]) => /^[A-Z]/.test(name));
  return `${ALIASES}\n${named.map(writeDefinition).join("\n")}`;
}
