// linux.intelRdt: config-linux.md, "IntelRdt". A group of the resctrl file system
// (Documentation/arch/x86/resctrl.rst) is a directory; the kernel fills it with its files. The same serves
// AMD's and Arm's counterparts.

import { RuntError, wordPointer } from "../errors.js";
import { failure } from "../host/failure.js";
import { parseMountinfo } from "../host/mountinfo.js";
import { native } from "../host/native.js";
import type { LinuxIntelRdt } from "../spec/types.gen.js";
import type { ResctrlState } from "./state.js";

const PLACE = "/linux/intelRdt";
const where = (property = "") => wordPointer(PLACE + property);

/** How long another runt may take from making a class to writing its schemata. */
const PATIENCE_MS = 200;
const PAUSE_MS = 5;

/** Directories of the file system itself: no group has such a name. */
const RESERVED = ["info", "mon_groups", "mon_data"];

/** The file operations that are needed; the tests put a directory in the place of a kernel. */
export interface ResctrlFiles {
  mkdir(path: string, mode: number): boolean;
  rmdir(path: string): boolean;
  writeFile(path: string, text: string): void;
  readFileIfAny(path: string): string | null;
  lstat(path: string): object | null;
  sleep(ms: number): void;
}

/** The group of one container, and its group for monitoring. */
export class Resctrl {
  /** For the journal: where processes of the container belong, and what goes with it. */
  readonly state: ResctrlState;
  private readonly group: string;
  private readonly monitoring: string | undefined;
  /** The group was there before. */
  private readonly exists: boolean;

  /**
   * Looks and changes nothing. In: the mount point of resctrl. Throws RuntError.
   */
  constructor(
    private readonly rdt: LinuxIntelRdt,
    id: string,
    private readonly root: string,
    private readonly files: ResctrlFiles = native(),
  ) {
    const { closID, enableMonitoring } = rdt;
    if (RESERVED.includes(closID ?? id)) {
      const cause = `resctrl has a directory "${closID ?? id}" of its own: no group can be called so`;
      throw new RuntError({ where: where(closID ? "/closID" : ""), cause, hint: "set closID to another name" });
    }
    this.group = closID === "/" ? root : `${root}/${closID || id}`;
    this.monitoring = enableMonitoring ? `${this.group}/mon_groups/${id}` : undefined;
    this.exists = files.lstat(this.group) !== null;
    if (this.exists) this.checkExisting();
    else if (closID && !this.lines().length) {
      throw new RuntError({
        where: where("/closID"),
        cause: `the group ${this.group} does not exist, and no schemata say what it should be`,
        hint: "make it before, or give schemata, l3CacheSchema or memBwSchema",
      });
    }
    const groups = this.monitoring === undefined ? [this.group] : [this.group, this.monitoring];
    this.state = {
      groups,
      // A group with a closID stays: others may use it. Inner ones first.
      made: groups.filter((path) => (path !== this.group || !closID) && files.lstat(path) === null).reverse(),
    };
  }

  /**
   * Makes what is missing and writes the schemata. Out: whether what is to be removed later is less than `state`
   * said before: other containers of the same class, or of the same id in another root, may be made at the same
   * time, and only one mkdir(2) succeeds. Throws RuntError.
   */
  create(): boolean {
    const expected = this.state.made.length;
    const isNew = !this.exists && this.make(this.group, where());
    if (!isNew && !this.exists) this.checkExisting();
    try {
      for (const { property, text } of this.lines()) {
        this.write(`${this.group}/schemata`, `${text}\n`, where(property));
      }
      if (this.monitoring !== undefined) this.make(this.monitoring, where("/enableMonitoring"));
    } catch (error) {
      // One with a closID would stay for good, and be the wrong one for the next container.
      if (isNew) this.files.rmdir(this.group);
      throw error;
    }
    return this.state.made.length < expected;
  }

  /** Puts the container's first process in, from which all others come. */
  join(pid: number): void {
    for (const group of this.state.groups) this.write(`${group}/tasks`, `${pid}\n`, where());
  }

  /** The lines of schemata in the order in which they must be written. */
  private lines(): { property: string; text: string }[] {
    const { l3CacheSchema, memBwSchema, schemata = [] } = this.rdt;
    const all = [
      { property: "/l3CacheSchema", text: l3CacheSchema },
      { property: "/memBwSchema", text: memBwSchema },
      ...schemata.map((text, index) => ({ property: `/schemata/${index}`, text })),
    ];
    return all.filter((line): line is { property: string; text: string } => Boolean(line.text));
  }

