// The compilation of a process that joins a container: `exec`. Pure, as plan.ts is.
//
//   stage A, in the host's namespaces
//     what needs the host's privileges, the cgroups
//     a clone into the cgroup2 directory: whoever is in sight of the container must not hold that
//     directory, which is the host's
//     the joins, in one step; what is not needed any more of the host's capabilities is given up
//   stage B, after a clone into the pid namespace: as in a new container, without mounts

import type { Spec } from "../spec/types.gen.js";
import { capabilitySets, planBounding, planEntryRights } from "./capabilities.js";
import { planExecute } from "./exec.js";
import { keepsCallersGroups, planSetupUser } from "./mappings.js";
import { expandNumberList } from "./number-list.js";
import { Planning } from "./planning.js";
import { planBecomeUser, planPrivileged } from "./process.js";
import { OWN, type Place, place } from "./program.js";
import { planRaisedRlimits } from "./rlimits.js";
import { planOomScore, planSession } from "./session.js";
import { planStreams } from "./streams.js";
import { NO_SLOT, SYNC_CGROUP } from "./steps.gen.js";
import type { CgroupPlacement, Host, Plan, Stream } from "./types.js";

/** What is joined, and how. */
export interface JoinRequest {
  id: string;
  /** The container's first process. */
  init: { pid: number; startTime: number };
  /** The engine passes its pidfd in slot 0. */
  hasPidfd: boolean;
  /** Descriptors that stay open from 3 on. */
  preserve: number;
  noNewKeyring: boolean;
  cgroups: CgroupPlacement;
  /** What asked for these cgroups: "--cgroup", or "". */
  cgroupsAt: string;
  seccomp?: { filter: Uint8Array; flags: number } | undefined;
  /** What the process gets as standard input, output and error. */
  streams: readonly Stream[];
}

/** The slot of the pidfd. */
const PIDFD_SLOT = 0;

/**
 * The program of a further process in a container.
 * In: of the container's config the process that is to run and what holds for every process;
 * the machine, where setgroupsDenied speaks of the container's user namespace. Throws RuntError.
 */
export function planJoin(config: Spec, host: Host, request: JoinRequest): Plan {
  const planning = planningOf(config, host, request);
  const { before, entering, start } = planning;

  before.add(OWN, { op: "set_dumpable", value: 0 });
  const { initial, final } = config.process.execCPUAffinity ?? {};
  if (initial) planAffinity(before, initial, place("/process/execCPUAffinity/initial"));
  planOomScore(planning);
  planRaisedRlimits(planning);
  planForeignGroups(planning);
  planCgroups(planning, request);

  entering.add(place("/linux/namespaces"), {
    op: "join_process",
    process: request.hasPidfd ? PIDFD_SLOT : NO_SLOT,
    pid: request.init.pid,
    startTime: request.init.startTime,
    flags: planning.namespaces.flags(),
    root: Number(planning.inheritsMounts),
  });
  // Nobody in the container sees this process yet, unless it shares the host's pid namespace.
  const sets = capabilitySets(planning);
  planBounding(entering, sets);
  planEntryRights(entering, planning, sets);
  entering.add(OWN, { op: "clone", flags: 0, cgroup: NO_SLOT });

  // The caller's affinity is not the container's. An empty list is every CPU of the cpuset.
  planAffinity(start, final ?? "", place("/process/execCPUAffinity/final"));
  planSetupUser(planning);
  planStreams(planning, request.streams);
  planSession(planning);
  planTerminal(planning);
  planPrivileged(planning);
  planBecomeUser(planning, sets);
  planExecute(planning);

  return planning.plan;
}

function planningOf(config: Spec, host: Host, request: JoinRequest): Planning {
  const { id, preserve, noNewKeyring, cgroups, seccomp, hasPidfd } = request;
  const container = {
    id,
    bundle: "",
    stateDir: "",
    waitForStart: false,
    preserve,
    listenFds: 0,
    noPivot: false,
    noNewKeyring,
    cgroups,
    ...(seccomp ? { seccomp } : {}),
  };
  return new Planning(config, host, container, hasPidfd ? 1 : 0);
}

function planAffinity(list: Planning["before"], cpus: string, at: Place): void {
  list.add(at, { op: "set_affinity", cpus: expandNumberList(cpus, at) });
}

/**
 * Where the container's user namespace does not allow setgroups(2), the host's root gives up its
 * own groups while it can.
 */
function planForeignGroups({ before, config, host, inUserNamespace }: Planning): void {
  if (!inUserNamespace || host.euid !== 0 || !host.setgroupsDenied || keepsCallersGroups(config)) return;
  before.add(OWN, { op: "enter_user", uid: host.euid, gid: host.egid, groups: [], keepGroups: 0 });
}

function planCgroups(planning: Planning, { cgroups, cgroupsAt }: JoinRequest): void {
  const { before } = planning;
  const at = { ...OWN, where: cgroupsAt };
  for (const path of cgroups.join) before.add(at, { op: "join_cgroup", path });
  if (cgroups.into === undefined) return;
  if (cgroups.wait) before.add(at, { op: "sync", point: SYNC_CGROUP, slot: NO_SLOT });
  const cgroup = planning.slot();
  before.add(at, { op: "open_directory", slot: cgroup, path: cgroups.into, readable: 1 });
  before.add(at, { op: "clone", flags: 0, cgroup });
}

/** From the container's own devpts. /dev/console stays the first process's. */
function planTerminal({ config, inside }: Planning): void {
  const { terminal, consoleSize, user } = config.process;
  if (!terminal) return;
  inside.add(place("/process/terminal"), {
    op: "open_console",
    width: consoleSize?.width ?? 0,
    height: consoleSize?.height ?? 0,
    uid: user.uid,
    bind: 0,
  });
}
