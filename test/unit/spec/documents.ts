// Documents for the tests of src/spec: a good config to change, and what becomes of it.

import type { Test } from "tap";
import { defaultConfig } from "../../../src/spec/default-config.js";
import type { Kind } from "../../../src/spec/kinds.js";
import { parseDocument } from "../../../src/spec/parse.js";
import { DocumentError, type PlacedProblem } from "../../../src/spec/problems.js";

/** A document that tests may break in any way. */
// biome-ignore lint/suspicious/noExplicitAny: tests write what the types forbid.
export type Loose = any;

/** The text of the default config after a change. */
export function changed(change: (config: Loose) => void): string {
  const config = defaultConfig();
  change(config);
  return JSON.stringify(config, null, "  ");
}

/** What a document's text leads to. */
export interface Outcome {
  document?: Loose;
  warnings: string[];
  problems: readonly PlacedProblem[];
  /** The whole message of the error. */
  message: string;
}

/** Parses a text and catches the error that lists its problems. */
export async function outcomeOf(text: string, kind: Kind = "config", file = `${kind}.json`): Promise<Outcome> {
  try {
    const { document, warnings } = await parseDocument(kind, text, file);
    return { document, warnings, problems: [], message: "" };
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    return { warnings: [], problems: error.problems, message: error.message };
  }
}

/** A change that makes the default config bad, the place of the one problem, and what is said about it. */
export type BadCase = [change: (config: Loose) => void, where: string, cause: string, hint?: string];

/** Checks that each change leads to exactly one problem, at its place and in its words. */
export async function checkBad(t: Test, cases: readonly BadCase[]): Promise<void> {
  for (const [change, where, cause, hint] of cases) {
    const { problems } = await outcomeOf(changed(change));
    const said = problems.map((problem) => [problem.where, problem.cause, problem.hint]);
    t.strictSame(said, [[where, cause, hint]], change.toString());
  }
}

/** Checks that each change leaves a config good and says nothing. */
export async function checkGood(t: Test, changes: readonly ((config: Loose) => void)[]): Promise<void> {
  for (const change of changes) {
    const { message, warnings } = await outcomeOf(changed(change));
    t.strictSame([message, warnings], ["", []], change.toString());
  }
}
