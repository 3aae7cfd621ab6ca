// What t.throws compares a failed call of the addon with.

import type { NativeError } from "../../src/host/addon.js";

/** In: the name of the errno, then the call and the path where they matter. */
export function failsWith(code: string, syscall?: string, path?: string): Error {
  const wanted: Partial<NativeError> = { code };
  if (syscall !== undefined) wanted.syscall = syscall;
  if (path !== undefined) wanted.path = path;
  return wanted as Error;
}
