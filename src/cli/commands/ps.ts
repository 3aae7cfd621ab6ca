import { containerPids, filterPs, runPs } from "../../container/processes.js";
import { readState } from "../../container/store.js";
import { RuntError } from "../../errors.js";
import { native } from "../../host/native.js";
import type { Context } from "../context.js";
import { reporter } from "../reporter.js";

/** `runt ps ID [OPTION ...]`. */
export function run({ global, options, positionals }: Context): number {
  const [id, ...given] = positionals;
  const format = options.text("format") ?? "table";
  if (format !== "table" && format !== "json") throw new RuntError("invalid format option");
  const pids = containerPids(readState(global.root, id!));
  // runc lets "--" stand between the id and the options of ps.
  const words = given[0] === "--" ? given.slice(1) : given;
  // No process at all is "null", as an empty list is in `list -f json`: Go's nil slice.
  const json = pids.length > 0 ? JSON.stringify(pids) : "null";
  const text = format === "json" ? `${json}\n` : filterPs(runPs(words.length > 0 ? words : ["-ef"], reporter), pids);
  native().writeFd(1, text);
  return 0;
}
