// linux.resources.devices and the rules that every runtime adds → one list of checked rules, and from it
// what each cgroup version can enforce. Pure.
//
// The list begins with "everything denied" whatever the config says: without that, a config of "allow"
// rules alone would deny nothing (GHSA-g54h-m393-cpwq). Rules apply in order; for each kind of access the
// last rule that matches a device decides.

import { RuntError, wordPointer } from "../errors.js";
import { at, type DeviceRules } from "./resources.js";

// Bits of access as BPF_DEVCG_ACC_* has them (linux/bpf.h).
export const MKNOD = 1;
export const READ = 2;
export const WRITE = 4;
export const ALL_ACCESS = MKNOD | READ | WRITE;

export interface DeviceRule {
  allow: boolean;
  /** "a": block and character devices. */
  type: "a" | "b" | "c";
  /** null: all. */
  major: number | null;
  minor: number | null;
  access: number;
  /** JSON pointer of the config's rule; "" for the runtime's own. */
  pointer: string;
}

const ALWAYS: readonly (readonly ["b" | "c", number | null, number | null, number])[] = [
  // Making a node is no access to the device: opening it is checked on its own.
  ["c", null, null, MKNOD],
  ["b", null, null, MKNOD],
  ["c", 1, 3, ALL_ACCESS], // /dev/null
  ["c", 1, 5, ALL_ACCESS], // /dev/zero
  ["c", 1, 7, ALL_ACCESS], // /dev/full
  ["c", 1, 8, ALL_ACCESS], // /dev/random
  ["c", 1, 9, ALL_ACCESS], // /dev/urandom
  ["c", 5, 0, ALL_ACCESS], // /dev/tty
  ["c", 5, 2, ALL_ACCESS], // /dev/ptmx
  ["c", 136, null, ALL_ACCESS], // /dev/pts/N, and the container's /dev/console
  // /dev/net/tun: runc took it out in 1.2.0-rc1 and had to put it back for VPN containers whose engines
  // cannot pass device rules (https://github.com/opencontainers/runc/pull/3468).
  ["c", 10, 200, ALL_ACCESS],
];

/** The rules of a container: deny all, the config's in their order, then those that every container has. */
export function deviceRules(config: DeviceRules | undefined): DeviceRule[] {
  const deny: DeviceRule = { allow: false, type: "a", major: null, minor: null, access: ALL_ACCESS, pointer: "" };
  const always = ALWAYS.map(([type, major, minor, access]) => ({
    ...{ allow: true, type, major, minor, access, pointer: "" },
  }));
  return [deny, ...(config ?? []).map(parseRule), ...always];
}

function parseRule(rule: DeviceRules[number], index: number): DeviceRule {
  const pointer = at("devices", index);
  return {
    allow: rule.allow,
    type: parseType(rule.type, pointer),
    major: parseNumber(rule.major, "major", pointer),
    minor: parseNumber(rule.minor, "minor", pointer),
    access: parseAccess(rule.access, rule.allow, pointer),
    pointer,
  };
}

function parseType(type: string | undefined, pointer: string): "a" | "b" | "c" {
  if (type === undefined || type === "" || type === "a") return "a";
  if (type === "b" || type === "c") return type;
  throw new RuntError({
    where: wordPointer(`${pointer}/type`),
    cause: `invalid cgroup device type ${JSON.stringify(type)} (it is "a", "b" or "c")`,
  });
}

/** Absent means all, and so does -1, which Docker and containerd send for "*". */
function parseNumber(value: number | bigint | undefined, name: string, pointer: string): number | null {
  if (value === undefined || value < 0) return null;
  // dev_t has 12 and 20 bits; the kernel's rule parsers take 32. Above that no device can match.
  if (value <= 0x7fffffff) return Number(value);
  throw new RuntError({
    where: wordPointer(`${pointer}/${name}`),
    cause: `${value} is no device number (they end at ${name === "major" ? "4095" : "1048575"})`,
  });
}

function parseAccess(access: string | undefined, allow: boolean, pointer: string): number {
  // To deny without saying what means to deny everything. To allow like that is too much to guess.
  if (!access && !allow) return ALL_ACCESS;
  const bits: Record<string, number> = { r: READ, w: WRITE, m: MKNOD };
  let all = 0;
  for (const letter of access ?? "") {
    const bit = bits[letter];
    if (bit === undefined) {
      throw new RuntError({
        where: wordPointer(`${pointer}/access`),
        cause: `${JSON.stringify(access)} holds ${JSON.stringify(letter)}, but access is made of r, w and m`,
      });
    }
    all |= bit;
  }
  if (all === 0) {
    throw new RuntError({ where: wordPointer(`${pointer}/access`), cause: "device access cannot be empty" });
  }
  return all;
}

/** Whether a rule decides about every device and every access, so that those before it do not matter. */
export function decidesAll(rule: DeviceRule): boolean {
  return rule.type === "a" && rule.major === null && rule.minor === null && rule.access === ALL_ACCESS;
}

/** "rwm" from bits. */
export function wordAccess(access: number): string {
  return `${access & READ ? "r" : ""}${access & WRITE ? "w" : ""}${access & MKNOD ? "m" : ""}`;
}
