import { overlayChanges } from "../../container/diff.js";
import { readState } from "../../container/store.js";
import { RuntError } from "../../errors.js";
import { native } from "../../host/native.js";
import type { Context } from "../context.js";

/** `runt diff`: one line a path, "A /new", "C /changed", "D /deleted". */
export function run({ global, positionals }: Context): number {
  const state = readState(global.root, positionals[0]!);
  if (!state.overlay) {
    throw new RuntError({
      cause: `container ${state.id} has no overlay root`,
      hint: "the annotations runt.rootfs.overlay and runt.rootfs.layers ask for one",
    });
  }
  const lines = overlayChanges(state.overlay).map(({ kind, path }) => `${kind} ${path}\n`);
  native().writeFd(1, lines.join(""));
  return 0;
}
