// mounts: config.md, "Mounts".

import type { Findings } from "../problems.js";
import type { Mount, Spec } from "../types.gen.js";
import type { Check } from "./check.js";
import { checkMappings } from "./mappings.js";
import { namespaceOf } from "./namespaces.js";

const has = (mount: Mount, ...options: string[]) => mount.options?.some((option) => options.includes(option)) ?? false;

/** config.md, "Mounts": absolute; relative ones are deprecated and mean relative to "/". */
function destinations(config: Spec, findings: Findings): void {
  config.mounts?.forEach(({ destination }, index) => {
    const at = `/mounts/${index}/destination`;
    if (destination === "") findings.problem(at, "expected a path in the container");
    else if (!destination.startsWith("/"))
      findings.warning(at, 'relative mount destinations are deprecated, taken as relative to "/"');
  });
}

/** config.md, "Mounts": the source of a bind mount is a path. */
function bindSources(config: Spec, findings: Findings): void {
  config.mounts?.forEach((mount, index) => {
    // A remount of what is there already needs no source.
    if (has(mount, "bind", "rbind") && !has(mount, "remount") && !mount.source) {
      findings.problem(`/mounts/${index}/source`, "a bind mount needs a source", { quiet: true });
    }
  });
}

/** config.md, "POSIX-platform Mounts": uidMappings and gidMappings go together. */
function mappings(config: Spec, findings: Findings): void {
  config.mounts?.forEach((mount, index) => {
    const at = `/mounts/${index}`;
    for (const [one, other] of [
      ["uidMappings", "gidMappings"],
      ["gidMappings", "uidMappings"],
    ] as const) {
      checkMappings(mount[one], `${at}/${one}`, findings);
      if (mount[one]?.length && !mount[other]?.length) {
        findings.problem(`${at}/${other}`, `${one} needs ${other} beside it`, { quiet: true });
      }
    }
    const mapped = mount.uidMappings?.length || mount.gidMappings?.length;
    if (mapped && !has(mount, "idmap", "ridmap")) {
      findings.warning(
        at,
        'mappings should come with the option "idmap" or "ridmap", or older runtimes pass over them',
        { quiet: true },
      );
    }
  });
}

/** config.md, "Linux mount options", idmap: needs mappings, its own or the user namespace's. */
function idmapOptions(config: Spec, findings: Findings): void {
  config.mounts?.forEach((mount, index) => {
    const own = mount.uidMappings?.length || mount.gidMappings?.length;
    if (!has(mount, "idmap", "ridmap") || own || namespaceOf(config, "user")) return;
    const option = mount.options!.findIndex((name) => name === "idmap" || name === "ridmap");
    findings.problem(
      `/mounts/${index}/options/${option}`,
      "expected uidMappings and gidMappings, or a user namespace to take them from",
      { basis: "/linux/namespaces" },
    );
  });
}

export const mountChecks: readonly Check<Spec>[] = [destinations, bindSources, mappings, idmapOptions];
