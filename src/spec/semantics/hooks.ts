// hooks: config.md, "POSIX-platform Hooks".

import type { Findings } from "../problems.js";
import type { Hooks, Spec } from "../types.gen.js";
import type { Check } from "./check.js";

/** The six kinds, in the order in which they run. */
export const HOOK_KINDS: readonly (keyof Hooks)[] = [
  "prestart",
  "createRuntime",
  "createContainer",
  "startContainer",
  "poststart",
  "poststop",
];

/** config.md, "POSIX-platform Hooks": path must be absolute. */
function paths(config: Spec, findings: Findings): void {
  for (const kind of HOOK_KINDS) {
    config.hooks?.[kind]?.forEach(({ path }, index) => {
      if (!path.startsWith("/")) findings.problem(`/hooks/${kind}/${index}/path`, "expected an absolute path");
    });
  }
}

/** config.md, "POSIX-platform Hooks": the semantics of environ. runc passes other texts on, so they are only odd. */
function env(config: Spec, findings: Findings): void {
  for (const kind of HOOK_KINDS) {
    config.hooks?.[kind]?.forEach((hook, index) => {
      hook.env?.forEach((entry, which) => {
        if (entry.indexOf("=") < 1) findings.warning(`/hooks/${kind}/${index}/env/${which}`, "expected NAME=VALUE");
      });
    });
  }
}

export const hookChecks: readonly Check<Spec>[] = [paths, env];
