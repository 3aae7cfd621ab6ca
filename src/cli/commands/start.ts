import type { Notifier } from "../../container/notify.js";
import { startContainer } from "../../container/start.js";
import type { Context } from "../context.js";
import { reporter } from "../reporter.js";

/** `runt start`: with $NOTIFY_SOCKET it returns when the container has said that it is ready. */
export async function run({ global, positionals }: Context): Promise<number> {
  await startContainer(global.root, positionals[0]!, reporter, await notifier());
  return 0;
}

async function notifier(): Promise<Notifier | undefined> {
  const address = process.env.NOTIFY_SOCKET;
  if (!address) return undefined;
  const { Notifier } = await import("../../container/notify.js");
  return new Notifier(address, reporter);
}
