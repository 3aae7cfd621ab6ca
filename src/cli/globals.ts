// The global options in their final form: paths absolute, choices checked.

import { RuntError } from "../errors.js";
import type { CgroupManager } from "../cgroup/index.js";
import { native } from "../host/native.js";
import type { GlobalOptions } from "./context.js";
import { absolutePath } from "../container/paths.js";
import { identity } from "./identity.js";
import type { LogFormat, LogLevel } from "./log.js";
import type { Options } from "./parse.js";

/** uid 0 of a user namespace, as rootless callers are: the mapping is not that of the whole host. */
function inUserNamespace(): boolean {
  const map = native().readFileIfAny("/proc/self/uid_map");
  return map !== null && !/^\s*0\s+0\s+4294967295\s*$/.test(map);
}

/**
 * The directory of the containers' state when --root is not given: /run/runt, and
 * $XDG_RUNTIME_DIR/runt for users without privileges over the host.
 */
export function defaultRoot(program: string): { path: string; ofUser: boolean } {
  const name = identity(program);
  const runtimeDir = process.env.XDG_RUNTIME_DIR;
  if (runtimeDir) {
    const user = process.env.USER;
    const unprivileged = native().geteuid() !== 0 || (user !== "root" && inUserNamespace());
    if (unprivileged) return { path: `${runtimeDir}/${name}`, ofUser: true };
  }
  return { path: `/run/${name}`, ofUser: false };
}

/** Throws RuntError for a value that is none of an option's. */
export function resolveGlobals(program: string, options: Options): GlobalOptions {
  const asked = options.text("root");
  const chosen = asked === undefined ? defaultRoot(program) : { path: absolutePath(asked), ofUser: false };
  if (absolutePath(chosen.path) === "/") throw new RuntError("Option --root argument should not be set to /");
  const rootless = options.text("rootless") ?? "auto";
  if (rootless !== "true" && rootless !== "false" && rootless !== "auto") {
    throw new RuntError({ where: "--rootless", cause: `${JSON.stringify(rootless)} is none of true, false, auto` });
  }
  return {
    root: chosen.path,
    rootGiven: asked !== undefined,
    rootOfUser: chosen.ofUser,
    cgroupManager: resolveCgroupManager(options),
    rootless,
  };
}

/** --systemd-cgroup is runc's, --cgroup-manager is crun's. Throws RuntError. */
function resolveCgroupManager(options: Options): CgroupManager {
  const asked = options.text("cgroup-manager");
  const systemd = options.bool("systemd-cgroup");
  if (asked === undefined) return systemd ? "systemd" : "cgroupfs";
  if (asked !== "cgroupfs" && asked !== "systemd" && asked !== "disabled") {
    throw new RuntError({
      where: "--cgroup-manager",
      cause: `${JSON.stringify(asked)} is none of cgroupfs, systemd, disabled`,
    });
  }
  if (systemd && asked !== "systemd") {
    throw new RuntError({
      where: "--cgroup-manager",
      cause: `${asked} contradicts --systemd-cgroup`,
      hint: "give one of the two",
    });
  }
  return asked;
}

/** --log-level, crun's; --debug is its "debug". Throws RuntError. */
export function resolveLogLevel(options: Options): LogLevel {
  const level = options.text("log-level");
  if (level !== undefined && level !== "error" && level !== "warning" && level !== "debug") {
    throw new RuntError({ where: "--log-level", cause: `${JSON.stringify(level)} is none of error, warning, debug` });
  }
  return options.bool("debug") ? "debug" : (level ?? "warning");
}

/** The value of --log-format. Throws RuntError. */
export function resolveLogFormat(options: Options): LogFormat {
  const format = options.text("log-format") ?? "text";
  if (format !== "text" && format !== "json") throw new RuntError(`invalid log-format: ${format}`);
  return format;
}
