// A restored network namespace is empty, as a new one: criu is told not to fill it (criu-settings.ts).

import { NAMESPACE_FLAGS } from "../plan/namespaces.js";
import { StepList, place } from "../plan/program.js";
import type { Spec } from "../spec/types.gen.js";
import { runSteps } from "./helper-program.js";
import type { Reporter } from "./report.js";

/** Brings up lo in a network namespace of the container's own, as create does. */
export function raiseLoopback(config: Spec, pid: number, report: Reporter): void {
  const index = config.linux?.namespaces?.findIndex(({ type }) => type === "network") ?? -1;
  if (index < 0 || config.linux?.namespaces?.[index]?.path) return;
  const at = place(`/linux/namespaces/${index}`, "network");
  const list = new StepList();
  const type = NAMESPACE_FLAGS.network;
  list.add(at, { op: "open_namespace", slot: 0, path: `/proc/${pid}/ns/net`, type });
  list.add(at, { op: "join_namespace", slot: 0, type, tolerate: 0 });
  list.add(at, { op: "raise_loopback" });
  runSteps(list, 1, { report });
}
