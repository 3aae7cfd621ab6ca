// linux.personality: config-linux.md, "Personality"; personality(2).

import type { LinuxPersonality } from "../spec/types.gen.js";
import type { Planning } from "./planning.js";
import { place } from "./program.js";

/** PER_* (linux/personality.h). */
const DOMAINS: Readonly<Record<LinuxPersonality["domain"], number>> = { LINUX: 0x0000, LINUX32: 0x0008 };

/** Which machine uname(2) tells of. */
export function planPersonality({ config, inside }: Planning): void {
  const personality = config.linux?.personality;
  if (personality)
    inside.add(place("/linux/personality", personality.domain), {
      op: "set_personality",
      persona: DOMAINS[personality.domain],
    });
}
