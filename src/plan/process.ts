// The process before its program: what it is limited to, whom it runs as, where it stands.
// config.md, "Process".

import {
  type CapabilitySets,
  capabilitySets,
  planBounding,
  planCapabilities,
  planSearchRights,
} from "./capabilities.js";
import { planHome } from "./environment.js";
import { planLabels } from "./labels.js";
import { groupsMode, groupsOf, setupUser } from "./mappings.js";
import { planMemoryPolicy } from "./memory-policy.js";
import { planPersonality } from "./personality.js";
import type { Planning } from "./planning.js";
import { OWN, place } from "./program.js";
import { planLowFileLimit, planRlimits } from "./rlimits.js";
import { planScheduling } from "./scheduler.js";
import { isEarlySeccomp, planSeccomp } from "./seccomp.js";

/** Of a caller that did not say: as in runc. */
const DEFAULT_UMASK = 0o022;

/**
 * Makes the working directory when it is missing (as runc does), as root of the container and
 * while the root can be written. It is entered after the change of user.
 */
export function planMissingDirectory(planning: Planning): void {
  const { config, inside } = planning;
  if (config.process.cwd === "/") return;
  inside.add(cwdPlace(planning), {
    op: "make_directory",
    path: config.process.cwd,
    mode: 0o755,
    ...setupUser(planning),
  });
}

const cwdPlace = ({ config }: Planning) => place("/process/cwd", config.process.cwd);

/** Everything that needs the setting-up user's privileges, to the filter that is loaded with them. */
export function planPrivileged(planning: Planning): void {
  const { config, inside } = planning;
  planHome(planning);
  planRlimits(planning);
  planScheduling(planning);
  planPersonality(planning);
  planMemoryPolicy(planning);
  inside.add(place("/process/user/umask"), {
    op: "set_umask",
    mask: config.process.user.umask ?? DEFAULT_UMASK,
  });
  planLabels(planning);
  if (!isEarlySeccomp(planning)) return;
  planLowFileLimit(planning);
  planSeccomp(planning);
}

/** Takes the bounding set down, and becomes the container's user. */
export function planUser(planning: Planning): void {
  const sets = capabilitySets(planning);
  planBounding(planning.inside, sets);
  planBecomeUser(planning, sets);
}

/** Becomes the container's user, enters the working directory, and keeps the config's capabilities. */
export function planBecomeUser(planning: Planning, sets: CapabilitySets): void {
  const { config, inside } = planning;
  const { uid, gid } = config.process.user;
  const isRoot = uid === 0;
  // The kernel takes all capabilities from who becomes another user than root.
  if (!isRoot) inside.add(OWN, { op: "set_securebits", keepcaps: 1 });
  inside.add(place("/process/user"), {
    op: "enter_user",
    uid,
    gid,
    groups: groupsOf(planning),
    keepGroups: groupsMode(planning),
  });
  enterDirectory(planning, isRoot, sets);
  planCapabilities(planning, sets);
  if (config.process.noNewPrivileges) inside.add(place("/process/noNewPrivileges"), { op: "set_no_new_privs" });
}

function enterDirectory(planning: Planning, isRoot: boolean, sets: CapabilitySets): void {
  if (!isRoot) planSearchRights(planning, sets);
  planning.inside.add(cwdPlace(planning), { op: "change_directory", path: planning.config.process.cwd, create: 0 });
}
