// linux.memoryPolicy: config-linux.md, "Memory policy"; set_mempolicy(2).

import type { MemoryPolicyFlagType, MemoryPolicyModeType } from "../spec/types.gen.js";
import { expandNumberList } from "./number-list.js";
import type { Planning } from "./planning.js";
import { place } from "./program.js";

/** MPOL_* modes (linux/mempolicy.h). */
const MODES: Readonly<Record<MemoryPolicyModeType, number>> = {
  MPOL_DEFAULT: 0,
  MPOL_PREFERRED: 1,
  MPOL_BIND: 2,
  MPOL_INTERLEAVE: 3,
  MPOL_LOCAL: 4,
  MPOL_PREFERRED_MANY: 5,
  MPOL_WEIGHTED_INTERLEAVE: 6,
};

/** MPOL_F_* flags that go with a mode (linux/mempolicy.h). */
const FLAGS: Readonly<Record<MemoryPolicyFlagType, number>> = {
  MPOL_F_NUMA_BALANCING: 1 << 13,
  MPOL_F_RELATIVE_NODES: 1 << 14,
  MPOL_F_STATIC_NODES: 1 << 15,
};

/** What `features` lists. */
export const memoryPolicyModes = (): string[] => Object.keys(MODES);
export const memoryPolicyFlags = (): string[] => Object.keys(FLAGS);

/** From which memory nodes the process is served. */
export function planMemoryPolicy({ config, inside }: Planning): void {
  const policy = config.linux?.memoryPolicy;
  if (!policy) return;
  const at = place("/linux/memoryPolicy", policy.mode);
  const mode = (policy.flags ?? []).reduce((bits, flag) => bits | FLAGS[flag], MODES[policy.mode]);
  const nodes = expandNumberList(policy.nodes ?? "", place("/linux/memoryPolicy/nodes"));
  inside.add(at, { op: "set_memory_policy", mode, nodes });
}
