// Loads the addon, when it is first asked for. It and runt-init lie in one folder that is found
// from the program's own place alone: never through the working directory, PATH or /tmp, where
// others could put theirs.
//
//   bin/runt   PREFIX/bin/runt                    → PREFIX/lib/runt; the addon is in bin/runt itself
//   node       CHECKOUT/dist/src/host/native.js   → CHECKOUT/lib/runt

import { RuntError } from "../errors.js";
import type { Addon } from "./addon.js";
import type { SystemdAddon } from "./systemd-addon.js";

let addon: Addon | undefined;
let systemdAddon: SystemdAddon | undefined;

/** The addon's functions. Throws RuntError when it can't be loaded. */
export function native(): Addon {
  addon ??= isLinked() ? linkedProcess()._linkedBinding("runt") : load<Addon>(`${libraryFolder()}/runt.node`);
  return addon;
}

/** Whether this build has the second addon. */
export const hasSystemd = (): boolean => native().stat(`${libraryFolder()}/systemd.node`) !== null;

/** The second addon, which needs libsystemd; only for those who talk to systemd. Throws RuntError when it can't be loaded. */
export function systemd(): SystemdAddon {
  systemdAddon ??= load<SystemdAddon>(
    `${libraryFolder()}/systemd.node`,
    "the systemd cgroup driver needs libsystemd.so.0, and systemd.node beside runt.node: it is built where libsystemd-dev is installed; --cgroup-manager=cgroupfs goes without",
  );
  return systemdAddon;
}

/** Absolute path of the static runt-init. */
export function initPath(): string {
  return `${libraryFolder()}/runt-init`;
}

/** Node has this method too, for modules that are linked into it (native/engine/globals.cc). */
type LinkedProcess = { _linkedBinding(name: "runt"): Addon };
const linkedProcess = () => process as unknown as LinkedProcess;

/** In bin/runt, where nothing but the program itself has a place. */
const isLinked = () => process.versions.quickjs !== undefined;

function libraryFolder(): string {
  if (isLinked()) return `${parent(parent(process.execPath))}/lib/runt`;
  return decodeURIComponent(new URL("../../../lib/runt", import.meta.url).pathname);
}

const parent = (path: string) => path.slice(0, path.lastIndexOf("/"));

const BUILD_HINT = "in a checkout build it with `npm run build`; an installed runt has it in lib/runt";

/** In: an absolute path, what to try when that fails. Throws RuntError. */
export function load<Exports>(path: string, hint = BUILD_HINT): Exports {
  const module = { exports: {} };
  try {
    process.dlopen(module, path);
  } catch (error) {
    throw new RuntError({
      attempt: "load the addon",
      path,
      cause: error instanceof Error ? error.message : String(error),
      hint,
    });
  }
  return module.exports as Exports;
}
