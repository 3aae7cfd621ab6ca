// What is wrong or odd in a document, collected before anything is said, so that all of it is
// said at once.

import { type ErrorParts, RuntError } from "../errors.js";

/** One thing to say about one place in a document. */
export interface Problem {
  /** JSON pointer: "/linux/namespaces/0/type". */
  pointer: string;
  /** What was expected there. */
  cause: string;
  /** What to try. */
  hint?: string;
  /** Leave out ", found VALUE": the cause says it, or the value is long. */
  quiet?: boolean;
  /** Pointer of what this follows from: when that is at fault itself, this is not worth saying. */
  basis?: string;
}

/** A problem with its place in the file. */
export interface PlacedProblem extends Problem {
  /** "linux.namespaces[0].type". */
  where: string;
  /** From 1. */
  line: number;
  /** From 1, in UTF-16 units. */
  column: number;
}

/** Where the checks put what they find. */
export class Findings {
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];

  /** Something that must be put right before a container can start. */
  problem(pointer: string, cause: string, more: Omit<Problem, "pointer" | "cause"> = {}): void {
    this.problems.push({ pointer, cause, ...more });
  }

  /** Something that is odd, but allowed. */
  warning(pointer: string, cause: string, more: Omit<Problem, "pointer" | "cause"> = {}): void {
    this.warnings.push({ pointer, cause, ...more });
  }
}

/** A document that cannot be used; one problem a line when there are several. */
export class DocumentError extends RuntError {
  /** All of them, in the order of the file. */
  readonly problems: readonly PlacedProblem[];

  /** @param notes what is odd in the document too: a misspelt property can be why something is missing */
  constructor(file: string, problems: readonly PlacedProblem[], notes: readonly PlacedProblem[] = []) {
    const single = problems.length === 1 && notes.length === 0;
    super(single ? wordProblem(file, problems[0]!) : wordAll(file, problems, notes));
    this.name = "DocumentError";
    this.problems = problems;
  }
}

/** "config.json:4:12: process.cwd" with cause and hint. */
export function wordProblem(file: string, problem: PlacedProblem): ErrorParts {
  const place = `${file}:${problem.line}:${problem.column}`;
  return {
    where: problem.where ? `${place}: ${problem.where}` : place,
    cause: problem.cause,
    hint: problem.hint,
  };
}

function wordAll(file: string, problems: readonly PlacedProblem[], notes: readonly PlacedProblem[]): string {
  const line = (problem: PlacedProblem) => new RuntError(wordProblem(file, problem)).message;
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  return [
    `${file} has ${count}:`,
    ...problems.map((problem) => `  ${line(problem)}`),
    ...notes.map((note) => `  warning: ${line(note)}`),
  ].join("\n");
}

/** One part of a JSON pointer, escaped. */
export function pointerPart(name: string | number): string {
  return `/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** The parts of a JSON pointer, as they are. */
export function pointerParts(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** What a pointer leads to; undefined when there is nothing. */
export function valueAt(document: unknown, pointer: string): unknown {
  let value = document;
  for (const part of pointerParts(pointer)) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

/** A value as an error shows it: JSON, cut when it is long. */
export function showValue(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "bigint") return String(value);
  if (value === Infinity || value === -Infinity) return "a number that no program can hold";
  if (Array.isArray(value)) return value.length ? "an array" : "an empty array";
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value);
  return text.length > 64 ? `${text.slice(0, 60)}…"` : text;
}
