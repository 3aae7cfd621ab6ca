// Paths as text. (node:path would cost a command 1 ms: see src/host/addon.d.ts.)

import { native } from "../host/native.js";

/** Takes out ".", empty and ".." components. In: an absolute path. Symlinks are not looked at. */
export function cleanPath(path: string): string {
  const kept: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") kept.pop();
    else kept.push(part);
  }
  return `/${kept.join("/")}`;
}

/** A path made absolute, from `base` when it is relative (the current directory when not given). */
export function absolutePath(path: string, base?: string): string {
  if (path.startsWith("/")) return cleanPath(path);
  return cleanPath(`${base ?? native().cwd()}/${path}`);
}

/** The path of the directory that holds it. In: an absolute, clean path. */
export function parentPath(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** The last component. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
