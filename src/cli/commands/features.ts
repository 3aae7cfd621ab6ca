import { LAYERS_ANNOTATION, OVERLAY_ANNOTATION, UPPER_ANNOTATION } from "../../plan/overlay.js";
import { native } from "../../host/native.js";
import { capabilityNames } from "../../plan/capabilities.js";
import { memoryPolicyFlags, memoryPolicyModes } from "../../plan/memory-policy.js";
import { mountOptionNames } from "../../plan/mount-options.js";
import { namespaceNames } from "../../plan/namespaces.js";
import {
  seccompActions,
  seccompArchitectures,
  seccompFlags,
  seccompFlagValue,
  seccompOperators,
} from "../../plan/seccomp.js";
import { features } from "../../spec/features.js";
import type { Context } from "../context.js";
import { COMMIT, VERSION } from "../version.js";

/** `runt features`: the lists come from the tables that the planner itself goes by. */
export function run(_context: Context): number {
  const document = features({
    mountOptions: mountOptionNames(),
    capabilities: capabilityNames(),
    namespaces: namespaceNames(),
    seccomp: {
      actions: seccompActions(),
      operators: seccompOperators(),
      archs: seccompArchitectures(),
      knownFlags: seccompFlags(),
      supportedFlags: seccompFlags().filter((name) => native().seccompFlagAvailable(seccompFlagValue(name)!)),
    },
    cgroup: { v1: true, v2: true, systemd: true, systemdUser: true, rdma: true },
    apparmor: true,
    selinux: true,
    intelRdt: { enabled: false, schemata: false, monitoring: false },
    memoryPolicy: { modes: memoryPolicyModes(), flags: memoryPolicyFlags() },
    idmap: true,
    netDevices: false,
    annotations: {
      "runt.version": VERSION,
      "runt.commit": COMMIT,
      "io.github.seccomp.libseccomp.version": native().libseccompVersion(),
    },
    // They decide which directories of the host the container gets.
    // And what they do to the container's unit is done by systemd, as root.
    unsafeAnnotations: [OVERLAY_ANNOTATION, LAYERS_ANNOTATION, UPPER_ANNOTATION, "org.systemd.property."],
  });
  native().writeFd(1, `${JSON.stringify(document, null, 4)}\n`);
  return 0;
}
