// mounts: config.md, "Mounts".

import { WITH_MAPPINGS } from "../idmap-option.js";
import type { Findings } from "../problems.js";
import type { Mount } from "../types.gen.js";
import { type Check, namespaceOf } from "./check.js";
import { checkMappings } from "./mappings.js";

/** config.md, "Mounts": absolute; relative ones are deprecated and mean relative to "/". */
function destination(mount: Mount, at: string, findings: Findings): void {
  if (mount.destination.startsWith("/")) return;
  if (mount.destination === "") findings.problem(`${at}/destination`, "expected a path in the container");
  else {
    const cause = 'relative mount destinations are deprecated, taken as relative to "/"';
    findings.warning(`${at}/destination`, cause);
  }
}

/** config.md, "Mounts": the source of a bind mount is a path. A remount of what is there needs none. */
function bindSource({ options, source }: Mount, at: string, findings: Findings): void {
  if (source || !options) return;
  const bind = options.includes("bind") || options.includes("rbind");
  if (bind && !options.includes("remount")) {
    findings.problem(`${at}/source`, "a bind mount needs a source", { quiet: true });
  }
}

/** config.md, "POSIX-platform Mounts": uidMappings and gidMappings go together, and should come with an option. */
function mappings(mount: Mount, at: string, idmap: boolean, findings: Findings): void {
  const { uidMappings = [], gidMappings = [] } = mount;
  checkMappings(uidMappings, `${at}/uidMappings`, findings);
  checkMappings(gidMappings, `${at}/gidMappings`, findings);
  if (uidMappings.length > 0 && gidMappings.length === 0) {
    findings.problem(`${at}/gidMappings`, "uidMappings needs gidMappings beside it", { quiet: true });
  }
  if (gidMappings.length > 0 && uidMappings.length === 0) {
    findings.problem(`${at}/uidMappings`, "gidMappings needs uidMappings beside it", { quiet: true });
  }
  if (!idmap && uidMappings.length + gidMappings.length > 0) {
    const cause = 'mappings should come with the option "idmap" or "ridmap", or older runtimes pass over them';
    findings.warning(at, cause, { quiet: true });
  }
}

/** What is left of crun's option after normalise.ts: it could not be read, or there are mappings beside it. */
function optionMappings({ options = [], uidMappings, gidMappings }: Mount, at: string, findings: Findings): void {
  const index = options.findIndex((option) => WITH_MAPPINGS.test(option));
  if (index < 0) return;
  const cause =
    uidMappings || gidMappings
      ? "the mount has uidMappings or gidMappings beside the ones in its option, or two such options"
      : 'expected "idmap=uids=ID-HOSTID-SIZE;gids=ID-HOSTID-SIZE", more ranges after "#", or "@" before a range of container ids that the user namespace maps';
  findings.problem(`${at}/options/${index}`, cause);
}

export const mounts: Check<Mount[]> = (mounts, pointer, { findings, config }) => {
  for (let index = 0; index < mounts.length; index++) {
    const mount = mounts[index]!;
    const at = `${pointer}/${index}`;
    destination(mount, at, findings);
    bindSource(mount, at, findings);
    optionMappings(mount, at, findings);
    const idmap = mount.options ? Math.max(mount.options.indexOf("idmap"), mount.options.indexOf("ridmap")) : -1;
    if (mount.uidMappings?.length || mount.gidMappings?.length) mappings(mount, at, idmap >= 0, findings);
    // config.md, "Linux mount options", idmap: needs mappings, its own or the user namespace's.
    else if (idmap >= 0 && !namespaceOf(config, "user")) {
      const cause = "expected uidMappings and gidMappings, or a user namespace to take them from";
      findings.problem(`${at}/options/${idmap}`, cause, { basis: "/linux/namespaces" });
    }
  }
};
