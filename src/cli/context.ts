// What every command gets: its parsed command line and the global options.

import type { CgroupManager } from "../cgroup/index.js";
import type { Options } from "./parse.js";

export interface GlobalOptions {
  /** Absolute directory of all containers' state. */
  root: string;
  /** --root was given: then a missing directory is an error where it would be an empty list. */
  rootGiven: boolean;
  /** It is the default below $XDG_RUNTIME_DIR: made sticky, so that nobody tidies it away. */
  rootOfUser: boolean;
  cgroupManager: CgroupManager;
  rootless: "true" | "false" | "auto";
}

export interface Context {
  /** The name that runt was called by, without folders. */
  program: string;
  global: GlobalOptions;
  options: Options;
  positionals: readonly string[];
}
