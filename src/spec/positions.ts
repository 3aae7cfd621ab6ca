// JSON pointer → line and column of a text. Only loaded when there is something to say.

import { type Node, parseTree } from "jsonc-parser";

export interface Position {
  /** From 1. */
  line: number;
  /** From 1, in UTF-16 units. */
  column: number;
}

/** Finds places in one text. */
export class Positions {
  private readonly root: Node | undefined;

  constructor(private readonly text: string) {
    this.root = parseTree(text);
  }

  /** Where the value of a pointer is; where its nearest parent is when the document does not have it. */
  of(parts: readonly string[]): Position {
    let node = this.root;
    for (const part of parts) {
      const next = node && (node.type === "array" ? node.children?.[Number(part)] : member(node, part)?.children?.[1]);
      if (!next) break;
      node = next;
    }
    return positionOf(this.text, node?.offset ?? 0);
  }
}

/** JSON.parse keeps the last of two members with one name: so does this. */
function member(node: Node, name: string): Node | undefined {
  return node.children?.findLast((property) => property.children?.[0]?.value === name);
}

/** Line and column of an offset. */
export function positionOf(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  return { line: before.split("\n").length, column: offset - (before.lastIndexOf("\n") + 1) + 1 };
}
