// --pid-file: the bare decimal pid. The file appears whole, by a rename, for readers that wait for it.

import { RuntError } from "../errors.js";
import { S_IFDIR, S_IFMT, S_IFREG } from "../host/constants.js";
import { failure } from "../host/failure.js";
import { native } from "../host/native.js";

/** Writes the pid. In: an absolute path. Throws RuntError. */
export function writePidFile(path: string, pid: number): void {
  try {
    refuseSpecial(path);
    native().replaceFile(path, String(pid), 0o666);
  } catch (error) {
    throw failure(error, { where: "--pid-file", attempt: "write", path });
  }
}

/** A rename would put a file in the place of the machine's /dev/null or /dev/stdout. A directory is the rename's error. */
function refuseSpecial(path: string): void {
  const status = native().stat(path);
  if (status === null || [S_IFREG, S_IFDIR].includes(status.mode & S_IFMT)) return;
  throw new RuntError({
    where: "--pid-file",
    attempt: "write",
    path,
    cause: "not a regular file",
    hint: "the file is replaced, which would take a device, pipe or socket away",
  });
}
