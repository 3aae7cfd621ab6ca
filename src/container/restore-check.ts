// Restored processes compared with config.json, while they are held and before one of their instructions has run.
// Images come from anywhere, and criu restores what is in them: capabilities, filters, labels. An image must not give
// more than config.json does (the class of CVE-2024-8676 and CVE-2026-92574).

import { SeccompImages } from "../criu/seccomp-images.js";
import { RuntError } from "../errors.js";
import { mountAt, type MountEntry, mountsOf } from "../host/mountinfo.js";
import { native } from "../host/native.js";
import { processStat } from "../host/proc.js";
import { MOUNT_ATTR_RDONLY } from "../plan/constants.js";
import { foldMountOptions } from "../plan/mount-options.js";
import { cleanPath } from "../plan/paths.js";
import type { Step } from "../plan/steps.gen.js";
import type { Host, Plan } from "../plan/types.js";
import type { LinuxNamespaceType, Spec } from "../spec/types.gen.js";
import { resolveIn } from "./external-mounts.js";

export interface Restored {
  /** The first process. */
  pid: number;
  config: Spec;
  host: Host;
  /** What create would have done: the law for rights. */
  plan: Plan;
  /** The image directory. */
  images: string;
  /** --lsm-profile: stands in place of the config's. */
  lsmProfile: string | undefined;
}

/** Compares all processes and the mounts. Throws RuntError at the first thing that is more than config.json gives. */
export function checkRestored(restored: Restored): void {
  const rights = rightsOf(restored);
  const images = rights.filter && openImages(restored);
  for (const pid of descendants(restored.pid)) {
    const threads = native().readdir(`/proc/${pid}/task`);
    if (threads.length === 1 && hasEnded(pid)) continue;
    checkNamespaces(restored, pid);
    checkLabels(restored, pid);
    for (const thread of threads) {
      const status = native().readFile(`/proc/${pid}/task/${thread}/status`);
      checkStatus(rights, pid, status);
      checkFilter(rights, pid, status, images);
    }
  }
  checkMappings(restored);
  checkMounts(restored);
}

/**
 * A child that had ended and that nobody had waited for. criu makes one that ends with the same status: it has criu's
 * own rights and label, and no instruction of the images ever runs in it.
 */
function hasEnded(pid: number): boolean {
  return processStat(pid)?.state === "Z";
}

/** A process and all that came from it. Between threads of one process nobody else can be. */
function descendants(pid: number): number[] {
  const all = [pid];
  for (let index = 0; index < all.length; index++) {
    for (const thread of native().readdir(`/proc/${all[index]}/task`)) {
      const text = native().readFileIfAny(`/proc/${all[index]}/task/${thread}/children`) ?? "";
      all.push(...text.split(" ").filter(Boolean).map(Number));
    }
  }
  return all;
}

interface Rights {
  bounding: bigint;
  /** All that a process could ever have: root gets its bounding set back with a new program. */
  any: bigint;
  noNewPrivileges: boolean;
  filter: Uint8Array | undefined;
}

/** What the program would have been given, read from the steps that would have done it. */
function rightsOf({ plan, host }: Restored): Rights {
  const all = (1n << BigInt(host.lastCapability + 1)) - 1n;
  const bounding = lastStep(plan, "drop_bounding")?.keep ?? all;
  const sets = lastStep(plan, "set_capabilities");
  const bits = [sets?.effective, sets?.permitted, sets?.inheritable, sets?.ambient].map((set) => BigInt(set ?? 0));
  return {
    bounding: BigInt(bounding),
    any: bits.reduce((sum, set) => sum | set, BigInt(bounding)),
    noNewPrivileges: lastStep(plan, "set_no_new_privs") !== undefined,
    filter: lastStep(plan, "set_seccomp")?.filter,
  };
}

type StepOf<Op extends Step["op"]> = Extract<Step, { op: Op }>;

function lastStep<Op extends Step["op"]>(plan: Plan, op: Op): StepOf<Op> | undefined {
  return plan.steps.findLast(({ step }) => step.op === op)?.step as StepOf<Op> | undefined;
}

function refuse(where: string, pid: number, cause: string): never {
  throw new RuntError({
    where,
    attempt: `restored process ${pid}`,
    cause,
    hint: "the checkpoint gives other rights than config.json: restore it with the config.json that it was made with",
  });
}

function checkStatus(rights: Rights, pid: number, status: string): void {
  const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(status)?.[1];
  const set = (name: string) => BigInt(`0x${field(name) ?? "0"}`);
  const where = "process.capabilities";
  if (set("CapBnd") & ~rights.bounding)
    refuse(where, pid, `its bounding set has more: ${names(set("CapBnd"), rights.bounding)}`);
  for (const name of ["CapPrm", "CapEff", "CapInh", "CapAmb"]) {
    if (set(name) & ~rights.any) refuse(where, pid, `it has more (${name}): ${names(set(name), rights.any)}`);
  }
  if (rights.noNewPrivileges && field("NoNewPrivs") !== "1") {
    refuse("process.noNewPrivileges", pid, "it may get new privileges");
  }
}

function openImages({ images, pid }: Restored): SeccompImages {
  try {
    return new SeccompImages(images);
  } catch {
    refuse("linux.seccomp", pid, "its filters can't be read from seccomp.img");
  }
}

