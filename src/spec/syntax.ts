// What to say when a text is not JSON. Only loaded then.

import { type ParseError, parse, printParseErrorCode } from "jsonc-parser";
import { RuntError } from "../errors.js";
import { positionOf } from "./positions.js";

// Wording of jsonc-parser's error codes.
const WORDS: Record<string, string> = {
  InvalidSymbol: "expected a JSON value: true, false, null, a number, or a text in double quotes",
  InvalidNumberFormat: "expected a number as JSON writes it",
  PropertyNameExpected: "expected a property name in double quotes",
  ValueExpected: "expected a value",
  ColonExpected: 'expected ":" after the property name',
  CommaExpected: 'expected "," between two members',
  CloseBraceExpected: 'expected "}" at the end of the object',
  CloseBracketExpected: 'expected "]" at the end of the array',
  EndOfFileExpected: "expected the end of the file",
  InvalidCommentToken: "expected JSON, which has no comments",
  UnexpectedEndOfComment: "expected JSON, which has no comments",
  UnexpectedEndOfString: "expected '\"' at the end of the text",
  UnexpectedEndOfNumber: "expected a digit",
  InvalidUnicode: "expected four hexadecimal digits after \\u",
  InvalidEscapeCharacter: 'expected one of the escapes that JSON has: \\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX',
  InvalidCharacter: "expected an escape such as \\n: texts hold no control characters",
};

/**
 * The error for a text that JSON.parse refused.
 * @param text what was in the file
 * @param file its name, for the message
 * @param refusal what JSON.parse threw
 */
export function syntaxError(text: string, file: string, refusal: unknown): RuntError {
  if (text.trim() === "") return new RuntError({ where: file, cause: "the file is empty" });
  if (text.startsWith("\uFEFF")) {
    return new RuntError({
      where: `${file}:1:1`,
      cause: "the file starts with a byte order mark",
      hint: "save it as UTF-8 without one",
    });
  }
  const errors: ParseError[] = [];
  parse(text, errors, { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false });
  const first = errors[0];
  if (!first)
    return new RuntError({ where: file, cause: `not JSON: ${refusal instanceof Error ? refusal.message : refusal}` });

  const offset = refine(text, first);
  const { line, column } = positionOf(text, offset);
  const cause = WORDS[printParseErrorCode(first.error)] ?? "not JSON";
  return new RuntError({ where: `${file}:${line}:${column}`, cause: `${cause}\n${excerpt(text, line, column)}` });
}

/** Where people look for it: at a comma that has nothing after it, not at the bracket that follows. */
function refine(text: string, { error, offset }: ParseError): number {
  const code = printParseErrorCode(error);
  if (code === "PropertyNameExpected" || code === "ValueExpected") {
    const before = text.slice(0, offset).trimEnd();
    if (before.endsWith(",") && /[\]}]/.test(text[offset] ?? "")) return before.length - 1;
  }
  return Math.min(offset, text.length);
}

/** The line with a caret below the column; long lines are cut around it. */
export function excerpt(text: string, line: number, column: number): string {
  const whole = (text.split("\n")[line - 1] ?? "").replace(/\r$/, "");
  const start = column > 60 ? column - 40 : 0;
  const part = whole.slice(start, start + 100).replace(/[\0-\x08\x0b-\x1f\x7f]/g, " ");
  // Tabs stay, so that the caret is below its character whatever their width.
  const indent = part.slice(0, column - 1 - start).replace(/[^\t]/g, " ");
  return `  ${part}\n  ${indent}^`;
}
