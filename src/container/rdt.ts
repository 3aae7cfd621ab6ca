// Intel RDT of a container that is there: new schemas for `update`, the numbers of `events`. The files are
// those of Documentation/filesystems/resctrl.rst, the shape of the numbers is that of runc's types/events.go.

import { parseNumber } from "../cgroup/stats/parse.js";
import { RuntError } from "../errors.js";
import { failure } from "../host/failure.js";
import { native } from "../host/native.js";
import { resctrlMountPoint } from "./resctrl.js";
import type { ResctrlState } from "./state.js";

export interface SchemaRequest {
  l3Cache: string | undefined;
  memoryBandwidth: string | undefined;
}

/** New schemas, not written yet. */
export class SchemaUpdate {
  private before = "";

  /** Throws RuntError: the machine has none of the kind, or the container is in no group. */
  constructor(
    private readonly schemas: SchemaRequest,
    private readonly resctrl: ResctrlState | undefined,
    private readonly root = mountPoint(),
  ) {
    const { l3Cache, memoryBandwidth } = schemas;
    // The words are runc's. With code and data prioritisation (the mount option cdp) L3 has two folders.
    if (l3Cache !== undefined && !this.has("L3") && !this.has("L3CODE")) {
      throw new RuntError("Intel RDT/CAT: l3 cache schema is not enabled");
    }
    if (memoryBandwidth !== undefined && !this.has("MB")) {
      throw new RuntError("Intel RDT/MBA: memory bandwidth schema is not enabled");
    }
    if (!resctrl) throw new RuntError("updating a non-existent Intel RDT configuration is not supported");
  }

  /** Both in one write, of which the kernel takes all or nothing. Throws RuntError. */
  write(): void {
    const { l3Cache, memoryBandwidth } = this.schemas;
    const lines = [l3Cache, memoryBandwidth].filter((line): line is string => line !== undefined);
    for (const line of lines) {
      if (line.includes("\n")) throw new RuntError(`the schema ${JSON.stringify(line)} has a newline`);
    }
    this.before = native().readFile(this.path);
    this.put(lines.map((line) => `${line}\n`).join(""));
  }

  /** What was there before, for an update that fails later. */
  restore(): void {
    this.put(this.before);
  }

  private get path(): string {
    return `${this.resctrl!.groups[0]}/schemata`;
  }

  private put(text: string): void {
    try {
      native().writeFile(this.path, text);
    } catch (error) {
      const said = native().readFileIfAny(`${this.root}/info/last_cmd_status`)?.trim();
      const hint = said && said !== "ok" ? { hint: `the kernel says: ${said}` } : {};
      throw failure(error, { attempt: `write ${JSON.stringify(text.trimEnd())} to`, path: this.path, ...hint });
    }
  }

  private has(resource: string): boolean {
    return this.root !== undefined && native().stat(`${this.root}/info/${resource}`) !== null;
  }
}

function mountPoint(): string | undefined {
  return resctrlMountPoint(native().readFile("/proc/self/mountinfo"));
}

/** What `events` says of the container's group: "intel_rdt". Throws RuntError when its files can't be read. */
export function rdtStats({ groups }: ResctrlState, root = mountPoint()): Record<string, unknown> {
  if (root === undefined) throw new RuntError("no resctrl file system is mounted any more");
  const [group = root] = groups;
  const [ofRoot, schemata] = [linesOf(`${root}/schemata`), linesOf(`${group}/schemata`)];
  const stats: Record<string, unknown> = {};
  const info = (resource: string) => (native().stat(`${root}/info/${resource}`) ? `${root}/info/${resource}` : null);
  const l3 = info("L3");
  if (l3) {
    stats.l3_cache_info = present({
      cbm_mask: text(`${l3}/cbm_mask`),
      min_cbm_bits: number(`${l3}/min_cbm_bits`),
      num_closids: number(`${l3}/num_closids`),
    });
    stats.l3_cache_schema_root = ofRoot.find((line) => line.startsWith("L3"));
    stats.l3_cache_schema = schemata.find((line) => line.startsWith("L3"));
  }
  const bandwidth = info("MB");
  if (bandwidth) {
    stats.mem_bw_info = present({
      bandwidth_gran: number(`${bandwidth}/bandwidth_gran`),
      delay_linear: number(`${bandwidth}/delay_linear`),
      min_bandwidth: number(`${bandwidth}/min_bandwidth`),
      num_closids: number(`${bandwidth}/num_closids`),
    });
    stats.mem_bw_schema_root = ofRoot.find((line) => line.startsWith("MB"));
    stats.mem_bw_schema = schemata.find((line) => line.startsWith("MB"));
  }
  stats.schemata = schemata;
  // The group for monitoring when there is one, else all that runs in the class.
  Object.assign(stats, monitored(`${groups.at(-1) ?? root}/mon_data`, text(`${root}/info/L3_MON/mon_features`)));
  return stats;
}

/** The counters of each L3 cache, as far as this processor has them. */
function monitored(directory: string, features: string): Record<string, unknown> {
  const has = new Set(features.split("\n"));
  const caches = features ? native().readdir(directory).sort() : [];
  const read = (names: readonly string[]) =>
    caches.map((cache) =>
      Object.fromEntries(
        names.filter((name) => has.has(name)).map((name) => [name, number(`${directory}/${cache}/${name}`)]),
      ),
    );
  const bandwidth = ["mbm_total_bytes", "mbm_local_bytes"];
  return {
    ...(bandwidth.some((name) => has.has(name)) ? { mbm_stats: read(bandwidth) } : {}),
    ...(has.has("llc_occupancy") ? { cmt_stats: read(["llc_occupancy"]) } : {}),
  };
}

/** The kernel aligns the names with blanks. */
function linesOf(path: string): string[] {
  return native()
    .readFile(path)
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}

const text = (path: string) => native().readFileIfAny(path)?.trim() ?? "";
const number = (path: string) => parseNumber(native().readFileIfAny(path));

function present(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== "" && value !== 0));
}
