import type { Reporter } from "../container/report.js";
import { isDebugging, logDebug, logWarning } from "./log.js";

/** Warnings and debug lines of the container layer go to the log. */
export const reporter: Reporter = {
  get debugging() {
    return isDebugging();
  },
  warn: logWarning,
  debug: logDebug,
};
