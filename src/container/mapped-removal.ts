// Removing what a rootless container has left in its writable layer: files of ids that are the user's
// only inside a user namespace, so that is where they are removed.

import { detectCgroups } from "../cgroup/detect.js";
import { RuntError } from "../errors.js";
import { readHost } from "../host/facts.js";
import { KEEP_GROUPS } from "../plan/mappings.js";
import { NAMESPACE_FLAGS } from "../plan/namespaces.js";
import { OWN, StepList } from "../plan/program.js";
import { NO_SLOT, SYNC_MAP_IDS } from "../plan/steps.gen.js";
import type { Spec } from "../spec/types.gen.js";
import { runSteps, withOutput } from "./helper-program.js";
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
  // Of the config the mappings are all that is asked for.
  const config = { linux: { uidMappings: uid, gidMappings: gid } } as unknown as Spec;
  const sync = (pid: number) => writeIdMaps(pid, config, readHost(detectCgroups), report);
  withOutput((stdio, said) => {
    const status = runSteps(stepsFor(paths), 0, { report, stdio, sync });
    if (status === 0) return;
    const cause = said().trim() || `rm: exit status ${status}`;
    throw new RuntError({ attempt: "remove", path: paths.join(", "), cause });
  });
}

function stepsFor(paths: readonly string[]): StepList {
  const steps = new StepList();
  steps.add(OWN, { op: "unshare", flags: NAMESPACE_FLAGS.user });
  steps.add(OWN, { op: "sync", point: SYNC_MAP_IDS, slot: NO_SLOT });
  steps.add(OWN, { op: "enter_user", uid: 0, gid: 0, groups: [], keepGroups: KEEP_GROUPS });
  steps.add(OWN, { op: "find_program", name: "rm", path: "/usr/bin:/bin" });
  steps.add(OWN, { op: "execute", args: ["rm", "-rf", "--", ...paths], env: [] });
  return steps;
}
