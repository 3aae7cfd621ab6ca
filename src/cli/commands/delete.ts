import { deleteContainer } from "../../container/delete.js";
import type { Context } from "../context.js";
import { reporter } from "../reporter.js";

/** `runt delete`. */
export async function run({ global, options, positionals }: Context): Promise<number> {
  const { root } = global;
  const name = positionals[0]!;
  const remove = (id: string) => deleteContainer({ root, id, force: options.bool("force"), report: reporter });
  if (options.bool("regex")) {
    const { forEachMatch } = await import("../each-match.js");
    await forEachMatch(root, name, remove);
  } else await remove(name);
  return 0;
}
