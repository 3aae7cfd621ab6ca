import { killContainer } from "../../container/kill.js";
import { parseSignal } from "../../host/signals.js";
import type { Context } from "../context.js";

/** `runt kill ID [SIGNAL]`. */
export async function run({ global, options, positionals }: Context): Promise<number> {
  const { root } = global;
  const [name = "", signalName] = positionals;
  const signal = parseSignal(signalName || "SIGTERM");
  const send = (id: string) => killContainer(root, id, signal, options.bool("all"));
  if (options.bool("regex")) {
    const { forEachMatch } = await import("../each-match.js");
    await forEachMatch(root, name, send);
  } else send(name);
  return 0;
}
