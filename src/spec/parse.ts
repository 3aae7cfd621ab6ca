// Text → a document that fits its schema and makes sense, or one error that lists everything
// that is wrong with it.

import { RuntError } from "../errors.js";
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
  wordPlace,
  wordProblem,
} from "./problems.js";
import { checkNuls, checkSemantics } from "./semantics/index.js";
import * as validators from "./validators.gen.js";

/** A document that was read and found good. */
export interface Parsed<K extends Kind> {
  document: Documents[K];
  /** What the user should know although it is no error, each with its place. */
  warnings: string[];
}

// A number of 16 digits or more, or with an exponent: beyond 2^53, where doubles have gaps.
const LARGE_NUMBER = /[:,[]\s*-?(?:\d{16}|\d[\d.]*[eE])/;

const fits = (kind: Kind, document: unknown): boolean =>
  kind !== "features" && (validators as unknown as Record<string, (document: unknown) => boolean>)[kind]!(document);

/**
 * Parses and checks a document.
 * @param kind what it should be
 * @param text what was in the file
 * @param file its name, for messages
 * @throws RuntError when it is not JSON; DocumentError with every problem when it does not fit
 */
export async function parseDocument<K extends Kind>(kind: K, text: string, file: string): Promise<Parsed<K>> {
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
  const good = fits(kind, document);
  if (!good) {
    const { explain } = await import("./explain.js");
    explain(kind, document, findings);
  }
  // A document that only has unknown properties is good as well.
  const typed = good || findings.problems.length === 0;
  if (typed && LARGE_NUMBER.test(text)) {
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
        where: wordPlace(problem.pointer),
        cause: problem.quiet ? problem.cause : `${problem.cause}, found ${showValue(value)}`,
      };
    })
    .sort((a, b) => a.line - b.line || a.column - b.column);
}
