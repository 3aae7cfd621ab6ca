// The kinds of documents that the specification knows.

import type { Features, LinuxResources, Process, Spec, State } from "./types.gen.js";

/** What a kind of document becomes. */
export interface Documents {
  /** config.json of a bundle. */
  config: Spec;
  /** The file of exec --process. */
  process: Process;
  /** The file of update --resources. */
  resources: LinuxResources;
  /** What `state` prints. */
  state: State;
  /** What `features` prints. */
  features: Features;
}

export type Kind = keyof Documents;

/** The definition (src/spec/schema) at the root of each kind. */
export const ROOTS: Record<Kind, string> = {
  config: "Spec",
  process: "Process",
  resources: "LinuxResources",
  state: "State",
  features: "Features",
};
