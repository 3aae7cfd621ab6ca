// Steps → the bytes that runt-init decodes. How they lie is said in native/steps/steps.json;
// STEP_LAYOUTS, made from it, drives the encoder, and native/steps/reader.h reads them back.

import { RuntError } from "../errors.js";
import { type FieldType, MAX_SLOTS, NO_SLOT, STEP_LAYOUTS, STEP_MAGIC, STEP_VERSION, type Step } from "./steps.gen.js";
import type { Plan } from "./types.js";

const WORD = 4;
/** Where the header's size field lies: the third word. */
const SIZE_AT = 2;

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
  const writer = newWriter(slots);
  for (const word of [STEP_MAGIC, STEP_VERSION, 0, steps.length, slots, passed]) writer.u32(word);
  for (const planned of steps) encodeStep(writer, planned);
  return writer.end();
}

function encodeStep(writer: Writer, planned: EncodablePlan["steps"][number]): void {
  const { step } = planned;
  const layout = STEP_LAYOUTS[step.op];
  writer.u32(layout[0]);
  const body = writer.begin();
  // By index: an iterator a field would be a good part of the time.
  let index = 1;
  try {
    for (; index < layout.length; index += 2) {
      const value = (step as unknown as Record<string, unknown>)[layout[index]!];
      writer[layout[index + 1] as FieldType](value);
    }
  } catch (error) {
    if (!(error instanceof RuntError)) throw error;
    const attempt = `${step.op} ${layout[index]}`;
    // Worded now, as most programs have no error.
    throw new RuntError({ ...error.parts, attempt, where: planned.where || undefined });
  }
  writer.close(body);
}

interface Writer extends Record<FieldType, (value: unknown) => void> {
  /** Leaves a word open for a size. Out: for close. */
  begin(): number;
  /** Writes how much has come since. */
  close(begun: number): void;
  /** Out: the program, its own size in the header. */
  end(): Uint8Array;
}

const encoder = new TextEncoder();

/**
 * A buffer that grows. Every write begins and ends at a word, and what is not written is zero. Words are in the
 * machine's byte order, which is little endian on all that runt is built for.
 *
 * The hot spot of `create`: functions around variables, as QuickJS finds these much faster than an object's members.
 */
function newWriter(slots: number): Writer {
  let room = 4096;
  let words = new Uint32Array(room);
  let octets = new Uint8Array(words.buffer);
  let at = 0;

  function reserve(end: number): void {
    if (end <= room) return;
    room = Math.max(end, room * 2);
    const old = words;
    words = new Uint32Array(room);
    words.set(old);
    octets = new Uint8Array(words.buffer);
  }

  function u32(value: unknown): void {
    const word = typeof value === "number" ? value >>> 0 : -1;
    if (word !== value) throw outOfRange(value);
    if (at === room) reserve(at + 1);
    words[at] = word;
    at += 1;
  }

  function i32(value: unknown): void {
    if (typeof value !== "number" || value !== (value | 0)) throw outOfRange(value);
    u32(value >>> 0);
  }

  function u64(value: unknown): void {
    if (typeof value === "bigint") {
      if (value < 0n || value > 0xffffffffffffffffn) throw outOfRange(value);
      u32(Number(value & 0xffffffffn));
      u32(Number(value >> 32n));
      return;
    }
    if (typeof value !== "number" || value < 0 || !Number.isSafeInteger(value)) throw outOfRange(value);
    u32(value >>> 0);
    u32(Math.floor(value / 0x100000000));
  }

  function slot(value: unknown): void {
    if (value !== NO_SLOT && !((value as number) < slots)) throw outOfRange(value);
    u32(value);
  }

  /** In: what is followed by zeros up to `size` bytes and to the next word. */
  function put(data: Uint8Array, size: number): void {
    u32(data.length);
    const end = at + ((size + WORD - 1) >>> 2);
    reserve(end);
    octets.set(data, at * WORD);
    at = end;
  }

  function string(value: unknown): void {
    if (typeof value !== "string") throw new RuntError(`a text is missing (${String(value)})`);
    if (value.includes("\0"))
      throw new RuntError({ cause: "a text may not hold a NUL byte", path: JSON.stringify(value) });
    const text = encoder.encode(value);
    put(text, text.length + 1);
  }

  function bytes(value: unknown): void {
    if (!(value instanceof Uint8Array)) throw new RuntError("bytes are missing");
    put(value, value.length);
  }

  function list(items: unknown, write: (item: unknown) => void): void {
    u32((items as readonly unknown[]).length);
    for (const item of items as readonly unknown[]) write(item);
  }

  return {
    ...{ u32, i32, u64, slot, string, bytes },
    strings: (items) => list(items, string),
    u32s: (items) => list(items, u32),
    begin() {
      u32(0);
      return at;
    },
    close(begun) {
      words[begun - 1] = (at - begun) * WORD;
    },
    end() {
      words[SIZE_AT] = at * WORD;
      return octets.subarray(0, at * WORD);
    },
  };
}

function outOfRange(value: unknown): RuntError {
  return new RuntError(`${String(value)} is out of range`);
}
