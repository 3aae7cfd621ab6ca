// Text → a document that fits its schema and makes sense, or one error that lists everything
// that is wrong with it.

import { RuntError, wordPointer } from "../errors.js";
import { isStackOverflow } from "../host/failure.js";
import { type Documents, type Kind, ROOTS } from "./kinds.js";
import { normalise } from "./normalise.js";
import {
  DocumentError,
  Findings,
  type PlacedProblem,
  type Problem,
  pointerParts,
  showValue,
  valueAt,
  wordProblem,
} from "./problems.js";
import { checkNuls, checkSemantics } from "./semantics/index.js";
import { config, large, process, resources, state } from "./validators.gen.js";

const FAST: Partial<Record<Kind, (document: unknown) => boolean>> = { config, process, resources, state };

/** A document that was read and found good. */
export interface Parsed<K extends Kind> {
  document: Documents[K];
  /** What the user should know although it is no error, each with its place. */
  warnings: string[];
}

// A number of 16 digits or more, or with an exponent: perhaps beyond 2^53, where doubles have gaps.
const LARGE_NUMBER = /[:,[]\s*-?(?:\d{16}|\d[\d.]*[eE])/;

/** Whether a document fits its schema and has no unknown properties, and whether 64-bit integers in it are inexact. */
function validate(kind: Kind, document: unknown, text: string): { good: boolean; inexact: boolean } {
  large.found = false;
  const good = FAST[kind]?.(document) ?? false;
  // A validator that stopped early has not seen all numbers.
  return { good, inexact: good ? large.found : LARGE_NUMBER.test(text) };
}

/**
 * Parses and checks a document.
 * @param kind what it should be
 * @param text what was in the file
 * @param file its name, for messages
 * @throws RuntError when it is not JSON; DocumentError with every problem when it does not fit
 */
export async function parseDocument<K extends Kind>(kind: K, text: string, file: string): Promise<Parsed<K>> {
  try {
    return await parseAndCheck(kind, text, file);
  } catch (error) {
    if (!isStackOverflow(error)) throw error;
    throw new RuntError({ attempt: "read", path: file, cause: "it is nested deeper than anything that has a meaning" });
  }
}

async function parseAndCheck<K extends Kind>(kind: K, text: string, file: string): Promise<Parsed<K>> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (refusal) {
    const { syntaxError } = await import("./syntax.js");
    throw syntaxError(text, file, refusal);
  }
  if (document === null) throw new RuntError(`${kind} cannot be null`);
  normalise(kind, document, text);

  const findings = new Findings();
  const { good, inexact } = validate(kind, document, text);
  if (!good) {
    const { explain } = await import("./explain.js");
    explain(kind, document, findings);
  }
  if (inexact && findings.problems.length === 0) {
    const { restoreIntegers } = await import("./exact.js");
    restoreIntegers(text, document, ROOTS[kind], findings);
  }
  if (text.includes("\\u0000")) checkNuls(document, findings);
  checkSemantics(kind, document, findings, findings.problems.length === 0);

  if (findings.problems.length === 0 && findings.warnings.length === 0) {
    return { document: document as Documents[K], warnings: [] };
  }
  const [problems, notes] = [
    await place(findings.problems, document, text),
    await place(findings.warnings, document, text),
  ];
  if (problems.length > 0) throw new DocumentError(file, problems, notes);
  const warnings = notes.map((note) => new RuntError(wordProblem(file, note)).message);
  return { document: document as Documents[K], warnings };
}

/** Finds each problem in the text, and says what was found there. In the order of the file. */
async function place(problems: readonly Problem[], document: unknown, text: string): Promise<PlacedProblem[]> {
  if (problems.length === 0) return [];
  const { Positions } = await import("./positions.js");
  const positions = new Positions(text);
  return problems
    .map((problem) => {
      const value = valueAt(document, problem.pointer);
      return {
        ...problem,
        ...positions.of(pointerParts(problem.pointer)),
        where: wordPointer(problem.pointer),
        cause: problem.quiet ? problem.cause : `${problem.cause}, found ${showValue(value)}`,
      };
    })
    .sort((a, b) => a.line - b.line || a.column - b.column);
}
