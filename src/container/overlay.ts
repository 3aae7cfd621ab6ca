// The directories of an overlay root's writable layer.

import { failure } from "../host/failure.js";
import { native } from "../host/native.js";
import type { Reporter } from "./report.js";
import type { OverlayState } from "./state.js";

/** Makes the directories for the upper layer and its work directory, where they are missing. */
export function makeOverlay(overlay: OverlayState | undefined, report: Reporter): void {
  if (!overlay) return;
  for (const path of [overlay.upper, overlay.work]) {
    try {
      if (native().mkdir(path, 0o755)) report.debug(`overlay: made ${path}`);
    } catch (error) {
      throw failure(error, { where: 'annotations["runt.rootfs.upper"]', attempt: "mkdir", path });
    }
  }
}
