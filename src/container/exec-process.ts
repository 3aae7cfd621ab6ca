// The process that exec adds: the container's own with what the command line says otherwise, or a
// document of its own (--process).

import { RuntError } from "../errors.js";
import type { Process } from "../spec/types.gen.js";
import type { Reporter } from "./report.js";

/** What the command line says. */
export interface ProcessOptions {
  args: readonly string[];
  cwd?: string | undefined;
  env: readonly string[];
  terminal: boolean;
  uid?: number | undefined;
  gid?: number | undefined;
  additionalGids: readonly number[];
  capabilities: readonly string[];
  apparmorProfile?: string | undefined;
  selinuxLabel?: string | undefined;
  /** Undefined: as the container's process. */
  noNewPrivileges?: boolean | undefined;
}

/** The container's process with other arguments, and changed as the options say. Throws RuntError. */
export function processFromOptions(own: Process, options: ProcessOptions): Process {
  const { args, cwd = own.cwd, env, terminal, uid, gid, apparmorProfile, selinuxLabel, noNewPrivileges } = options;
  if (args.length === 0) throw new RuntError("process args cannot be empty");
  if (!cwd.startsWith("/")) throw new RuntError("Cwd must be an absolute path");
  for (const entry of env) checkVariable(entry);
  const process: Process = {
    ...own,
    args: [...args],
    cwd,
    terminal,
    env: [...(own.env ?? []), ...env],
    user: {
      ...own.user,
      uid: uid ?? own.user.uid,
      gid: gid ?? own.user.gid,
      additionalGids: [...(own.user.additionalGids ?? []), ...options.additionalGids],
    },
  };
  if (apparmorProfile !== undefined) process.apparmorProfile = apparmorProfile;
  if (selinuxLabel !== undefined) process.selinuxLabel = selinuxLabel;
  if (noNewPrivileges !== undefined) process.noNewPrivileges = noNewPrivileges;
  process.capabilities = granted(own);
  if (options.capabilities.length > 0)
    process.capabilities = moreCapabilities(process.capabilities, options.capabilities);
  return process;
}

function checkVariable(entry: string): void {
  const equals = entry.indexOf("=");
  if (equals > 0) return;
  const what = equals < 0 ? "missing '='" : "name cannot be empty";
  throw new RuntError({ where: "--env", cause: `invalid environment variable: ${what}: ${JSON.stringify(entry)}` });
}

/**
 * The container's sets without what the kernel does not grant: that was said when it was made,
 * and need not be said again by every exec.
 */
function granted({ capabilities }: Process): Process["capabilities"] {
  if (!capabilities) return undefined;
  const { effective, permitted = [], inheritable = [], ambient } = capabilities;
  const isPermitted = (name: string) => permitted.includes(name);
  return {
    ...capabilities,
    ...(effective ? { effective: effective.filter(isPermitted) } : {}),
    ...(ambient ? { ambient: ambient.filter((name) => isPermitted(name) && inheritable.includes(name)) } : {}),
  };
}

/**
 * Inheritable ones are never added (CVE-2022-29162), and without being inheritable none can be
 * ambient: of those that the container's process may inherit, the added ones become ambient.
 */
function moreCapabilities(
  capabilities: Process["capabilities"] = {},
  names: readonly string[],
): Process["capabilities"] {
  const { bounding = [], effective = [], permitted = [], inheritable, ambient = [] } = capabilities;
  const raised = names.filter((name) => inheritable?.includes(name));
  return {
    ...capabilities,
    bounding: [...bounding, ...names],
    effective: [...effective, ...names],
    permitted: [...permitted, ...names],
    ...(raised.length > 0 ? { ambient: [...ambient, ...raised] } : {}),
  };
}

/**
 * The process of a document. What confines the container's own process and is not mentioned
 * holds for this one too: a caller that only knows what it wants to run does not thereby free it.
 */
export async function processFromFile(own: Process, path: string, report: Reporter): Promise<Process> {
  // The validators are a good part of the program, and only this needs them.
  const { loadProcess } = await import("../spec/load.js");
  const { document, warnings } = await loadProcess(path);
  for (const warning of warnings) report.warn(warning);
  const process: Process = { ...document };
  process.capabilities ??= granted(own);
  process.apparmorProfile ||= own.apparmorProfile;
  process.selinuxLabel ||= own.selinuxLabel;
  process.scheduler ??= own.scheduler;
  process.ioPriority ??= own.ioPriority;
  process.oomScoreAdj ??= own.oomScoreAdj;
  process.execCPUAffinity ??= own.execCPUAffinity;
  if (!process.rlimits?.length) process.rlimits = own.rlimits;
  process.user = { ...process.user, umask: process.user?.umask ?? own.user.umask };
  return process;
}
