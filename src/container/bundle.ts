// A bundle is a directory with a config.json.

import { RuntError } from "../errors.js";
import { ENOENT, S_IFDIR, S_IFMT } from "../host/constants.js";
import { failure } from "../host/failure.js";
import { native } from "../host/native.js";
import { loadConfig, type LoadedConfig } from "../spec/load.js";

/** Reads and checks a bundle's config. In: absolute paths. Throws RuntError. */
export async function loadBundle({ bundle, config }: { bundle: string; config: string }): Promise<LoadedConfig> {
  try {
    return await loadConfig(config);
  } catch (error) {
    // Which of the two is missing is worth one more call.
    if (error instanceof RuntError && error.errno === ENOENT) checkDirectory(bundle);
    throw failure(error);
  }
}

function checkDirectory(bundle: string): void {
  const status = native().stat(bundle);
  if (status === null)
    throw new RuntError({ where: "--bundle", attempt: "open", path: bundle, cause: "no such file or directory" });
  if ((status.mode & S_IFMT) !== S_IFDIR)
    throw new RuntError({ where: "--bundle", attempt: "open", path: bundle, cause: "not a directory" });
}