/** The very filter of config.json: one that is called the same may allow more. */
function checkFilter({ filter }: Rights, pid: number, status: string, images: SeccompImages | undefined): void {
  if (!filter || !images) return;
  const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1] ?? "";
  if (field("Seccomp") !== "2") refuse("linux.seccomp", pid, "it has no filter");
  const thread = Number(field("NSpid").split(/\s+/).at(-1));
  if (!images.has(thread, filter)) refuse("linux.seccomp", pid, "its filter is another one than that of config.json");
}

const hex = (bits: bigint): string => `0x${bits.toString(16)}`;
const names = (has: bigint, may: bigint): string => hex(has & ~may);

/** Files below /proc/PID/ns. */
const NAMESPACE_FILES: Readonly<Record<LinuxNamespaceType, string>> = {
  pid: "pid",
  network: "net",
  mount: "mnt",
  ipc: "ipc",
  uts: "uts",
  user: "user",
  cgroup: "cgroup",
  time: "time",
};

/** The namespaces that config.json asks for are not the runtime's own, and are those that it names. */
function checkNamespaces({ config, pid: first }: Restored, pid: number): void {
  for (const { type, path } of config.linux?.namespaces ?? []) {
    const file = NAMESPACE_FILES[type];
    const inode = (name: string) => native().stat(name)?.ino;
    const has = inode(`/proc/${pid}/ns/${file}`);
    const where = `linux.namespaces (${type})`;
    const hosts = inode(`/proc/self/ns/${file}`);
    const asked = path ? inode(path) : undefined;
    if (has === hosts && asked !== hosts) refuse(where, pid, "it is in the namespace of the host");
    // The config's process alone: those that came from it may have made namespaces of their own since.
    if (path && pid === first && has !== asked) refuse(where, pid, `it is not in ${path}`);
  }
}

function checkLabels({ lsmProfile, plan }: Restored, pid: number): void {
  const [type, ...rest] = lsmProfile?.split(":") ?? [];
  const given = rest.join(":");
  for (const lsm of ["apparmor", "selinux"] as const) {
    const step = plan.steps.find(
      ({ step: { op, ...fields } }) => op === "set_exec_label" && "lsm" in fields && fields.lsm === lsm,
    );
    const asked = type === lsm ? given : step?.step.op === "set_exec_label" ? step.step.label : undefined;
    if (asked === undefined) continue;
    const found = labelOf(pid, lsm);
    // A profile may have profiles of its own for parts of a program.
    if (found === asked || (lsm === "apparmor" && found.startsWith(`${asked}//`))) continue;
    const where =
      type === lsm ? "--lsm-profile" : lsm === "apparmor" ? "process.apparmorProfile" : "process.selinuxLabel";
    refuse(where, pid, `its label is ${JSON.stringify(found)}, not ${JSON.stringify(asked)}`);
  }
}

/** "docker-default (enforce)" → "docker-default". */
function labelOf(pid: number, lsm: "apparmor" | "selinux"): string {
  const text =
    (lsm === "apparmor" ? native().readFileIfAny(`/proc/${pid}/attr/apparmor/current`) : null) ??
    native().readFile(`/proc/${pid}/attr/current`);
  return text.replace(/[\n\0]+$/, "").replace(/ \((?:enforce|complain|kill|unconfined)\)$/, "");
}

/** The ids of a user namespace of the container's own. */
function checkMappings({ config, pid }: Restored): void {
  const namespace = config.linux?.namespaces?.find(({ type }) => type === "user");
  if (!namespace || namespace.path) return;
  for (const kind of ["uid", "gid"] as const) {
    const asked = (config.linux?.[`${kind}Mappings`] ?? []).map(({ containerID, hostID, size }) =>
      [containerID, hostID, size].join(" "),
    );
    const found = native()
      .readFile(`/proc/${pid}/${kind}_map`)
      .trim()
      .split("\n")
      .map((line) => line.trim().split(/\s+/).join(" "));
    if (asked.sort().join() === found.sort().join()) continue;
    refuse(`linux.${kind}Mappings`, pid, `its map is ${JSON.stringify(found)}`);
  }
}

/** Where config.json mounts something there is a mount, read-only where it says so; and so with what it hides. */
function checkMounts({ config, pid }: Restored): void {
  const mounts = mountsOf(pid);
  const isReadonly = (mount: MountEntry | undefined) => mount?.options.includes("ro") === true;
  if (config.root.readonly && !isReadonly(mountAt(mounts, "/")))
    refuse("root.readonly", pid, "its root can be written to");
  config.mounts?.forEach(({ destination, options = [] }, index) => {
    const folded = foldMountOptions(options);
    if (folded.remount && !folded.bind) return;
    const found = mountAt(mounts, resolveIn(pid, cleanPath(destination)));
    const where = `mounts[${index}] (${destination})`;
    if (!found) refuse(where, pid, "nothing is mounted there");
    const readonly = (folded.own.set | folded.tree.set) & MOUNT_ATTR_RDONLY;
    if (readonly && !isReadonly(found)) refuse(where, pid, "the mount can be written to");
  });
  const exists = (path: string) => native().lstat(`/proc/${pid}/root${resolveIn(pid, path)}`) !== null;
  for (const path of (config.linux?.maskedPaths ?? []).map(cleanPath)) {
    if (!mountAt(mounts, resolveIn(pid, path)) && exists(path))
      refuse("linux.maskedPaths", pid, `${path} is not masked`);
  }
  for (const path of (config.linux?.readonlyPaths ?? []).map(cleanPath)) {
    if (!isReadonly(mountAt(mounts, resolveIn(pid, path))) && exists(path)) {
      refuse("linux.readonlyPaths", pid, `${path} can be written to`);
    }
  }
}
