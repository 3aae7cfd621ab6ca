// What criu could not do, in its own words: the first error lines of its log.

import type { CriuResponse } from "../criu/messages.js";
import { errorLines } from "../criu/log.js";
import { RuntError } from "../errors.js";
import { native } from "../host/native.js";

/** What an error line means for who called runt: criu's words → what to try. */
const HINTS: readonly [RegExp, string][] = [
  [/TCP.*connect|Connected TCP|tcp-established/i, "--tcp-established keeps TCP connections"],
  [/external socket|ext-unix-sk|unix.*external/i, "--ext-unix-sk allows sockets to processes outside"],
  [/file lock|Some file locks/i, "--file-locks keeps locks on files"],
  [/shell-job|controlling terminal|SID of|session leader/i, "--shell-job allows a session or terminal from outside"],
  [/link-remap|Can't create link remap/i, "--link-remap allows open files that were deleted"],
];

/** In: what was attempted, the response (null: none came), the path of the log, what criu printed before it had a log. */
export function criuFailure(attempt: string, answer: CriuResponse | null, log: string, printed: string): RuntError {
  const text = native().readFileIfAny(log) ?? "";
  const lines = errorLines(text);
  if (lines.length === 0) lines.push(...errorLines(printed));
  if (lines.length === 0 && answer?.message) lines.push(answer.message);
  const errno = answer?.errno;
  const end = answer === null ? "criu ended without an answer" : `criu failed${errno ? ` with errno ${errno}` : ""}`;
  const known = HINTS.find(([pattern]) => lines.some((line) => pattern.test(line)))?.[1];
  return new RuntError({
    attempt,
    cause: [end, ...lines].join(": "),
    hint: [...(known ? [known] : []), `all of criu's log is in ${log}`].join("; "),
  });
}
