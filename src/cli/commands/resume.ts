import { resumeContainer } from "../../container/freeze.js";
import type { Context } from "../context.js";

/** `runt resume`. */
export function run({ global, positionals }: Context): number {
  resumeContainer(global.root, positionals[0]!);
  return 0;
}
