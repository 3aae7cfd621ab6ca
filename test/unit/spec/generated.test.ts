// The generated files are what the schemas say now.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { definitions } from "../../../src/spec/schemas.gen.js";

/** The folder of the checkout: the compiled tests are one or two levels deeper than the sources. */
function checkout(): string | undefined {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (folder !== "/" && !existsSync(join(folder, "scripts/generate-spec.mjs"))) folder = dirname(folder);
  return folder === "/" ? undefined : folder;
}

const root = checkout();

t.test("the generated files are up to date", { skip: root ? false : "not run from a checkout" }, async (t) => {
  t.doesNotThrow(() =>
    execFileSync(process.execPath, [join(root!, "scripts/generate-spec.mjs"), "--check"], { stdio: "pipe" }),
  );
});

t.test("nothing of ajv is needed at run time", { skip: root ? false : "not run from a checkout" }, async (t) => {
  for (const file of ["validators.gen.ts", "validators-all.gen.ts"]) {
    t.notMatch(readFileSync(join(root!, "src/spec", file), "utf8"), /\b(?:require\(|import\b)/, file);
  }
});

t.test("every definition that is named exists", async (t) => {
  const check = (schema: unknown): void => {
    if (typeof schema !== "object" || schema === null) return;
    for (const [key, value] of Object.entries(schema)) {
      if (key === "$ref") t.ok(definitions[value as string], String(value));
      else check(value);
    }
  };
  check(definitions);
});
