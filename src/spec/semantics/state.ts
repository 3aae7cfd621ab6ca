// The state of a container: runtime.md, "State".

import type { State } from "../types.gen.js";
import type { Check } from "./check.js";

export const checkState: Check<State> = ({ status, pid, bundle }, at, { findings }) => {
  if ((status === "created" || status === "running") && !pid) {
    findings.problem(`${at}/pid`, `a container that is ${status} has a pid`, { quiet: true });
  }
  if (!bundle.startsWith("/")) findings.problem(`${at}/bundle`, "expected an absolute path");
};
