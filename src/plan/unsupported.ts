// What this version can't do is refused, never passed over.

import { RuntError } from "../errors.js";
import type { Linux } from "../spec/types.gen.js";
import type { Planning } from "./planning.js";
import { place } from "./program.js";

interface Refusal {
  cause: string;
  hint: string;
}

/** Properties of linux that ask for something that runt does not do yet. `features` goes by the same table. */
const UNSUPPORTED: { readonly [Name in keyof Linux]?: Refusal } = {
  intelRdt: {
    cause: "this version of runt does not set up resctrl groups",
    hint: "take linux.intelRdt out, or write the pid into a resctrl group in a createRuntime hook",
  },
};

/** Whether a property of linux has an effect. */
export const isSupported = (name: keyof Linux): boolean => UNSUPPORTED[name] === undefined;

/** Throws RuntError for properties that ask for something that runt does not do yet. */
export function refuseUnsupported({ config }: Planning): void {
  for (const name of Object.keys(UNSUPPORTED) as (keyof Linux)[]) {
    const value = config.linux?.[name];
    if (value === undefined || (name === "netDevices" && Object.keys(value).length === 0)) continue;
    throw new RuntError({ where: place(`/linux/${name}`).where, ...UNSUPPORTED[name]! });
  }
  // process.execCPUAffinity is for processes that exec adds, and says nothing about this one.
}
