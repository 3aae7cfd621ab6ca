// process.apparmorProfile and process.selinuxLabel: config.md, "Linux Process".

import { RuntError } from "../errors.js";
import type { Planning } from "./planning.js";
import { place } from "./program.js";

/** What execve will confine the program by. Refused when the kernel would not. */
export function planLabels({ config, host, inside }: Planning): void {
  const { apparmorProfile, selinuxLabel } = config.process;
  // Without AppArmor everything is unconfined.
  if (apparmorProfile && !(apparmorProfile === "unconfined" && !host.apparmor)) {
    const at = place("/process/apparmorProfile", apparmorProfile);
    if (!host.apparmor)
      throw new RuntError({ where: at.where, cause: "the profile is for AppArmor, which this kernel does not run" });
    inside.add(at, { op: "set_exec_label", lsm: "apparmor", label: apparmorProfile });
  }
  if (selinuxLabel) {
    const at = place("/process/selinuxLabel", selinuxLabel);
    if (!host.selinux)
      throw new RuntError({ where: at.where, cause: "the label is for SELinux, which this kernel does not run" });
    inside.add(at, { op: "set_exec_label", lsm: "selinux", label: selinuxLabel });
  }
}
