// A property of a unit, as D-Bus carries it.

import type { Variant } from "../../host/systemd-addon.js";

export interface Property extends Variant {
  name: string;
  /** JSON pointer of what asked for it; "" when it is runt's own. */
  pointer: string;
}

export type Properties = Map<string, Property>;

/** systemd's "infinity". */
export const INFINITY = 0xffff_ffff_ffff_ffffn;

export function property(name: string, signature: string, value: unknown, pointer = ""): Property {
  return { name, signature, value, pointer };
}

/** What gives a unit a property back. Setting a list adds to it; an empty one takes away what it had. */
export function asBefore(old: Property): Property[] {
  if (!old.signature.startsWith("a(")) return [old];
  const empty = property(old.name, old.signature, []);
  return (old.value as unknown[]).length === 0 ? [empty] : [empty, old];
}

/** a(sv), the arguments of StartTransientUnit and SetUnitProperties. */
export function encodeProperties(properties: Iterable<Property>): unknown[] {
  return [...properties].map(({ name, signature, value }) => [name, { signature, value }]);
}
