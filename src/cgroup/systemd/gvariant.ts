// GVariant's text format → a value with its D-Bus type: docs.gtk.org/glib/gvariant-text-format.html. Pure.
// Two passes: the text becomes a tree, then the tree gets its types, since what stands beside a value may decide
// about it: in [byte 1, 2] both are bytes.

import type { Variant } from "../../host/systemd-addon.js";

type Node =
  | { kind: "number"; text: string }
  | { kind: "text"; text: string }
  | { kind: "bytes"; text: string }
  | { kind: "truth"; value: boolean }
  | { kind: "array" | "tuple"; items: Node[] }
  | { kind: "dictionary"; entries: [Node, Node][]; single: boolean }
  | { kind: "variant"; inner: Node }
  | { kind: "typed"; signature: string; inner: Node };

/** Words that may stand before a value. */
const TYPE_WORDS: Readonly<Record<string, string>> = {
  boolean: "b",
  byte: "y",
  int16: "n",
  uint16: "q",
  int32: "i",
  uint32: "u",
  handle: "h",
  int64: "x",
  uint64: "t",
  double: "d",
  string: "s",
  objectpath: "o",
  signature: "g",
};

const MAX_DEPTH = 32;

/** Throws Error with what is wrong; the caller adds where. */
export function parseVariant(text: string): Variant {
  const parser = new Parser(text);
  const node = parser.value(0);
  parser.end();
  const signature = typeOf(node);
  return { signature, value: convert(node, signature) };
}

class Parser {
  private at = 0;

  constructor(private readonly text: string) {}

  end(): void {
    this.space();
    if (this.at < this.text.length)
      throw new Error(`not understood from ${JSON.stringify(this.text.slice(this.at))} on`);
  }

