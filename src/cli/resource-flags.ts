// The flags of `update` as linux.resources.

import { RuntError } from "../errors.js";
import type { LinuxResources } from "../spec/types.gen.js";
import type { Options } from "./parse.js";
import { parseSize } from "./sizes.js";

type Value = number | bigint | string;
type Read = (name: string, text: string) => Value;

const natural: Read = (name, text) => decimal(name, text, /^\d{1,19}$/);
const integer: Read = (name, text) => decimal(name, text, /^-?\d{1,19}$/);
const list: Read = (_name, text) => text;
const size: Read = (name, text) => {
  if (text === "-1") return -1;
  const bytes = parseSize(text);
  if (bytes === null) {
    throw invalid(name, text, "is no size", "a number of bytes, with b, k, m, g, t or p if you like, or -1");
  }
  return narrow(bytes);
};
const weight: Read = (name, text) => {
  const value = Number(text);
  if (value < 10 || value > 1000) throw invalid(name, text, "is not in the range 10 to 1000");
  return value;
};
// runc, and systemd's TasksMax, have no 0: one task is the container itself, and no other can be made.
const tasks: Read = (_name, text) => (Number(text) === 0 ? 1 : Number(text));

/** Flag → the property that it sets, and how its text is read. */
const FLAGS: Readonly<Record<string, readonly [part: string, property: string, read: Read]>> = {
  "blkio-weight": ["blockIO", "weight", weight],
  "cpu-burst": ["cpu", "burst", natural],
  "cpu-idle": ["cpu", "idle", integer],
  "cpu-period": ["cpu", "period", natural],
  "cpu-quota": ["cpu", "quota", integer],
  "cpu-rt-period": ["cpu", "realtimePeriod", natural],
  "cpu-rt-runtime": ["cpu", "realtimeRuntime", integer],
  "cpu-share": ["cpu", "shares", natural],
  "cpuset-cpus": ["cpu", "cpus", list],
  "cpuset-mems": ["cpu", "mems", list],
  "kernel-memory": ["memory", "kernel", size],
  "kernel-memory-tcp": ["memory", "kernelTCP", size],
  memory: ["memory", "limit", size],
  "memory-reservation": ["memory", "reservation", size],
  "memory-swap": ["memory", "swap", size],
  "pids-limit": ["pids", "limit", tasks],
};

/** The flags that were given. */
export function givenResourceFlags(options: Options): string[] {
  return Object.keys(FLAGS).filter((name) => options.text(name) !== undefined && !isUnset(name, options));
}

/** runc takes a weight of 0 for "not given". */
function isUnset(name: string, options: Options): boolean {
  return name === "blkio-weight" && options.integer(name) === 0;
}

/** What the flags ask for. Throws RuntError for a value that is none. */
export function resourcesOfFlags(options: Options): LinuxResources {
  const resources: Record<string, Record<string, Value>> = {};
  for (const name of givenResourceFlags(options)) {
    const [part, property, read] = FLAGS[name]!;
    resources[part] = { ...resources[part], [property]: read(name, options.text(name)!) };
  }
  return resources as LinuxResources;
}

/** An error about a property is one about the flag that set it. */
export function nameFlag(error: unknown): unknown {
  if (!(error instanceof RuntError)) return error;
  const [, part, property] = /^linux\.resources\.(\w+)\.(\w+)$/.exec(error.parts.where ?? "") ?? [];
  const flag = Object.entries(FLAGS).find(([, [of, name]]) => of === part && name === property)?.[0];
  return flag === undefined ? error : new RuntError({ ...error.parts, where: `--${flag}` });
}

function decimal(name: string, text: string, form: RegExp): number | bigint {
  if (!form.test(text)) throw invalid(name, text, "is no decimal number");
  const value = BigInt(text);
  if (value >= 2n ** 63n || value < -(2n ** 63n)) throw invalid(name, text, "is out of range");
  return narrow(value);
}

function narrow(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function invalid(name: string, text: string, problem: string, hint?: string): RuntError {
  return new RuntError({ cause: `invalid value for ${name}: ${JSON.stringify(text)} ${problem}`, hint });
}
