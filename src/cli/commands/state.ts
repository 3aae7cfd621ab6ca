import { containerState } from "../../container/query.js";
import { native } from "../../host/native.js";
import type { Context } from "../context.js";

/** `runt state`: two-space JSON without a newline at the end, as runc's. */
export function run({ global, positionals }: Context): number {
  native().writeFd(1, JSON.stringify(containerState(global.root, positionals[0]!), null, 2));
  return 0;
}