  value(depth: number): Node {
    if (depth > MAX_DEPTH) throw new Error("nested too deeply");
    this.space();
    const letter = this.text[this.at];
    if (letter === undefined) throw new Error("a value is missing");
    if (letter === "'" || letter === '"') return { kind: "text", text: this.quoted() };
    if (/^b['"]/.test(this.text.slice(this.at, this.at + 2))) {
      this.at++;
      return { kind: "bytes", text: this.quoted() };
    }
    if (letter === "[") return { kind: "array", items: this.list("[", "]", depth) };
    if (letter === "(") return this.tuple(depth);
    if (letter === "{") return this.dictionary(depth);
    if (letter === "<") {
      this.at++;
      const inner = this.value(depth + 1);
      this.expect(">");
      return { kind: "variant", inner };
    }
    if (letter === "@") return this.annotated(depth);
    return this.word(depth);
  }

  private tuple(depth: number): Node {
    return { kind: "tuple", items: this.list("(", ")", depth) };
  }

  private list(open: string, close: string, depth: number): Node[] {
    this.expect(open);
    const items: Node[] = [];
    while (!this.accept(close)) {
      if (items.length > 0) {
        this.expect(",");
        // A tuple of one is written (x,).
        if (close === ")" && this.accept(close)) return items;
      }
      items.push(this.value(depth + 1));
    }
    return items;
  }

  /** {k: v, …} or the single entry {k, v}. */
  private dictionary(depth: number): Node {
    this.expect("{");
    const entries: [Node, Node][] = [];
    while (!this.accept("}")) {
      if (entries.length > 0) this.expect(",");
      const key = this.value(depth + 1);
      const single = entries.length === 0 && this.accept(",");
      if (!single) this.expect(":");
      entries.push([key, this.value(depth + 1)]);
      if (!single) continue;
      this.expect("}");
      return { kind: "dictionary", entries, single };
    }
    return { kind: "dictionary", entries, single: false };
  }

  private annotated(depth: number): Node {
    this.at++;
    const [signature = ""] = /^[a-z(){}]+/.exec(this.text.slice(this.at)) ?? [];
    if (completeType(signature) !== signature.length || signature === "") throw new Error(`@${signature} is no type`);
    this.at += signature.length;
    return { kind: "typed", signature, inner: this.value(depth + 1) };
  }

  private word(depth: number): Node {
    const [word = ""] = /^[-+.\w]+/.exec(this.text.slice(this.at)) ?? [];
    this.at += word.length;
    if (word === "true" || word === "false") return { kind: "truth", value: word === "true" };
    if (word === "nothing" || word === "just") throw new Error("D-Bus has no maybe types");
    const signature = Object.hasOwn(TYPE_WORDS, word) ? TYPE_WORDS[word]! : undefined;
    if (signature !== undefined) return { kind: "typed", signature, inner: this.value(depth + 1) };
    if (!isNumber(word)) {
      throw new Error(`${JSON.stringify(word || this.text[this.at])} is no value`);
    }
    return { kind: "number", text: word };
  }

  private quoted(): string {
    const quote = this.text[this.at++];
    let result = "";
    for (;;) {
      const letter = this.text[this.at++];
      if (letter === undefined) throw new Error("a quote is not closed");
      if (letter === quote) return result;
      result += letter === "\\" ? this.escape() : letter;
    }
  }

  private escape(): string {
    const letter = this.text[this.at++] ?? "";
    const control = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" }[letter];
    if (control !== undefined) return control;
    const digits = { u: 4, U: 8 }[letter];
    if (digits === undefined) return letter;
    const code = this.text.slice(this.at, this.at + digits);
    if (!new RegExp(`^[0-9a-fA-F]{${digits}}$`).test(code)) throw new Error(`\\${letter}${code} is no character`);
    this.at += digits;
    const point = Number.parseInt(code, 16);
    if (point > 0x10ffff) throw new Error(`\\${letter}${code} is no character`);
    return String.fromCodePoint(point);
  }

  private space(): void {
    while (/\s/.test(this.text[this.at] ?? "")) this.at++;
  }

  private accept(letter: string): boolean {
    this.space();
    if (this.text[this.at] !== letter) return false;
    this.at++;
    return true;
  }

  private expect(letter: string): void {
    if (!this.accept(letter))
      throw new Error(`"${letter}" is missing after ${JSON.stringify(this.text.slice(0, this.at))}`);
  }
}

/** How long the first complete type of a signature is; 0 when there is none. */
function completeType(signature: string): number {
  const [first] = signature;
  if (first === undefined) return 0;
  if (first === "a") {
    const inner = completeType(signature.slice(1));
    return inner === 0 ? 0 : 1 + inner;
  }
  if (first !== "(" && first !== "{") return /^[bynqiuxtdsogv]$/.test(first) ? 1 : 0;
  const close = first === "(" ? ")" : "}";
  let at = 1;
  while (signature[at] !== close) {
    const inner = completeType(signature.slice(at));
    if (inner === 0) return 0;
    at += inner;
  }
  return at === 1 ? 0 : at + 1;
}

/** The complete types of the inside of a tuple or dictionary entry. */
function split(signature: string): string[] {
  const types: string[] = [];
  for (let at = 0; at < signature.length; at += types.at(-1)!.length) {
    types.push(signature.slice(at, at + completeType(signature.slice(at))));
  }
  return types;
}

function isNumber(text: string): boolean {
  return /^[-+]?(0[xX][0-9a-fA-F]+|\d+)$/.test(text) || isFraction(text);
}

function isFraction(text: string): boolean {
  return /^[-+]?(\d+\.\d*|\.\d+|\d+(?=[eE]))([eE][-+]?\d+)?$/.test(text);
}

/** The type that a value has when nobody says another. */
function typeOf(node: Node): string {
  switch (node.kind) {
    case "number":
      return isFraction(node.text) ? "d" : "i";
    case "text":
      return "s";
    case "bytes":
      return "ay";
    case "truth":
      return "b";
    case "variant":
      return "v";
    case "typed":
      return node.signature;
    case "tuple":
      return `(${node.items.map(typeOf).join("")})`;
    case "array":
      return `a${common(node.items)}`;
    case "dictionary": {
      const [keys, values] = [node.entries.map(([key]) => key), node.entries.map(([, value]) => value)];
      const entry = `{${common(keys)}${common(values)}}`;
      return node.single ? entry : `a${entry}`;
    }
  }
}

/** The type of all items of an array: of the first that is not a mere literal, if there is one. */
function common(items: readonly Node[]): string {
  const decided =
    items.find(({ kind }) => kind !== "number" && kind !== "text") ?? items.find(isFractionNode) ?? items[0];
  if (decided === undefined) throw new Error("the type of an empty array must be said: @as []");
  return typeOf(decided);
}

function isFractionNode(node: Node): boolean {
  return node.kind === "number" && isFraction(node.text);
}

const RANGES: Readonly<Record<string, readonly [least: bigint, most: bigint]>> = {
  y: [0n, 255n],
  n: [-(2n ** 15n), 2n ** 15n - 1n],
  q: [0n, 2n ** 16n - 1n],
  i: [-(2n ** 31n), 2n ** 31n - 1n],
  u: [0n, 2n ** 32n - 1n],
  x: [-(2n ** 63n), 2n ** 63n - 1n],
  t: [0n, 2n ** 64n - 1n],
};

/** The value of a node as a type; throws Error when it is none. */
function convert(node: Node, type: string): unknown {
  const mismatch = (): never => {
    throw new Error(`a ${node.kind} is no value of type ${type}`);
  };
  if (node.kind === "typed") return node.signature === type ? convert(node.inner, type) : mismatch();
  switch (node.kind) {
    case "number":
      return convertNumber(node.text, type);
    case "text":
      return "sog".includes(type) ? node.text : mismatch();
    case "truth":
      return type === "b" ? node.value : mismatch();
    case "bytes":
      // GVariant's bytestrings end with a NUL.
      return type === "ay" ? [...new TextEncoder().encode(`${node.text}\0`)] : mismatch();
    case "variant": {
      if (type !== "v") return mismatch();
      const signature = typeOf(node.inner);
      return { signature, value: convert(node.inner, signature) };
    }
    case "array":
      return type[0] === "a" ? node.items.map((item) => convert(item, type.slice(1))) : mismatch();
    case "tuple": {
      const types = type[0] === "(" ? split(type.slice(1, -1)) : [];
      if (types.length !== node.items.length) return mismatch();
      return node.items.map((item, index) => convert(item, types[index]!));
    }
    case "dictionary": {
      const entry = node.single ? type : type.slice(1);
      if (!(node.single || type[0] === "a") || entry[0] !== "{") return mismatch();
      const [key, value] = split(entry.slice(1, -1));
      const entries = node.entries.map(([left, right]) => [convert(left, key!), convert(right, value!)]);
      return node.single ? entries[0] : entries;
    }
  }
}

function convertNumber(text: string, type: string): number | bigint {
  if (type === "d") return Number(text);
  const range = RANGES[type];
  if (!range || isFraction(text)) throw new Error(`${text} is no value of type ${type}`);
  const digits = text.replace(/^[-+]/, "");
  const number = BigInt(digits) * (text.startsWith("-") ? -1n : 1n);
  if (number < range[0] || number > range[1]) throw new Error(`${text} is out of the range of its type (${type})`);
  return type === "x" || type === "t" ? number : Number(number);
}
