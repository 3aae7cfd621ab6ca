// Loads the addon, when it is first asked for. It and runt-init lie in one folder that is found
// from the program's own place alone: never through the working directory, PATH or /tmp, where
// others could put theirs.
//
//   the executable that Bun made   PREFIX/lib/runt/engine             → the folder it is in
//   node                           CHECKOUT/dist/src/host/native.js   → CHECKOUT/lib/runt

import { RuntError } from "../errors.js";
import type { Addon } from "./addon.js";

let addon: Addon | undefined;

/** The addon's functions. Throws RuntError when it can't be loaded. */
export function native(): Addon {
  addon ??= load(`${libraryFolder()}/runt.node`);
  return addon;
}

/** Absolute path of the static runt-init. */
export function initPath(): string {
  return `${libraryFolder()}/runt-init`;
}

function libraryFolder(): string {
  // Bun compiles import.meta.url to the path of the source at build time: it says nothing then.
  if (process.versions.bun) return process.execPath.slice(0, process.execPath.lastIndexOf("/"));
  return decodeURIComponent(new URL("../../../lib/runt", import.meta.url).pathname);
}

/** In: an absolute path. Throws RuntError. */
export function load(path: string): Addon {
  const module = { exports: {} };
  try {
    process.dlopen(module, path);
  } catch (error) {
    throw new RuntError({
      attempt: "load the addon",
      path,
      cause: error instanceof Error ? error.message : String(error),
      hint: "in a checkout build it with `npm run build`; an installed runt needs runt.node beside its engine",
    });
  }
  return module.exports as Addon;
}
