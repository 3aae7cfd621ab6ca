// What create decides before it takes anything: which cgroups, what the journal says, what the plan is made from.
// `runt plan` shows the same plan.

import type { CgroupDriver } from "../cgroup/driver.js";
import { type CgroupManager, delegationOwner, newCgroupDriver } from "../cgroup/index.js";
import { RuntError } from "../errors.js";
import type { SeccompFilter, SeccompProfile } from "../host/addon.js";
import { callerEnvironment } from "../host/launch.js";
import { native } from "../host/native.js";
import { processStat } from "../host/proc.js";
import { overlayPaths, type OverlayPaths } from "../plan/overlay.js";
import { NEW_LISTENER, listenerOf, seccompFlagValue, seccompProfile } from "../plan/seccomp.js";
import type { ContainerRequest, Host, Plan, Stream } from "../plan/types.js";
import { OCI_VERSION } from "../spec/versions.js";
import type { LinuxSeccomp, Spec } from "../spec/types.gen.js";
import { absolutePath } from "./paths.js";
import type { Preserved } from "./preserve.js";
import type { Reporter } from "./report.js";
import { STATE_FORMAT, formatTime, type JournalDocument, type LateStep, type ProcessIdentity } from "./state.js";
import { notifyDirectory, stateDirectory } from "./store.js";

export interface CreateRequest {
  /** For messages that name the program. */
  program: string;
  root: string;
  /** The root is the default below $XDG_RUNTIME_DIR. */
  rootOfUser: boolean;
  id: string;
  /** Absolute. */
  bundle: string;
  /** Absolute path of the config, which need not be in the bundle. */
  config: string;
  consoleSocket?: string | undefined;
  pidfdSocket?: string | undefined;
  /** Absolute. */
  pidFile?: string | undefined;
  /** $NOTIFY_SOCKET of the caller: the container gets a socket of its own to notify it by. */
  notifySocket?: string | undefined;
  noPivot: boolean;
  noNewKeyring: boolean;
  preserved: Preserved;
  /** Nobody waits for the container here: its terminal must be given away. */
  detach: boolean;
  /** create: the program waits for `start`. run: it goes on at once. */
  waitForStart: boolean;
  /** --rootless: go on without cgroups that may not be changed. */
  rootless: "true" | "false" | "auto";
  cgroupManager: CgroupManager;
  report: Reporter;
}

/** The cgroups of a new container. Changes nothing. */
export function chooseCgroup(request: CreateRequest, config: Spec, host: Host): Promise<CgroupDriver> {
  const { id, rootless, cgroupManager: manager } = request;
  return newCgroupDriver({
    layout: host.cgroup,
    cgroupsPath: config.linux?.cgroupsPath,
    id,
    rootless: rootless === "auto" ? host.rootless : rootless === "true",
    manager,
    annotations: config.annotations,
    owner: delegationOwner(config),
  });
}

/** The overlay root that the bundle asks for, if any. Throws RuntError. */
export function chooseOverlay({ root, id, bundle }: CreateRequest, config: Spec): OverlayPaths | undefined {
  return overlayPaths(config, { bundle, stateDir: stateDirectory(root, id) });
}

/** The journal of a new container. */
export function describe(
  request: CreateRequest,
  config: Spec,
  cgroup: CgroupDriver,
  overlay: OverlayPaths | undefined,
): JournalDocument {
  const { bundle, id } = request;
  const { poststart, poststop, startContainer } = config.hooks ?? {};
  const { uidMappings, gidMappings } = config.linux ?? {};
  const pidNamespace = config.linux?.namespaces?.find(({ type }) => type === "pid");
  return {
    format: STATE_FORMAT,
    id,
    // Of the state document, not of the bundle (runtime.md, "State").
    ociVersion: OCI_VERSION,
    bundle,
    rootfs: absolutePath(config.root.path, bundle),
    created: formatTime(native().now()),
    ...(config.annotations ? { annotations: config.annotations } : {}),
    engine: identify(native().getpid()),
    cgroup: cgroup.paths,
    ...(overlay
      ? { overlay: { upper: overlay.upper, work: overlay.work, lower: overlay.lower, kept: overlay.kept } }
      : {}),
    ...listenerIn(config),
    ...(overlay && uidMappings && gidMappings ? { idMappings: { uid: uidMappings, gid: gidMappings } } : {}),
    ...(poststart || poststop ? { hooks: { poststart, poststop } } : {}),
    startHooks: (startContainer?.length ?? 0) > 0,
    // One that is joined has another first process, which our end does not take along.
    ownPidNamespace: pidNamespace !== undefined && !pidNamespace.path,
  };
}

