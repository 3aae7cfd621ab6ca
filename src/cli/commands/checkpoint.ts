import { checkpointContainer } from "../../container/checkpoint.js";
import { parsePageServer } from "../../container/criu-settings.js";
import { RuntError } from "../../errors.js";
import { wasOpen } from "../../host/launch.js";
import type { Context } from "../context.js";
import { criuSettings } from "../criu-options.js";
import { reporter } from "../reporter.js";

/** `runt checkpoint`: the container is written to files and, unless told otherwise, deleted. */
export async function run({ global, options, positionals }: Context): Promise<number> {
  const pageServer = options.text("page-server");
  const parentPath = options.text("parent-path");
  if (parentPath?.startsWith("/")) throw new RuntError("--parent-path must be relative");
  const statusFd = options.integer("status-fd");
  if (statusFd >= 0 && (statusFd < 3 || !wasOpen(statusFd))) {
    throw new RuntError(`invalid --status-fd argument ${statusFd}: the caller passed no such descriptor`);
  }
  await checkpointContainer({
    root: global.root,
    id: positionals[0]!,
    settings: criuSettings(options),
    parentPath,
    leaveRunning: options.bool("leave-running"),
    preDump: options.bool("pre-dump"),
    tcpSkipInFlight: options.bool("tcp-skip-in-flight"),
    linkRemap: options.bool("link-remap"),
    pageServer: pageServer === undefined ? undefined : parsePageServer(pageServer),
    statusFd,
    report: reporter,
  });
  return 0;
}
