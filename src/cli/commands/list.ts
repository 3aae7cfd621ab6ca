import { listContainers, readableIds } from "../../container/list.js";
import { listIds } from "../../container/store.js";
import { RuntError } from "../../errors.js";
import { native } from "../../host/native.js";
import type { Context } from "../context.js";
import { reporter } from "../reporter.js";
import { table } from "../table.js";

/** `runt list`. */
export function run({ global, options }: Context): number {
  const format = options.text("format") ?? "table";
  if (format !== "table" && format !== "json") throw new RuntError("invalid format option");
  const ids = listIds(global.root);
  if (ids === null && global.rootGiven) {
    throw new RuntError({ where: "--root", attempt: "open", path: global.root, cause: "no such file or directory" });
  }
  native().writeFd(1, listText(global.root, ids ?? [], format, options.bool("quiet")));
  return 0;
}

function listText(root: string, ids: readonly string[], format: "table" | "json", quiet: boolean): string {
  if (quiet) {
    return readableIds(root, ids, reporter)
      .map((id) => `${id}\n`)
      .join("");
  }
  const containers = listContainers(root, ids, reporter);
  // An empty list is "null": that is how Go writes a nil slice, and what callers of runc get.
  if (format === "json") return containers.length > 0 ? `${JSON.stringify(containers)}\n` : "null\n";
  const rows = containers.map(({ id, pid, status, bundle, created, owner }) => [
    id,
    String(pid),
    status,
    bundle,
    created,
    owner,
  ]);
  return table([["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"], ...rows]);
}
