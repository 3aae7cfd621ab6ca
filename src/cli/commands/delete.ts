import { deleteContainer } from "../../container/delete.js";
import type { Context } from "../context.js";
import { reporter } from "../reporter.js";

/** `runt delete`. */
export async function run({ global, options, positionals }: Context): Promise<number> {
  await deleteContainer({ root: global.root, id: positionals[0]!, force: options.bool("force"), report: reporter });
  return 0;
}
