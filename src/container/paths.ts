// Paths as text. (node:path would cost a command 1 ms: see src/host/addon.d.ts.)

import { native } from "../host/native.js";
import { cleanPath } from "../plan/paths.js";

/** A path made absolute, from `base` when it is relative (the current directory when not given). */
export function absolutePath(path: string, base?: string): string {
  if (path.startsWith("/")) return cleanPath(path);
  return cleanPath(`${base ?? native().cwd()}/${path}`);
}

/** The path of the directory that holds it. In: an absolute, clean path. */
export function parentPath(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}
