// linux.namespaces and what only makes sense in one: config-linux.md, "Namespaces".

import { pointerPart } from "../problems.js";
import { suggest } from "../suggest.js";
import type { LinuxIDMapping, LinuxNamespace, LinuxTimeOffset } from "../types.gen.js";
import { type Check, findDuplicates, namespaceOf, needsNamespace, isLonger } from "./check.js";
import { checkMappings } from "./mappings.js";

/** config-linux.md, "Namespaces": each type once, and absolute paths. */
export const namespaces: Check<LinuxNamespace[]> = (namespaces, at, { findings, config }) => {
  findDuplicates(
    namespaces,
    (namespace) => namespace.type,
    (index, type, first) => {
      const cause = `expected each type once, but ${type} is in entry ${first} too`;
      findings.problem(`${at}/${index}/type`, cause, { quiet: true });
    },
  );
  for (let index = 0; index < namespaces.length; index++) {
    const { type, path } = namespaces[index]!;
    if (path && !path.startsWith("/")) findings.problem(`${at}/${index}/path`, "expected an absolute path");
    if (type !== "user" || path) continue;
    // A new namespace without a map has no usable id at all, not even for the runtime.
    for (const name of ["uidMappings", "gidMappings"] as const) {
      if (config?.linux?.[name]?.length) continue;
      findings.problem(`/linux/${name}`, "a new user namespace needs mappings, or a path to join", { quiet: true });
    }
  }
};

/** config-linux.md, "User namespace mappings": they describe a user namespace. */
export const userMappings: Check<LinuxIDMapping[]> = (ranges, at, { findings, config }) => {
  if (ranges.length > 0 && !namespaceOf(config, "user")) {
    const cause = "user namespace mappings specified, but user namespace isn't enabled in the config";
    findings.problem(at, cause, { ...needsNamespace("user"), quiet: true });
  }
  checkMappings(ranges, at, findings);
};

/**
 * config.md, "Hostname" and "Domainname": they change a UTS namespace, which must not be the
 * runtime's.
 */
export const utsName: Check<string> = (value, at, { findings, config }) => {
  if (value === "") return;
  if (!namespaceOf(config, "uts")) {
    findings.problem(at, `unable to set ${at.slice(1)} without a private UTS namespace`, needsNamespace("uts"));
  }
  // __NEW_UTS_LEN of the kernel, in bytes.
  if (isLonger(value, 64)) findings.problem(at, "expected up to 64 bytes");
};

const CLOCKS = ["monotonic", "boottime"];

/** config-linux.md, "Offset for Time Namespace"; time_namespaces(7): offsets are set before anyone enters. */
export const timeOffsets: Check<Record<string, LinuxTimeOffset>> = (offsets, at, { findings, config }) => {
  const clocks = Object.keys(offsets);
  if (clocks.length === 0) return;
  const time = namespaceOf(config, "time");
  if (!time) {
    const cause = "time namespace offsets specified, but time namespace isn't enabled in the config";
    findings.problem(at, cause, { ...needsNamespace("time"), quiet: true });
  } else if (time.path) {
    findings.problem(at, `expected none: the offsets of ${time.path} are set already`, { quiet: true });
  }
  for (const clock of clocks) {
    if (CLOCKS.includes(clock)) continue;
    const meant = suggest(clock, CLOCKS);
    findings.problem(at + pointerPart(clock), 'expected a clock that has offsets: "monotonic" or "boottime"', {
      hint: meant && `did you mean "${meant}"?`,
      quiet: true,
    });
  }
};
