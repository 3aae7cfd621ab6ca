// The document that `features` prints: features.md and features-linux.md.

import { HOOK_KINDS } from "./semantics/hooks.js";
import type { Features } from "./types.gen.js";
import { OCI_VERSION, OCI_VERSION_MIN } from "./versions.js";

/** What other parts of the runtime know about themselves. */
export interface FeatureTables {
  /** Mount options that the runtime handles itself. */
  mountOptions: readonly string[];
  /** Capabilities that it knows by name. */
  capabilities: readonly string[];
  namespaces: readonly string[];
  seccomp: {
    actions: readonly string[];
    operators: readonly string[];
    archs: readonly string[];
    /** Flags that it knows. */
    knownFlags: readonly string[];
    /** Those of them that this kernel and libseccomp take. */
    supportedFlags: readonly string[];
  };
  cgroup: { v1: boolean; v2: boolean; systemd: boolean; systemdUser: boolean; rdma: boolean };
  apparmor: boolean;
  selinux: boolean;
  intelRdt: { enabled: boolean; schemata: boolean; monitoring: boolean };
  /** None: the runtime cannot set memory policies. */
  memoryPolicy?: { modes: readonly string[]; flags: readonly string[] };
  idmap: boolean;
  netDevices: boolean;
  /** Version, commit, library versions: name → text. */
  annotations: Readonly<Record<string, string>>;
  /** Annotations of a config that change what the runtime does; a final dot means every name with that prefix. */
  unsafeAnnotations: readonly string[];
}

/** Builds the document. Lists are sorted, so that two builds can be compared. */
export function features(tables: FeatureTables): Features {
  const sorted = (names: readonly string[]) => [...names].sort();
  const { seccomp, cgroup, intelRdt, memoryPolicy } = tables;
  return {
    ociVersionMin: OCI_VERSION_MIN,
    ociVersionMax: OCI_VERSION,
    hooks: [...HOOK_KINDS],
    mountOptions: sorted(tables.mountOptions),
    linux: {
      namespaces: sorted(tables.namespaces),
      capabilities: [...tables.capabilities],
      cgroup: { ...cgroup },
      seccomp: {
        enabled: true,
        actions: sorted(seccomp.actions),
        operators: sorted(seccomp.operators),
        archs: sorted(seccomp.archs),
        knownFlags: sorted(seccomp.knownFlags),
        supportedFlags: sorted(seccomp.supportedFlags),
      },
      apparmor: { enabled: tables.apparmor },
      selinux: { enabled: tables.selinux },
      intelRdt: { ...intelRdt },
      ...(memoryPolicy ? { memoryPolicy: { modes: [...memoryPolicy.modes], flags: [...memoryPolicy.flags] } } : {}),
      mountExtensions: { idmap: { enabled: tables.idmap } },
      netDevices: { enabled: tables.netDevices },
    },
    annotations: { ...tables.annotations },
    potentiallyUnsafeConfigAnnotations: [...tables.unsafeAnnotations],
  };
}
