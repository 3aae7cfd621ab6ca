import { PREFIX as SYSTEMD_PROPERTIES } from "../../cgroup/systemd/annotations.js";
import { CONFIG_ANNOTATION } from "../../criu/annotations.js";
import { hasSystemd, native } from "../../host/native.js";
import { capabilityNames } from "../../plan/capabilities.js";
import { KEEP_GROUPS_ANNOTATION } from "../../plan/mappings.js";
import { memoryPolicyFlags, memoryPolicyModes } from "../../plan/memory-policy.js";
import { mountOptionNames } from "../../plan/mount-options.js";
import { namespaceNames } from "../../plan/namespaces.js";
import { LAYERS_ANNOTATION, OVERLAY_ANNOTATION, UPPER_ANNOTATION } from "../../plan/overlay.js";
import {
  seccompActions,
  seccompArchitectures,
  seccompFlags,
  seccompFlagValue,
  seccompOperators,
} from "../../plan/seccomp.js";
import { features } from "../../spec/features.js";
import type { Context } from "../context.js";
import { identity, shownVersion } from "../identity.js";
import { COMMIT, VERSION } from "../version.js";

/**
 * `runt features`: what this build can do, from the tables that the planner itself goes by. The
 * kernel is asked for supportedFlags alone (features-linux.md, "Seccomp").
 */
export function run({ program }: Context): number {
  const mountOptions = mountOptionNames();
  const systemd = hasSystemd();
  const document = features({
    mountOptions,
    capabilities: capabilityNames(),
    namespaces: namespaceNames(),
    seccomp: {
      actions: seccompActions(),
      operators: seccompOperators(),
      archs: seccompArchitectures(),
      knownFlags: seccompFlags(),
      supportedFlags: seccompFlags().filter((name) => native().seccompFlagAvailable(seccompFlagValue(name)!)),
    },
    cgroup: { v1: true, v2: true, systemd, systemdUser: systemd, rdma: true },
    apparmor: true,
    selinux: true,
    intelRdt: { enabled: true, schemata: true, monitoring: true },
    memoryPolicy: { modes: memoryPolicyModes(), flags: memoryPolicyFlags() },
    idmap: mountOptions.includes("idmap"),
    netDevices: true,
    annotations: {
      "runt.version": VERSION,
      "runt.commit": COMMIT,
      ...(identity(program) === "runc" ? runcAnnotations(program) : {}),
      // Under this name callers look for it, whatever the runtime.
      "org.opencontainers.runc.checkpoint.enabled": "true",
      "io.github.seccomp.libseccomp.version": native().libseccompVersion(),
    },
    unsafeAnnotations: [
      // They decide which directories of the host the container gets.
      OVERLAY_ANNOTATION,
      LAYERS_ANNOTATION,
      UPPER_ANNOTATION,
      // A file of options for criu, which runs as root.
      CONFIG_ANNOTATION,
      // The container's process has rights over files that its config does not name.
      KEEP_GROUPS_ANNOTATION,
      // What they do to the container's unit is done by systemd, as root.
      ...(systemd ? [SYSTEMD_PROPERTIES] : []),
    ],
  });
  native().writeFd(1, `${JSON.stringify(document, null, 4)}\n`);
  return 0;
}

/** What callers of runc look for. */
function runcAnnotations(program: string): Record<string, string> {
  return {
    "org.opencontainers.runc.version": shownVersion(program, VERSION),
    "org.opencontainers.runc.commit": COMMIT,
  };
}
