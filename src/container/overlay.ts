// The directories of an overlay root's writable layer.

import { RuntError } from "../errors.js";
import { failure } from "../host/failure.js";
import { native } from "../host/native.js";
import { LAYERS_ANNOTATION, UPPER_ANNOTATION, type OverlayPaths } from "../plan/overlay.js";
import { parentPath } from "./paths.js";
import type { OverlayState } from "./state.js";

/**
 * Makes the writable layer and its work directory. A new layer gets the mode of the layer below,
 * since it is what the container sees as "/", and belongs to root of the container.
 */
export function makeOverlay(overlay: OverlayPaths): void {
  const { upper, work, lower, kept, uid, gid } = overlay;
  const where = `annotations["${kept ? UPPER_ANNOTATION : LAYERS_ANNOTATION}"]`;
  const attempt = (path: string, attempted: string, make: () => boolean) => {
    try {
      return make();
    } catch (error) {
      throw failure(error, { where, attempt: attempted, path });
    }
  };
  for (const path of lower) {
    if (native().stat(path) === null) {
      throw new RuntError({
        where: `annotations["${LAYERS_ANNOTATION}"]`,
        attempt: "open layer",
        path,
        cause: "no such file or directory",
      });
    }
  }
  // A layer that is kept lies where the user wants it; only its last component is made.
  if (!kept) attempt(parentPath(upper), "mkdir", () => native().mkdir(parentPath(upper), 0o700));
  attempt(work, "mkdir", () => native().mkdir(work, 0o700));
  const isNew = attempt(upper, "mkdir", () => native().mkdir(upper, 0o700));
  if (isNew) {
    const below = native().stat(lower[0]!);
    attempt(upper, "chmod", () => {
      native().chmod(upper, (below?.mode ?? 0o755) & 0o7777);
      return true;
    });
  }
  if (uid === 0 && gid === 0) return;
  for (const path of isNew ? [upper, work] : [work]) {
    attempt(path, "chown", () => {
      native().chown(path, uid, gid);
      return true;
    });
  }
}

/** What of an overlay lies outside of the container's directory and ends with it. */
export function removeOverlayLeftovers(overlay: OverlayState | undefined): void {
  if (overlay?.kept) native().removeTree(overlay.work);
}
