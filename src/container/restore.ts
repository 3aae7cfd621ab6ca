// restore: a container made of what criu wrote. Its mounts, cgroups, namespaces of others and hooks come from
// config.json, its processes from the images; before these go on they are compared with config.json
// (restore-check.ts). What is taken from the machine is held as in create.ts (acquisition.ts).
//
//   criu                            runt
//                                   claims the id, makes cgroups, missing mount points, starts criu in both
//   setup-namespaces (pid) ──►      network devices, prestart and createRuntime hooks
//   orphan-pts-master (fd) ──►      holds the terminal's master
//   pre-resume (pid)       ──►      compares, commits the state, hands out descriptors
//   (response)                      poststart hooks; supervises the container, or is done

import { detectCgroups } from "../cgroup/detect.js";
import { RuntError } from "../errors.js";
import { readHost } from "../host/facts.js";
import { native } from "../host/native.js";
import { listenerOf } from "../plan/seccomp.js";
import type { Spec } from "../spec/types.gen.js";
import { loadBundle } from "./bundle.js";
import { keepCgroupOptions } from "./cgroup-options.js";
import { readCheckpoint } from "./checkpoint-files.js";
import { checkConsole } from "./console.js";
import { extrasOf } from "./create.js";
import { requireCriu } from "./criu-process.js";
import { closeDirectories, type CriuSettings, inheritedMounts, openDirectories } from "./criu-settings.js";
import { chooseCgroup, chooseOverlay, type CreateRequest } from "./design.js";
import { checkId } from "./ids.js";
import { RESTORE_LOG, Restoration, type Restored } from "./restoration.js";
import { removeContainer } from "./removal.js";
import { runPoststart } from "./poststart.js";

export interface RestoreRequest extends CreateRequest {
  settings: CriuSettings;
  /** TYPE:NAME */
  lsmProfile: string | undefined;
  lsmMountContext: string | undefined;
  /** Adopt what the first process leaves behind, and wait for it. */
  subreaper: boolean;
}

/**
 * Restores a container. Out: the exit status: that of the container's first process (128 + N for a signal), 0 when
 * detached. Throws RuntError; then nothing of the container is left.
 */
export async function restoreContainer(request: RestoreRequest): Promise<number> {
  const { id, root, settings, detach, subreaper, report } = request;
  checkId(id);
  const { config, warnings } = await loadBundle(request);
  for (const warning of warnings) report.warn(warning);
  checkConsole(request.program, config.process.terminal === true, detach, request.consoleSocket);
  refuseUnkept(config, request);
  const directories = openDirectories(settings, RESTORE_LOG, false);
  let restored: Restored;
  try {
    const document = readCheckpoint(settings.imagePath);
    const criu = keepCgroupOptions(report, () => requireCriu(report));
    const host = readHost(detectCgroups);
    const cgroup = await chooseCgroup(request, config, host);
    if (!detach) native().catchSignals(subreaper);
    const source = { criu, document, directories, ...(await extrasOf(config, request)) };
    restored = await new Restoration(request, config, host, cgroup, source).run();
  } finally {
    closeDirectories(directories);
  }
  const { state, pid, pidfd, master } = restored;
  try {
    await runPoststart(root, state, report);
    if (detach) return 0;
    const status = native().supervise({ pid, pidfd, master, subreaper });
    report.debug(`restore: process ${pid} has ended with status ${status}`);
    await removeContainer(root, state, false, report);
    return status;
  } finally {
    native().close(pidfd);
    native().close(master);
  }
}

/** What no checkpoint holds. */
function refuseUnkept(config: Spec, request: RestoreRequest): void {
  if (!config.linux?.namespaces?.some(({ type }) => type === "mount")) throw inheritedMounts();
  const overlay = chooseOverlay(request, config);
  if (overlay && !overlay.kept) {
    throw new RuntError({
      where: "annotations",
      cause: "the writable layer that the processes had was deleted with their container",
      hint: "runt.rootfs.upper names a directory that keeps it",
    });
  }
  if (config.linux?.seccomp && listenerOf(config.linux.seccomp)) {
    throw new RuntError({ where: "linux.seccomp", cause: "criu can't restore a filter that notifies an agent" });
  }
}
