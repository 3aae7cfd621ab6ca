// Steps → the bytes that runt-init decodes. How they lie is said in native/steps/steps.json;
// STEP_LAYOUTS, made from it, drives the encoder, and native/steps/reader.h reads them back.

import { RuntError } from "../errors.js";
import { type FieldType, MAX_SLOTS, NO_SLOT, STEP_LAYOUTS, STEP_MAGIC, STEP_VERSION, type Step } from "./steps.gen.js";
import type { Plan } from "./types.js";

/** Where the header's size field lies: the third u32. */
const SIZE_AT = 8;

/** What of a plan is needed. */
export interface EncodablePlan extends Pick<Plan, "slots" | "passed"> {
  readonly steps: readonly { readonly step: Step; readonly where: string }[];
}

/**
 * In: a plan. Out: the program, as spawnInit takes it.
 * Throws RuntError, with the place in config.json, for a string that holds a NUL byte (the kernel
 * would see a shorter one) and for a number that its field can't hold.
 */
export function encodeProgram({ steps, slots, passed }: EncodablePlan): Uint8Array {
  if (slots > MAX_SLOTS)
    throw new RuntError({
      where: "mounts",
      cause: `the container needs ${slots} descriptors at once, more than ${MAX_SLOTS}`,
      hint: "each mount needs one",
    });
  const writer = new Writer(slots);
  for (const word of [STEP_MAGIC, STEP_VERSION, 0, steps.length, slots, passed]) writer.u32(word);
  for (const planned of steps) {
    try {
      encodeStep(writer, planned.step);
    } catch (error) {
      if (error instanceof RuntError) throw new RuntError({ ...error.parts, where: planned.where || undefined });
      throw error;
    }
  }
  writer.patch(SIZE_AT, writer.size);
  return writer.bytes();
}

function encodeStep(writer: Writer, step: Step): void {
  const { code, fields } = STEP_LAYOUTS[step.op];
  writer.u32(code);
  const lengthAt = writer.size;
  writer.u32(0);
  // By index: an iterator a field would be a good part of the time.
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index]!;
    try {
      encodeField(writer, field[1], (step as unknown as Record<string, unknown>)[field[0]]);
    } catch (error) {
      if (error instanceof RuntError) throw new RuntError({ ...error.parts, attempt: `${step.op} ${field[0]}` });
      throw error;
    }
  }
  writer.patch(lengthAt, writer.size - lengthAt - 4);
}

function encodeField(writer: Writer, type: FieldType, value: unknown): void {
  switch (type) {
    case "u32":
      writer.u32(value);
      break;
    case "i32":
      writer.i32(value);
      break;
    case "u64":
      writer.u64(value);
      break;
    case "slot":
      writer.slot(value);
      break;
    case "string":
      writer.string(value);
      break;
    case "bytes":
      writer.blob(value);
      break;
    case "strings":
      writer.list(value as readonly string[], (item) => writer.string(item));
      break;
    case "u32s":
      writer.list(value as readonly number[], (item) => writer.u32(item));
      break;
  }
}

/** A buffer that doubles when it is full. Every write begins and ends at a multiple of four. */
const encoder = new TextEncoder();

class Writer {
  size = 0;
  private buffer = new Uint8Array(16384);

  constructor(private readonly slots: number) {}

  u32(value: unknown): void {
    this.word(integer(value, 0, 0xffffffff));
  }

  i32(value: unknown): void {
    this.word(integer(value, -0x80000000, 0x7fffffff));
  }

  u64(value: unknown): void {
    if (typeof value === "bigint") {
      if (value < 0n || value > 0xffffffffffffffffn) throw outOfRange(value);
      this.word(Number(value & 0xffffffffn));
      this.word(Number(value >> 32n));
    } else {
      const number = integer(value, 0, Number.MAX_SAFE_INTEGER);
      this.word(number % 0x100000000);
      this.word(Math.floor(number / 0x100000000));
    }
  }

  slot(value: unknown): void {
    if (value !== NO_SLOT && !(typeof value === "number" && value < this.slots)) throw outOfRange(value);
    this.u32(value);
  }

  string(value: unknown): void {
    if (typeof value !== "string") throw new RuntError(`a text is missing (${String(value)})`);
    if (value.includes("\0"))
      throw new RuntError({ cause: "a text may not hold a NUL byte", path: JSON.stringify(value) });
    // A UTF-16 unit takes at most three bytes of UTF-8.
    this.reserve(4 + value.length * 3 + 4);
    const lengthAt = this.size;
    this.size += 4;
    const { written } = encoder.encodeInto(value, this.buffer.subarray(this.size));
    this.patch(lengthAt, written);
    this.pad(written + 1, written);
  }

  blob(value: unknown): void {
    if (!(value instanceof Uint8Array)) throw new RuntError("bytes are missing");
    this.u32(value.length);
    this.reserve(value.length + 4);
    this.buffer.set(value, this.size);
    this.pad(value.length, value.length);
  }

  list<Item>(items: readonly Item[], write: (item: Item) => void): void {
    this.u32(items.length);
    for (const item of items) write(item);
  }

  /** Overwrites a u32 that was left open. */
  patch(at: number, value: number): void {
    const { buffer } = this;
    buffer[at] = value;
    buffer[at + 1] = value >>> 8;
    buffer[at + 2] = value >>> 16;
    buffer[at + 3] = value >>> 24;
  }

  bytes(): Uint8Array {
    return this.buffer.subarray(0, this.size);
  }

  /** 32 bits, little endian. */
  private word(value: number): void {
    this.reserve(4);
    this.patch(this.size, value);
    this.size += 4;
  }

  /** Moves over `length` bytes and up to the next multiple of four; all from `used` on is zero. */
  private pad(length: number, used: number): void {
    const padded = (length + 3) & ~3;
    for (let at = used; at < padded; at++) this.buffer[this.size + at] = 0;
    this.size += padded;
  }

  private reserve(room: number): void {
    const needed = this.size + room;
    if (needed <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(needed, this.buffer.length * 2));
    larger.set(this.bytes());
    this.buffer = larger;
  }
}

function integer(value: unknown, min: number, max: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) throw outOfRange(value);
  return value;
}

function outOfRange(value: unknown): RuntError {
  return new RuntError(`${String(value)} is out of range`);
}
