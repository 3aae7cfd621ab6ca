// One command for all containers that a regular expression names.

import { matchingIds } from "../container/matching.js";
import { failure } from "../host/failure.js";
import { reporter } from "./reporter.js";

/**
 * Does the work for each of them. One that fails is a warning and the others go on, as in crun: of many
 * containers some are always in the wrong state. Throws RuntError for a bad expression.
 */
export async function forEachMatch(
  root: string,
  pattern: string,
  work: (id: string) => void | Promise<void>,
): Promise<void> {
  for (const id of matchingIds(root, pattern)) {
    try {
      await work(id);
    } catch (error) {
      const worded = failure(error);
      if (!(worded instanceof Error)) throw error;
      reporter.warn(`${id}: ${worded.message}`);
    }
  }
}
