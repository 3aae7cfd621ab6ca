// What a container changed in its overlay root, read off the writable layer: a character
// device 0:0 stands for a deleted path, a directory marked opaque hides what the layers below
// have in it, all else was added or changed (kernel: Documentation/filesystems/overlayfs.rst).

import { S_IFCHR, S_IFDIR, S_IFMT } from "../host/constants.js";
import { native } from "../host/native.js";
import type { OverlayState } from "./state.js";

export interface Change {
  /** Added, changed, deleted. */
  kind: "A" | "C" | "D";
  /** Absolute, as the container sees it. */
  path: string;
}

/** Another name when the overlay was mounted in a user namespace (userxattr). */
const OPAQUE = ["trusted.overlay.opaque", "user.overlay.opaque"];

/** All changes, sorted by path. In: the layers of a container's root. */
export function overlayChanges({ upper, lower }: OverlayState): Change[] {
  const changes: Change[] = [];
  walk(upper, lower, "", changes);
  return changes.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

/** Goes through one directory of the writable layer. `lower`: the layers that show through there. */
function walk(upper: string, lower: readonly string[], at: string, changes: Change[]): void {
  const names = native().readdir(`${upper}${at}`);
  for (const name of names) {
    const path = `${at}/${name}`;
    const status = native().lstat(`${upper}${path}`);
    if (status === null) continue;
    const below = findBelow(lower, path);
    if (isWhiteout(status)) {
      if (below !== null) changes.push({ kind: "D", path });
      continue;
    }
    changes.push({ kind: below === null ? "A" : "C", path });
    if ((status.mode & S_IFMT) !== S_IFDIR) continue;
    const through = below === null || isOpaque(`${upper}${path}`) ? [] : below.directories;
    if (through.length === 0) reportHidden(`${upper}${path}`, below?.directories ?? [], path, changes);
    walk(upper, through, path, changes);
  }
}

interface Below {
  /** The layers in which the path is a directory that shows; none when it is another kind of file. */
  directories: string[];
}

/** What the lower layers show at a path; null when nothing. */
function findBelow(lower: readonly string[], path: string): Below | null {
  const directories: string[] = [];
  for (const layer of lower) {
    const status = native().lstat(`${layer}${path}`);
    if (status === null) continue;
    if (isWhiteout(status)) break;
    if ((status.mode & S_IFMT) !== S_IFDIR) {
      // A file hides all below it, and is itself hidden by a directory above it.
      return { directories };
    }
    directories.push(layer);
    if (isOpaque(`${layer}${path}`)) break;
  }
  return directories.length > 0 ? { directories } : null;
}

/** Names that an opaque directory hides and that the container did not make anew: deleted. */
function reportHidden(directory: string, lower: readonly string[], at: string, changes: Change[]): void {
  const names = new Set(lower.flatMap((layer) => native().readdir(`${layer}${at}`)));
  for (const name of names) {
    const path = `${at}/${name}`;
    if (native().lstat(`${directory}/${name}`) === null && findBelow(lower, path) !== null) {
      changes.push({ kind: "D", path });
    }
  }
}

function isWhiteout({ mode, rdev }: { mode: number; rdev: number }): boolean {
  return (mode & S_IFMT) === S_IFCHR && rdev === 0;
}

function isOpaque(directory: string): boolean {
  return OPAQUE.some((name) => native().getxattr(directory, name) === "y");
}
