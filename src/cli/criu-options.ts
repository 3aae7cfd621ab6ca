// The options that checkpoint and restore share, checked and made absolute.

import type { CriuSettings } from "../container/criu-settings.js";
import { absolutePath } from "../container/paths.js";
import { isCgroupMode } from "../criu/messages.js";
import { RuntError } from "../errors.js";
import type { Options } from "./parse.js";

/** Throws RuntError. */
export function criuSettings(options: Options): CriuSettings {
  const work = options.text("work-path");
  const mode = options.text("manage-cgroups-mode") ?? "soft";
  if (!isCgroupMode(mode)) throw new RuntError("invalid manage-cgroups-mode value");
  for (const name of options.list("empty-ns")) {
    if (name !== "network") throw new RuntError(`namespace ${JSON.stringify(name)} is not supported`);
  }
  return {
    imagePath: absolutePath(options.text("image-path") ?? "checkpoint"),
    workPath: work === undefined ? undefined : absolutePath(work),
    tcpEstablished: options.bool("tcp-established"),
    extUnixSk: options.bool("ext-unix-sk"),
    shellJob: options.bool("shell-job"),
    fileLocks: options.bool("file-locks"),
    autoDedup: options.bool("auto-dedup"),
    lazyPages: options.bool("lazy-pages"),
    manageCgroupsMode: mode,
  };
}
