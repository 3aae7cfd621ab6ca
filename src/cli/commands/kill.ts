import { killContainer } from "../../container/kill.js";
import { readState } from "../../container/store.js";
import { parseSignal } from "../../host/signals.js";
import type { Context } from "../context.js";

/** `runt kill ID [SIGNAL]`. */
export async function run({ global, options, positionals }: Context): Promise<number> {
  const { root } = global;
  const [name = "", signalName] = positionals;
  const regex = options.bool("regex");
  let signal: number;
  try {
    signal = parseSignal(signalName || "SIGTERM");
  } catch (error) {
    // Of two mistakes runc tells of the id first.
    if (!regex) readState(root, name);
    throw error;
  }
  const send = (id: string) => killContainer(root, id, signal, options.bool("all"));
  if (regex) {
    const { forEachMatch } = await import("../each-match.js");
    await forEachMatch(root, name, send);
  } else await send(name);
  return 0;
}
