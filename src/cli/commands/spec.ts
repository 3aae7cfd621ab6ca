import { absolutePath } from "../../container/paths.js";
import { RuntError } from "../../errors.js";
import { detectCgroups } from "../../cgroup/detect.js";
import { readHost } from "../../host/facts.js";
import { failure } from "../../host/failure.js";
import { native } from "../../host/native.js";
import { defaultConfigText } from "../../spec/default-config.js";
import type { Context } from "../context.js";
import { identity } from "../identity.js";

/** `runt spec`: writes config.json, and never over one that is there. */
export function run({ program, options }: Context): number {
  const path = `${absolutePath(options.text("bundle") ?? ".")}/config.json`;
  const { cgroup, euid, egid } = readHost(detectCgroups);
  const text = defaultConfigText({
    hostname: identity(program),
    rootless: options.bool("rootless"),
    euid,
    egid,
    cgroup2only: cgroup.version === 2,
  });
  try {
    native().createFile(path, text, 0o666);
  } catch (error) {
    if ((error as { code?: string }).code === "EEXIST") {
      throw new RuntError("File config.json exists. Remove it first");
    }
    throw failure(error, { attempt: "create", path });
  }
  return 0;
}
