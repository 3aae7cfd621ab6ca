// A failure message of runt-init put into the words of an error: the place in config.json that
// asked for the step, what runt-init says it attempted, the errno's text, and a hint.

import { RuntError } from "../errors.js";
import { ENOENT, EPERM } from "../host/constants.js";
import type { InitMessage } from "../host/addon.js";
import { native } from "../host/native.js";
import type { Step } from "../plan/steps.gen.js";
import { hintFor } from "./hints.js";

/**
 * Steps whose failures Docker, Podman and containerd tell apart by text, to give the statuses
 * 126 and 127: they look for these words.
 */
const PROGRAM_STEPS: readonly Step["op"][] = ["find_program", "execute"];
const INIT_PREFIX = "unable to start container process: error during container init: ";

/** Stands between the text of a failure and a hint (native/init/program.cc). */
const HINT_SEPARATOR = "\x1f";

/** What the error needs to know of a step. */
export interface FailedStep {
  op: Step["op"];
  where: string;
}

/** In: the step (undefined when runt-init names none of the plan's), its message, what may be behind an EPERM. */
export function failureError(
  planned: { step: Pick<Step, "op">; where: string } | undefined,
  message: Pick<InitMessage, "value" | "text" | "step">,
  programPrefix = INIT_PREFIX,
  deniedHint?: string,
): RuntError {
  const step = planned ? { op: planned.step.op, where: planned.where } : undefined;
  return wordFailure(step, message, programPrefix, deniedHint);
}

/** As failureError, for a step that is only remembered. */
export function wordFailure(
  step: FailedStep | undefined,
  message: Pick<InitMessage, "value" | "text" | "step">,
  programPrefix = INIT_PREFIX,
  deniedHint?: string,
): RuntError {
  const errno = message.value || undefined;
  // runt-init looked at the file and knows more than the errno says.
  const [text = "", found] = message.text.split(HINT_SEPARATOR);
  const known = found ?? (step && errno ? hintFor(step.op, errno, text) : undefined);
  const hint = known ?? (errno === EPERM ? deniedHint : undefined);
  const words = errno === undefined ? undefined : native().strerror(errno);
  if (step && PROGRAM_STEPS.includes(step.op)) {
    return new RuntError({ cause: programPrefix + (words ? `${text}: ${words}` : text), hint, errno });
  }
  const where = step?.where;
  if (step?.op === "clone_tree" && where?.startsWith("root.path") && errno === ENOENT) {
    // runc's words, which callers look for.
    const path = text.slice(text.indexOf("/"));
    return new RuntError({ where: "root.path", attempt: "invalid rootfs: stat", path, cause: words ?? "", errno });
  }
  return words
    ? new RuntError({ where, attempt: text, cause: words, hint, errno })
    : new RuntError({ where, cause: text, hint });
}
