// cgroupsPath of the form slice:prefix:name → a unit's name, its slice and where its cgroup is. Pure.
// systemd.unit(5), systemd.slice(5); the form is runc's (docs/systemd.md there).

import { RuntError, wordPointer } from "../../errors.js";

const WHERE = wordPointer("/linux/cgroupsPath");

/** What systemd takes in the name of a unit. */
const VALID = /^[A-Za-z0-9:_.\\-]+$/;
const LONGEST = 255;

export interface UnitPlace {
  /** runt-ID.scope */
  unit: string;
  /** system.slice; "-.slice" is the root. */
  slice: string;
  /** The unit's cgroup below that of its manager: "/system.slice/runt-ID.scope". */
  path: string;
}

/** Where a container goes. `user`: below the user's own systemd. Throws RuntError for a cgroupsPath that is no good. */
export function unitPlace(cgroupsPath: string | undefined, id: string, user: boolean): UnitPlace {
  const { slice, prefix, name } = split(cgroupsPath, id);
  const unit = `${prefix}-${name}.scope`;
  if (name.endsWith(".slice")) {
    throw refused(cgroupsPath!, `names a slice (${name}), and a container needs a scope`, "give a name without .slice");
  }
  if (!VALID.test(unit) || unit.length > LONGEST) {
    throw refused(
      cgroupsPath ?? `:runt:${id}`,
      `makes ${JSON.stringify(unit)}, which is no name for a unit of systemd`,
      `at most ${LONGEST} letters, digits and :_.\\-`,
    );
  }
  const chosen = sliceName(slice, user);
  const parents = expandSlice(chosen);
  return { unit, slice: chosen, path: `${parents === "/" ? "" : parents}/${escapeCgroup(unit)}` };
}

function split(cgroupsPath: string | undefined, id: string): { slice: string; prefix: string; name: string } {
  // "+" is allowed in ids, and written as systemd-escape(1) does in units.
  if (!cgroupsPath) return { slice: "", prefix: "runt", name: id.replaceAll("+", "\\x2b") };
  const parts = cgroupsPath.split(":");
  const [slice = "", prefix = "", name = ""] = parts;
  if (parts.length !== 3 || name === "") {
    throw new RuntError({
      where: WHERE,
      cause: `expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups, got ${JSON.stringify(cgroupsPath)} instead`,
      hint: "leave --systemd-cgroup out for a path of the file system",
    });
  }
  return { slice, prefix, name };
}

function sliceName(slice: string, user: boolean): string {
  if (slice === "") return user ? "user.slice" : "system.slice";
  // runc: "A slice of - represents a root slice".
  return slice === "-" ? "-.slice" : slice;
}

/** "a-b.slice" → "/a.slice/a-b.slice": the dashes of a slice's name are its place. Throws RuntError. */
export function expandSlice(slice: string): string {
  if (slice === "-.slice") return "/";
  const stem = slice.endsWith(".slice") ? slice.slice(0, -".slice".length) : "";
  const parts = stem.split("-");
  if (parts.includes("") || !VALID.test(slice) || slice.length > LONGEST) {
    throw refused(
      slice,
      "is an invalid slice name",
      'e.g. "system.slice", "machine-web.slice", "-.slice" for the root',
    );
  }
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("-")}.slice`).join("");
}

/** systemd's cg_escape: names that the kernel could use for files get an underscore in front. */
function escapeCgroup(unit: string): string {
  return /^(_|\.|cgroup\.)/.test(unit) ? `_${unit}` : unit;
}

function refused(value: string, cause: string, hint: string): RuntError {
  return new RuntError({ where: WHERE, cause: `${JSON.stringify(value)} ${cause}`, hint });
}
