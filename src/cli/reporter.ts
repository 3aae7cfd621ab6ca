import type { Reporter } from "../container/report.js";
import { logDebug, logWarning } from "./log.js";

/** Warnings and debug lines of the container layer go to the log. */
export const reporter: Reporter = { warn: logWarning, debug: logDebug };