  /** A group that is there already is somebody's: it must be what the config takes it for. */
  private checkExisting(): void {
    if (this.files.lstat(`${this.group}/tasks`) === null) {
      throw new RuntError({ where: where("/closID"), cause: `${this.group} is no group of resctrl` });
    }
    if (!this.rdt.closID) return;
    // Only these two are compared; what is in `schemata` is written.
    const lines = this.lines().filter(({ property }) => !property.startsWith("/schemata"));
    const read = () => this.files.readFileIfAny(`${this.group}/schemata`) ?? "";
    let found = read();
    // Whoever has made it just now may not have written them yet.
    for (let waited = 0; waited < PATIENCE_MS && !lines.every(({ text }) => isSatisfied(text, found)); ) {
      this.files.sleep(PAUSE_MS);
      waited += PAUSE_MS;
      found = read();
    }
    for (const { property, text } of lines) {
      if (isSatisfied(text, found)) continue;
      const resource = text.split(":")[0]!.trim();
      const now = found.split("\n").find((line) => line.trim().startsWith(`${resource}:`));
      throw new RuntError({
        where: where(property),
        cause: `the group ${this.group} exists and has other schemata: ${now?.trim() ?? `none for ${resource}`}`,
        hint: "take the group as it is, without schemata, or choose another closID",
      });
    }
  }

  private make(path: string, at: string): boolean {
    try {
      const made = this.files.mkdir(path, 0o755);
      // Who made it removes it.
      if (!made) this.state.made = this.state.made.filter((other) => other !== path);
      return made;
    } catch (error) {
      throw this.explain(error, { where: at, attempt: "make resctrl group", path });
    }
  }

  private write(path: string, text: string, at: string): void {
    try {
      this.files.writeFile(path, text);
    } catch (error) {
      throw this.explain(error, { where: at, attempt: `write ${JSON.stringify(text.trimEnd())} to`, path });
    }
  }

  /** The kernel keeps what it thinks of the last command in a file. */
  private explain(error: unknown, parts: { where: string; attempt: string; path: string }): unknown {
    const said = this.files.readFileIfAny(`${this.root}/info/last_cmd_status`)?.trim();
    return failure(error, { ...parts, ...(said && said !== "ok" ? { hint: `the kernel says: ${said}` } : {}) });
  }
}

/** The group for a container. Throws RuntError when there is no resctrl. */
export function openResctrl(rdt: LinuxIntelRdt, id: string): Resctrl {
  const root = resctrlMountPoint(native().readFile("/proc/self/mountinfo"));
  if (root === undefined) {
    throw new RuntError({
      where: where(),
      cause: "no resctrl file system is mounted",
      hint: "mount -t resctrl resctrl /sys/fs/resctrl, where processor and kernel have it; or take linux.intelRdt out",
    });
  }
  return new Resctrl(rdt, id, root);
}

/** Where resctrl is mounted as a whole, in the text of /proc/self/mountinfo. */
export function resctrlMountPoint(mountinfo: string): string | undefined {
  return parseMountinfo(mountinfo).find(({ type, root }) => type === "resctrl" && root === "/")?.point;
}

/**
 * Whether a group has what a line asks for. The kernel writes the same in other words: all domains, sorted, with
 * other zeros and blanks.
 */
export function isSatisfied(line: string, schemata: string): boolean {
  const wanted = parseSchema(line);
  const found = schemata
    .split("\n")
    .map(parseSchema)
    .find(({ resource }) => resource === wanted.resource);
  if (!found) return false;
  return [...wanted.domains].every(([domain, value]) => found.domains.get(domain) === value);
}

/** "L3:0=0ff;1=f" → L3 and domain → value. */
function parseSchema(line: string): { resource: string; domains: Map<string, string> } {
  const [resource, values = ""] = line.split(":", 2) as [string, string | undefined];
  const domains = new Map<string, string>();
  for (const part of values.split(";")) {
    const [domain, value] = part.split("=", 2).map((text) =>
      text
        .trim()
        .toLowerCase()
        .replace(/^0+(?=.)/, ""),
    );
    if (domain && value !== undefined) domains.set(domain, value);
  }
  return { resource: resource.trim(), domains };
}
