import { pauseContainer } from "../../container/freeze.js";
import type { Context } from "../context.js";

/** `runt pause`. */
export function run({ global, positionals }: Context): number {
  pauseContainer(global.root, positionals[0]!);
  return 0;
}
