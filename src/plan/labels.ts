// process.apparmorProfile, process.selinuxLabel and linux.mountLabel: config.md, "Linux Process";
// config-linux.md, "Mount Label".

import { RuntError } from "../errors.js";
import type { Planning } from "./planning.js";
import { OWN, type Place, place } from "./program.js";

const NOT_SELINUX = "the label is for SELinux, which this kernel does not run";

/** What execve will confine the program by. Refused when the kernel would not. */
export function planLabels(planning: Planning): void {
  const { config, host, inside } = planning;
  const { apparmorProfile } = config.process;
  // Without AppArmor everything is unconfined.
  if (apparmorProfile && !(apparmorProfile === "unconfined" && !host.apparmor)) {
    const at = place("/process/apparmorProfile", apparmorProfile);
    if (!host.apparmor)
      throw new RuntError({ where: at.where, cause: "the profile is for AppArmor, which this kernel does not run" });
    inside.add(at, { op: "set_exec_label", lsm: "apparmor", label: apparmorProfile });
  }
  const label = processLabel(planning);
  if (label) inside.add(label.at, { op: "set_exec_label", lsm: "selinux", label: label.text });
}

/** SELinux's label of the program and of its session keyring. Throws RuntError where the kernel has none. */
function processLabel({ config, host }: Planning): { at: Place; text: string } | undefined {
  const { selinuxLabel } = config.process;
  if (!selinuxLabel) return undefined;
  const at = place("/process/selinuxLabel", selinuxLabel);
  if (!host.selinux) throw new RuntError({ where: at.where, cause: NOT_SELINUX });
  return { at, text: selinuxLabel };
}

/**
 * A session keyring with the program's label, so that the program may use it: keys get the label
 * that /proc/PID/attr/keycreate names, which is taken back afterwards.
 */
export function planKeyring(planning: Planning): void {
  const { start, request } = planning;
  const label = processLabel(planning);
  if (label) start.add(label.at, { op: "write_self", file: "attr/keycreate", text: label.text });
  start.add({ ...OWN, where: "--no-new-keyring" }, { op: "join_keyring", name: `_ses.${request.id}` });
  if (label) start.add(label.at, { op: "write_self", file: "attr/keycreate", text: "\n" });
}

/** Not labelled: their files have contexts of their own by SELinux's policy. */
const UNLABELLED: readonly string[] = ["proc", "sysfs", "mqueue", "cgroup", "cgroup2"];

/**
 * The SELinux context that linux.mountLabel gives to all files of a new file system: options of
 * their own, as a label has commas. A bind mount shows another file system, which keeps its labels:
 * relabelling files is the engine's work.
 */
export function mountContext({ config, host }: Planning, type: string): string[] {
  const label = config.linux?.mountLabel;
  if (!label) return [];
  if (!host.selinux) throw new RuntError({ where: place("/linux/mountLabel").where, cause: NOT_SELINUX });
  return UNLABELLED.includes(type) ? [] : [`context=${label}`];
}
