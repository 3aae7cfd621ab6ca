// Annotations org.systemd.property.NAME → properties of the unit, as in runc (docs/systemd.md there). Pure.

import { RuntError, wordPointer } from "../../errors.js";
import type { Variant } from "../../host/systemd-addon.js";
import { parseVariant } from "./gvariant.js";
import { property, type Property } from "./property.js";

/** What names of properties have before them. */
export const PREFIX = "org.systemd.property.";

/** What decides where the container is. An annotation could only break that. */
const OURS: Readonly<Record<string, string>> = {
  PIDs: "runt puts the container into the unit",
  PIDFDs: "runt puts the container into the unit",
  Slice: "the slice is the first part of linux.cgroupsPath",
  Delegate: "a container's cgroup is always its own to divide",
};

/** Throws RuntError for a name or a value that is no good. */
export function annotatedProperties(annotations: Record<string, string> | undefined): Property[] {
  return Object.entries(annotations ?? {})
    .filter(([key]) => key.startsWith(PREFIX))
    .map(([key, text]) => {
      const pointer = `/annotations/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
      return annotated(key.slice(PREFIX.length), text, pointer);
    });
}

function annotated(name: string, text: string, pointer: string): Property {
  const refuse = (cause: string, hint?: string): never => {
    throw new RuntError({ where: wordPointer(pointer), cause, hint });
  };
  if (!/^[A-Za-z][A-Za-z0-9]{2,}$/.test(name)) {
    refuse(
      `${JSON.stringify(name)} is no name for a property`,
      "at least three letters, e.g. org.systemd.property.CollectMode",
    );
  }
  if (Object.hasOwn(OURS, name)) refuse(`${name} cannot be set`, OURS[name]);
  let value: Variant;
  try {
    value = parseVariant(text);
  } catch (error) {
    return refuse(
      `${JSON.stringify(text)}: ${(error as Error).message}`,
      "the value is GVariant text: 'text', true, 5, uint64 5, ['a', 'b']",
    );
  }
  // As people write it in unit files; the bus knows microseconds only.
  const seconds = /^(.*[a-z])Sec$/.exec(name);
  if (!seconds) return property(name, value.signature, value.value, pointer);
  return property(`${seconds[1]}USec`, "t", microseconds(value) ?? refuse(`${text} is no number of seconds`), pointer);
}

function microseconds({ value, signature }: Variant): bigint | undefined {
  if (!/^[ynqiuxtd]$/.test(signature) || Number(value) < 0) return undefined;
  return typeof value === "bigint" ? value * 1_000_000n : BigInt(Math.round(Number(value) * 1e6));
}
