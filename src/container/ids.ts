// Container ids become directory names: what may be one is decided here alone.

import { RuntError } from "../errors.js";

/** NAME_MAX: an id is one component of a path. */
const LONGEST = 255;

/** Throws RuntError for an id that is empty, too long or holds other characters than letters, digits and "_+-.". */
export function checkId(id: string): void {
  if (id === "") throw new RuntError("container id cannot be empty");
  const valid = /^[A-Za-z0-9_+.-]+$/.test(id) && id !== "." && id !== ".." && id.length <= LONGEST;
  if (valid) return;
  const hint = `letters, digits and "_+-.", ${LONGEST} at most, and not "." or ".." alone`;
  throw new RuntError({ cause: "invalid container ID format", hint });
}
