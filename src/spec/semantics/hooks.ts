// hooks: config.md, "POSIX-platform Hooks".

import type { Hook, Hooks } from "../types.gen.js";
import { type Check, type Checks, checkMembers } from "./check.js";

/** The six kinds, in the order in which they run. */
export const HOOK_KINDS: readonly (keyof Hooks)[] = [
  "prestart",
  "createRuntime",
  "createContainer",
  "startContainer",
  "poststart",
  "poststop",
];

/**
 * config.md, "POSIX-platform Hooks": path must be absolute, env has the semantics of environ.
 * runc passes other texts of env on, so they are only odd.
 */
const list: Check<Hook[]> = (hooks, at, { findings }) => {
  hooks.forEach(({ path, env }, index) => {
    if (!path.startsWith("/")) findings.problem(`${at}/${index}/path`, "expected an absolute path");
    env?.forEach((entry, which) => {
      if (entry.indexOf("=") < 1) findings.warning(`${at}/${index}/env/${which}`, "expected NAME=VALUE");
    });
  });
};

const members: Checks<Hooks> = {
  prestart: list,
  createRuntime: list,
  createContainer: list,
  startContainer: list,
  poststart: list,
  poststop: list,
};

export const hooks: Check<Hooks> = (hooks, at, context) => checkMembers(hooks, members, at, context);