/**
 * What a container's plan is made from besides config and machine. In: the container's directory, its cgroups, how a
 * seccomp profile becomes a filter; of a container that is made, the journal (where the root of one in the runtime's
 * mount namespace is stands there only when it has been taken) and our streams that it may have.
 */
export function containerRequest(
  request: CreateRequest,
  config: Spec,
  stateDir: string,
  cgroup: CgroupDriver,
  compile: (profile: SeccompProfile) => SeccompFilter,
  { journal, streams }: { journal?: JournalDocument; streams?: readonly Stream[] } = {},
): ContainerRequest {
  const seccomp = config.linux?.seccomp;
  const { preserved } = request;
  let filter: ContainerRequest["seccomp"];
  return {
    id: request.id,
    bundle: request.bundle,
    stateDir,
    get rootPoint() {
      return journal?.rootMount?.point;
    },
    waitForStart: request.waitForStart,
    preserve: preserved.descriptors.length,
    listenFds: preserved.listenFds,
    ...(preserved.listenFdNames === undefined ? {} : { listenFdNames: preserved.listenFdNames }),
    ...(request.notifySocket === undefined ? {} : { notifyDirectory: notifyDirectory(stateDir) }),
    noPivot: request.noPivot,
    noNewKeyring: request.noNewKeyring,
    ...(streams ? { streams } : {}),
    cgroups: cgroup.placement(),
    get environment() {
      return callerEnvironment();
    },
    get seccomp() {
      if (seccomp) filter ??= compiled(seccomp, compile, request.report);
      return filter;
    },
  };
}

/** Profiles whose filter can't be loaded are known before anything is made. */
function compiled(seccomp: LinuxSeccomp, compile: (profile: SeccompProfile) => SeccompFilter, report: Reporter) {
  const { profile, flags, listener } = seccompProfile(seccomp);
  seccomp.flags?.forEach((name, index) => {
    if (native().seccompFlagAvailable(seccompFlagValue(name)!)) return;
    const where = `linux.seccomp.flags[${index}]`;
    throw new RuntError({ where, cause: `this kernel does not support ${name}` });
  });
  if (listener && !native().seccompFlagAvailable(NEW_LISTENER)) {
    const cause = "this kernel does not support SCMP_ACT_NOTIFY (SECCOMP_FILTER_FLAG_NEW_LISTENER, Linux 5.0)";
    throw new RuntError({ where: "linux.seccomp", cause });
  }
  const { filter, unknown } = compile(profile);
  if (unknown.length > 0) report.debug(`seccomp: not known to libseccomp here: ${unknown.join(", ")}`);
  return { filter, flags };
}

function listenerIn({ linux }: Spec) {
  const listener = linux?.seccomp && listenerOf(linux.seccomp);
  return listener ? { listener } : {};
}

/** A process that runs, for certain. */
export function identify(pid: number): ProcessIdentity {
  return { pid, startTime: processStat(pid)?.startTime ?? 0 };
}

/** The steps that runt-init takes only after `start`. */
export function lateSteps(plan: Plan): LateStep[] {
  const wait = plan.steps.findIndex(({ step }) => step.op === "listen_start");
  if (wait < 0) return [];
  return plan.steps.slice(wait).map(({ step, where }, offset) => ({ index: wait + offset, op: step.op, where }));
}
