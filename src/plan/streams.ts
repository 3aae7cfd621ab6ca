// Standard input, output and error of the container's process, when they are the caller's.

import { hostId } from "./mappings.js";
import type { Planning } from "./planning.js";
import { place } from "./program.js";
import type { Stream } from "./types.js";

/**
 * Gives the caller's pipes and files to the container's user: a program that opens /dev/stderr opens the file anew, with
 * what its owner and mode allow (https://github.com/moby/moby/issues/31243). As in runc, the group stays what it is.
 *
 * Where runt is root and knows who the user is on the host, stage A does it. A user without privileges, and root in a
 * namespace that is joined, can do no more than the container's own root.
 */
export function planStreams(planning: Planning, streams: readonly Stream[]): void {
  const { config, host, namespaces, before, start } = planning;
  const { terminal, user } = config.process;
  if (terminal) return;
  const known = namespaces.isNew("user")
    ? hostId(config.linux?.uidMappings, user.uid)
    : namespaces.has("user")
      ? undefined
      : user.uid;
  const [list, uid] = host.euid === 0 && known !== undefined ? [before, known] : [start, user.uid];
  for (const { fd, owner } of streams) {
    if (owner !== known) list.add(place("/process/user/uid"), { op: "give_stream", fd, uid });
  }
}
