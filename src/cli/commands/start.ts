import { startContainer } from "../../container/start.js";
import type { Context } from "../context.js";
import { reporter } from "../reporter.js";

/** `runt start`. */
export async function run({ global, positionals }: Context): Promise<number> {
  await startContainer(global.root, positionals[0]!, reporter);
  return 0;
}
