// Removing what a rootless container has left in its writable layer: files of ids that are the user's
// only inside a user namespace, so that is where they are removed.

import { detectCgroups } from "../cgroup/detect.js";
import { RuntError } from "../errors.js";
import { readHost } from "../host/facts.js";
import { initPath, native } from "../host/native.js";
import { encodeProgram } from "../plan/encode.js";
import { KEEP_GROUPS } from "../plan/mappings.js";
import { NAMESPACE_FLAGS } from "../plan/namespaces.js";
import { MESSAGE_FAILURE, MESSAGE_SYNC, NO_SLOT, SYNC_MAP_IDS, type Step } from "../plan/steps.gen.js";
import type { Spec } from "../spec/types.gen.js";
import { wordFailure } from "./failures.js";
import { writeIdMaps } from "./id-maps.js";
import type { Reporter } from "./report.js";
import type { JournalDocument } from "./state.js";

/**
 * Runs rm(1) as root of a user namespace with the container's mappings: it follows no symlink and works on
 * descriptors. Throws RuntError.
 */
export function removeMapped(
  paths: readonly string[],
  { uid, gid }: NonNullable<JournalDocument["idMappings"]>,
  report: Reporter,
): void {
  const addon = native();
  const output = addon.memfd("rm", "");
  const { pid, pidfd, channel } = addon.spawnInit({
    initPath: initPath(),
    program: encodeProgram({
      steps: steps(paths).map((step) => ({ step, pointer: "", where: "" })),
      slots: 0,
      passed: 0,
    }),
    stdio: [0, output, output],
    preserve: [],
    slots: [],
  });
  try {
    for (let message = addon.receive(channel, -1); message !== null; message = addon.receive(channel, -1)) {
      if (message.kind === MESSAGE_FAILURE) throw wordFailure(undefined, message);
      if (message.kind !== MESSAGE_SYNC) continue;
      // Of the config the mappings are all that is asked for.
      const config = { linux: { uidMappings: uid, gidMappings: gid } } as unknown as Spec;
      writeIdMaps(pid, config, readHost(detectCgroups), report);
      addon.answer(channel, -1);
    }
    const status = addon.reap(pid);
    if (status === 0) return;
    const said = addon.readFile(`/proc/self/fd/${output}`).trim();
    throw new RuntError({ attempt: "remove", path: paths.join(", "), cause: said || `rm: exit status ${status}` });
  } finally {
    for (const fd of [output, pidfd, channel]) addon.close(fd);
  }
}

function steps(paths: readonly string[]): Step[] {
  return [
    { op: "unshare", flags: NAMESPACE_FLAGS.user },
    { op: "sync", point: SYNC_MAP_IDS, slot: NO_SLOT },
    { op: "enter_user", uid: 0, gid: 0, groups: [], keepGroups: KEEP_GROUPS },
    { op: "find_program", name: "rm", path: "/usr/bin:/bin" },
    { op: "execute", args: ["rm", "-rf", "--", ...paths], env: [] },
  ];
}
