// Names for the parts of linux.resources, and the small rules that all conversions share.

import type { LinuxResources } from "../spec/types.gen.js";

export type { LinuxResources };
export type MemoryResources = NonNullable<LinuxResources["memory"]>;
export type CpuResources = NonNullable<LinuxResources["cpu"]>;
export type BlockIoResources = NonNullable<LinuxResources["blockIO"]>;
export type HugepageLimits = NonNullable<LinuxResources["hugepageLimits"]>;
export type NetworkResources = NonNullable<LinuxResources["network"]>;
export type RdmaResources = NonNullable<LinuxResources["rdma"]>;
export type DeviceRules = NonNullable<LinuxResources["devices"]>;

/** A number of config.json. 64-bit values above 2^53 may come as bigint. */
export type Integer = number | bigint;

/** A property of linux.resources as a JSON pointer: at("memory", "limit") → "/linux/resources/memory/limit". */
export function at(...parts: (string | number)[]): string {
  const escaped = parts.map((part) => String(part).replaceAll("~", "~0").replaceAll("/", "~1"));
  return ["/linux/resources", ...escaped].join("/");
}

/** Decimal digits without exponent: String(2 ** 63) would be "9223372036854776000". */
export function decimal(value: Integer): string {
  return BigInt(value).toString();
}

/**
 * Whether a limit was asked for. In all limits but pids, 0 has always meant "not set" for runc and crun,
 * and engines send it that way.
 */
export function isSet(value: Integer | undefined | null): value is Integer {
  return value !== undefined && value !== null && BigInt(value) !== 0n;
}

/** v2 spelling of a limit: any negative number is "max" (config.json says -1). */
export function orMax(value: Integer): string {
  return value < 0 ? "max" : decimal(value);
}

/** "8:16", as all files with one line per device want it. */
export function deviceNumbers(device: { major: Integer; minor: Integer }): string {
  return `${decimal(device.major)}:${decimal(device.minor)}`;
}
