// What a plan is collected in while the concerns add to it.

import { wordPointer } from "../errors.js";
import type { Step } from "./steps.gen.js";
import type { PlannedStep } from "./types.js";

/** Where in config.json a step comes from. */
export class Place {
  constructor(
    /** JSON pointer. */
    readonly pointer: string,
    private readonly detail?: string,
  ) {}

  /** The same as errors show it. Worded on demand: most plans run without an error. */
  get where(): string {
    const name = wordPointer(this.pointer);
    return this.detail === undefined ? name : `${name} (${this.detail})`;
  }
}

/** The place of what the runtime does by itself. */
export const OWN = new Place("");

/** A place, with a detail that tells it from its neighbours: "mounts[4] (/proc → proc)". */
export function place(pointer: string, detail?: string): Place {
  return new Place(pointer, detail);
}

class Planned implements PlannedStep {
  constructor(
    readonly step: Step,
    private readonly at: Place,
  ) {}

  get pointer(): string {
    return this.at.pointer;
  }

  get where(): string {
    return this.at.where;
  }
}

/** Steps in their order. */
export class StepList {
  readonly steps: PlannedStep[] = [];

  add(at: Place, step: Step): void {
    this.steps.push(new Planned(step, at));
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
  slot(): number {
    return this.used++;
  }

  warn(at: Place, text: string): void {
    this.warnings.push(at.where ? `${at.where}: ${text}` : text);
  }
}
