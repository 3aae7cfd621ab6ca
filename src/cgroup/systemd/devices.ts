// Device rules → DevicePolicy and DeviceAllow. Pure.
//
// systemd attaches a program of its own for them, and does it anew at every daemon-reload. Ours is attached
// beside it, so both must allow an access: systemd's list must never be narrower than ours, or a reload takes
// devices away from a running container (runc issues 3551 and 3708). It only knows lists of what is allowed; rules
// that no such list can express are left to our program alone, which a reload does not touch.

import { allowsAll } from "../device-program.js";
import { type DeviceRule, decidesAll, wordAccess } from "../device-rules.js";
import { property, type Property } from "./property.js";

/** "/dev/char/1:3" without a look at the file, and "char-136" for all of a major number: systemd 240. */
const NUMBERS_SINCE = 240;

export function deviceProperties(rules: readonly DeviceRule[], version: number): Property[] {
  const pointer = "/linux/resources/devices";
  const entries = allowsAll(rules) || version < NUMBERS_SINCE ? undefined : allowList(rules);
  return [
    // An empty list clears what an earlier update set; a list is added to it.
    property("DeviceAllow", "a(ss)", [], pointer),
    property("DevicePolicy", "s", entries ? "strict" : "auto", pointer),
    ...(entries ? [property("DeviceAllow", "a(ss)", entries, pointer)] : []),
  ];
}

/** Undefined when the rules are more than a list of what is allowed. */
function allowList(rules: readonly DeviceRule[]): string[][] | undefined {
  const last = rules.findLastIndex(decidesAll);
  const base = rules[last];
  const rest = rules.slice(last + 1);
  if (!base || base.allow || rest.some(({ allow }) => !allow)) return undefined;
  // "Minor 3 of any major number" has no form.
  if (rest.some(({ major, minor }) => major === null && minor !== null)) return undefined;
  return rest.flatMap((rule) => {
    const types = rule.type === "a" ? (["b", "c"] as const) : [rule.type];
    return types.map((type) => [deviceName(type, rule), wordAccess(rule.access)]);
  });
}

function deviceName(type: "b" | "c", { major, minor }: DeviceRule): string {
  const kind = type === "b" ? "block" : "char";
  if (major === null) return `${kind}-*`;
  return minor === null ? `${kind}-${major}` : `/dev/${kind}/${major}:${minor}`;
}
