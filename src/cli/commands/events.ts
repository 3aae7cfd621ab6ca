import { followEvents, statsLine } from "../../container/events.js";
import { readState } from "../../container/store.js";
import { RuntError } from "../../errors.js";
import { isHungUp } from "../../host/failure.js";
import { native } from "../../host/native.js";
import type { Context } from "../context.js";
import { reporter } from "../reporter.js";

const STDOUT = 1;

/** `runt events`: JSON lines on stdout. */
export async function run({ global, options, positionals }: Context): Promise<number> {
  const { root } = global;
  const id = positionals[0]!;
  readState(root, id);
  const intervalMs = options.duration("interval");
  if (intervalMs <= 0) throw new RuntError("duration interval must be greater than 0");
  try {
    if (options.bool("stats")) native().writeFd(STDOUT, await statsLine(root, id, reporter));
    else await followEvents({ root, id, intervalMs, output: STDOUT, report: reporter });
  } catch (error) {
    // `events | head -1`: the reader has what it wanted.
    if (!isHungUp(error)) throw error;
  }
  return 0;
}
