// /run/notify: where the container's service says that it is ready (sd_notify(3)), for callers
// with $NOTIFY_SOCKET. The place is runc's.

import {
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
  TARGET_DIRECTORY,
} from "./constants.js";
import type { Planning } from "./planning.js";
import { OWN } from "./program.js";
import { openTree, shapeTree } from "./trees.js";

/** Where the container has the directory. */
export const NOTIFY_TARGET = "/run/notify";

/** What the container is told; the socket appears there with `start`. */
export const NOTIFY_VARIABLE = `NOTIFY_SOCKET=${NOTIFY_TARGET}/notify.sock`;

/** Mounts the directory of the socket: after the config's mounts, so that a /run of theirs does not hide it. */
export function planNotify(planning: Planning): void {
  const path = planning.request.notifyDirectory;
  if (path === undefined) return;
  const at = { ...OWN, where: "NOTIFY_SOCKET" };
  const slot = openTree(planning, at, { path, recursive: false, follows: false });
  // Nothing can be made in it or run from it. Sending to a socket is no write to the file system.
  const set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  const none = { set: 0, clear: 0 };
  shapeTree(planning.sources, at, slot, { own: { set, clear: 0 }, tree: none, propagation: [] });
  planning.inside.add(at, {
    op: "attach_tree",
    slot,
    target: NOTIFY_TARGET,
    kind: TARGET_DIRECTORY,
    mode: 0o755,
    real: 0,
    nofollow: 0,
  });
}
