// Device rules → what the v1 devices controller can hold: one default (deny or allow everything) and a set of
// exceptions from it. Pure.
//
// The kernel does not keep an ordered list: taking "c 1:3" away from the exception "c *:*" does nothing, without
// an error. A list that needs such a hole is refused here, so that nobody believes in a rule that does not hold.

import type { CgroupWrite } from "../driver.js";
import { RuntError, wordPointer } from "../../errors.js";
import { decidesAll, MKNOD, wordAccess, type DeviceRule } from "../device-rules.js";

export interface Exception {
  type: "b" | "c";
  major: number | null;
  minor: number | null;
  access: number;
  pointer: string;
}

export interface DeviceTable {
  allowByDefault: boolean;
  exceptions: Exception[];
}

/** Plays the ordered rules through. Throws RuntError for a rule that v1 cannot express. */
export function deviceTable(rules: readonly DeviceRule[]): DeviceTable {
  let table: DeviceTable = { allowByDefault: false, exceptions: [] };
  for (const rule of rules) {
    if (decidesAll(rule)) {
      table = { allowByDefault: rule.allow, exceptions: [] };
      continue;
    }
    // The kernel takes "a" with any numbers as "everything", which would give far more than was asked.
    const types = rule.type === "a" ? (["b", "c"] as const) : [rule.type];
    for (const type of types) {
      const exception = { ...rule, type };
      if (rule.allow === table.allowByDefault) remove(table, exception);
      else add(table, exception);
    }
  }
  return { ...table, exceptions: completed(table) };
}

function add({ exceptions }: DeviceTable, { type, major, minor, access, pointer }: Exception): void {
  const same = exceptions.find((one) => one.type === type && one.major === major && one.minor === minor);
  if (same) same.access |= access;
  else exceptions.push({ type, major, minor, access, pointer });
}

function remove(table: DeviceTable, taken: Exception): void {
  for (const exception of table.exceptions) {
    if ((exception.access & taken.access) === 0 || !overlaps(taken, exception)) continue;
    if (!covers(taken, exception)) {
      const verb = table.allowByDefault ? "allow" : "deny";
      throw new RuntError({
        where: wordPointer(taken.pointer),
        cause: `cgroup v1 cannot ${verb} ${wordRule(taken)} out of the wider rule ${wordRule(exception)}`,
        hint: "list the devices one by one instead of the wider rule, or use cgroup v2",
      });
    }
    exception.access &= ~taken.access;
  }
  table.exceptions = table.exceptions.filter(({ access }) => access !== 0);
}

/**
 * The kernel allows an open only if one single exception has all of its access: O_RDWR is not allowed by
 * "c 1:3 r" and "c *:* w" together. So a narrow exception takes over what wider ones give. (mknod is
 * never asked for together with others.)
 */
function completed({ allowByDefault, exceptions }: DeviceTable): Exception[] {
  if (allowByDefault) return exceptions;
  // Only these can cover others: exceptions with the same numbers have been put together.
  const wide = exceptions.filter(({ major, minor }) => major === null || minor === null);
  return exceptions.map((exception) => {
    let { access } = exception;
    for (const one of wide) {
      const more = one.access & ~MKNOD & ~access;
      if (more !== 0 && one !== exception && covers(one, exception)) access |= more;
    }
    return { ...exception, access };
  });
}

function covers(wide: Exception, narrow: Exception): boolean {
  const holds = (a: number | null, b: number | null) => a === null || a === b;
  return wide.type === narrow.type && holds(wide.major, narrow.major) && holds(wide.minor, narrow.minor);
}

function overlaps(a: Exception, b: Exception): boolean {
  const meet = (x: number | null, y: number | null) => x === null || y === null || x === y;
  return a.type === b.type && meet(a.major, b.major) && meet(a.minor, b.minor);
}

/** As the kernel spells it: "c 1:3 rwm", "b *:* m". */
export function wordRule({ type, major, minor, access }: Exception): string {
  return `${type} ${major ?? "*"}:${minor ?? "*"} ${wordAccess(access)}`;
}

/** Writes for a new cgroup: the default first, which clears all, then the exceptions. */
export function deviceWrites({ allowByDefault, exceptions }: DeviceTable): CgroupWrite[] {
  const [defaultFile, exceptionFile] = allowByDefault
    ? ["devices.allow", "devices.deny"]
    : ["devices.deny", "devices.allow"];
  return [
    { controller: "devices", file: defaultFile!, value: "a *:* rwm", pointer: "/linux/resources/devices" },
    ...exceptions.map((one) => ({
      controller: "devices",
      file: exceptionFile!,
      value: wordRule(one),
      pointer: one.pointer,
    })),
  ];
}

/**
 * Writes for a running container: only the differences, since "deny all" in between would fail what the
 * container opens at that moment. `list`: the text of devices.list.
 */
export function deviceChanges(target: DeviceTable, list: string): CgroupWrite[] {
  const current = parseDevicesList(list);
  // In allow mode the kernel shows no exceptions, so what is there is unknown.
  if (current.allowByDefault || target.allowByDefault) return deviceWrites(target);
  const accessIn = (table: DeviceTable, key: Exception) =>
    table.exceptions
      .filter((one) => one.type === key.type && one.major === key.major && one.minor === key.minor)
      .reduce((bits, one) => bits | one.access, 0);
  const difference = (from: DeviceTable, without: DeviceTable, file: string): CgroupWrite[] =>
    from.exceptions.flatMap((one) => {
      const access = one.access & ~accessIn(without, one);
      if (access === 0) return [];
      return [{ controller: "devices", file, value: wordRule({ ...one, access }), pointer: one.pointer }];
    });
  return [...difference(current, target, "devices.deny"), ...difference(target, current, "devices.allow")];
}

function parseDevicesList(list: string): DeviceTable {
  const table: DeviceTable = { allowByDefault: false, exceptions: [] };
  for (const line of list.split("\n").filter(Boolean)) {
    const [type, major, minor, letters = ""] = line.split(/[ :]/);
    if (type !== "b" && type !== "c") return { allowByDefault: true, exceptions: [] };
    const number = (text: string | undefined) => (text === "*" ? null : Number(text));
    const access = (letters.includes("r") ? 2 : 0) | (letters.includes("w") ? 4 : 0) | (letters.includes("m") ? 1 : 0);
    add(table, { type, major: number(major), minor: number(minor), access, pointer: "" });
  }
  return table;
}
