// --pid-file: the bare decimal pid, written beside under ".NAME" and renamed, so that a reader
// that waits for the file never sees half of it.

import { failure } from "../host/failure.js";
import { native } from "../host/native.js";
import { baseName, parentPath } from "./paths.js";

/** Writes the pid. In: an absolute path. Throws RuntError. */
export function writePidFile(path: string, pid: number): void {
  const parent = parentPath(path);
  const temporary = `${parent === "/" ? "" : parent}/.${baseName(path)}`;
  try {
    native().unlink(temporary);
    native().createFile(temporary, String(pid), 0o666);
    native().rename(temporary, path);
  } catch (error) {
    throw failure(error, { where: "--pid-file", attempt: "write", path });
  }
}
