// What a plan is collected in while the concerns add to it.

import { RuntError, wordPointer } from "../errors.js";
import type { Step } from "./steps.gen.js";
import type { PlannedStep } from "./types.js";

/** runt-init's table has this many slots (kMaxSlots in native/init/context.h). */
const MOST_SLOTS = 1024;

/** Where in config.json a step comes from. */
export interface Place {
  /** JSON pointer. */
  pointer: string;
  /** The same as errors show it. */
  where: string;
}

/** The place of what the runtime does by itself. */
export const OWN: Place = { pointer: "", where: "" };

/** A place, with a detail that tells it from its neighbours: "mounts[4] (/proc → proc)". */
export function place(pointer: string, detail?: string): Place {
  const name = wordPointer(pointer);
  return { pointer, where: detail === undefined ? name : `${name} (${detail})` };
}

/** Steps in their order. */
export class StepList {
  readonly steps: PlannedStep[] = [];

  add(at: Place, step: Step): void {
    refuseNul(at, step);
    this.steps.push({ step, pointer: at.pointer, where: at.where });
  }
}

/** Slots and warnings of one plan. */
export class Program {
  readonly warnings: string[] = [];
  private used: number;

  /** In: how many slots the engine passes in; they are the first ones. */
  constructor(readonly passed: number) {
    this.used = passed;
  }

  get slots(): number {
    return this.used;
  }

  /** A slot that nobody else has. */
  slot(at: Place): number {
    if (this.used >= MOST_SLOTS) {
      throw new RuntError({
        where: at.where,
        cause: `more than ${MOST_SLOTS} mounts, devices and namespaces in one container`,
      });
    }
    return this.used++;
  }

  warn(at: Place, text: string): void {
    this.warnings.push(at.where ? `${at.where}: ${text}` : text);
  }
}

/** The kernel ends a string at the first NUL: what is checked and what is done would differ. */
function refuseNul(at: Place, step: Step): void {
  for (const value of Object.values(step)) {
    const texts = typeof value === "string" ? [value] : Array.isArray(value) ? value : [];
    if (texts.some((text) => typeof text === "string" && text.includes("\0"))) {
      throw new RuntError({ where: at.where, cause: "the text has a NUL byte, which no system call can take" });
    }
  }
}
