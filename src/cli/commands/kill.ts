import { killContainer } from "../../container/kill.js";
import { parseSignal } from "../../host/signals.js";
import type { Context } from "../context.js";

/** `runt kill ID [SIGNAL]`. */
export function run({ global, options, positionals }: Context): number {
  const [id, signal] = positionals;
  killContainer(global.root, id!, parseSignal(signal ?? "SIGTERM"), options.bool("all"));
  return 0;
}
