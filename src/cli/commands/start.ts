import { startContainer } from "../../container/start.js";
import type { Context } from "../context.js";
import { reporter } from "../reporter.js";

/** `runt start`. */
export function run({ global, positionals }: Context): number {
  startContainer(global.root, positionals[0]!, reporter);
  return 0;
}
