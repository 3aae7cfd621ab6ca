// Configs, hosts and requests that the tests of the planner start from.

import { planContainer } from "../../../src/plan/plan.js";
import { printPlan } from "../../../src/plan/print.js";
import type { Step } from "../../../src/plan/steps.gen.js";
import type { ContainerRequest, Host, Plan } from "../../../src/plan/types.js";
import type { Spec } from "../../../src/spec/types.gen.js";

export const V1: Host["cgroup"] = {
  version: 1,
  unified: "/sys/fs/cgroup/unified",
  hierarchies: {
    cpu: "/sys/fs/cgroup/cpu,cpuacct",
    cpuacct: "/sys/fs/cgroup/cpu,cpuacct",
    memory: "/sys/fs/cgroup/memory",
    "name=systemd": "/sys/fs/cgroup/systemd",
  },
  own: { cpu: "/", cpuacct: "/", memory: "/user", "name=systemd": "/" },
};

export const V2: Host["cgroup"] = { version: 2, unified: "/sys/fs/cgroup", hierarchies: {}, own: { "": "/" } };

export const ROOT: Host = {
  kernel: { major: 6, minor: 18 },
  euid: 0,
  egid: 0,
  rootless: false,
  cgroup: V1,
  lastCapability: 40,
  apparmor: false,
  selinux: false,
};

export const ROOTLESS: Host = { ...ROOT, euid: 1000, egid: 1000, rootless: true };

export const REQUEST: ContainerRequest = {
  id: "box",
  bundle: "/bundle",
  stateDir: "/run/runt/box",
  waitForStart: false,
  preserve: 0,
  listenFds: 0,
  noPivot: false,
  noNewKeyring: false,
  cgroups: { join: ["/sys/fs/cgroup/cpu,cpuacct/box", "/sys/fs/cgroup/memory/box"] },
};

export const REQUEST_V2: ContainerRequest = { ...REQUEST, cgroups: { join: [], into: "/sys/fs/cgroup/box" } };

/** The least that can be planned. */
export function smallConfig(): Spec {
  return {
    ociVersion: "1.3.0",
    process: { args: ["/bin/true"], cwd: "/", user: { uid: 0, gid: 0 } },
    root: { path: "rootfs" },
    linux: { namespaces: [{ type: "mount" }, { type: "pid" }] },
  };
}

/** Mappings of a user namespace: ids of the container from 100000 on. */
export function withUserNamespace(config: Spec): void {
  config.linux!.namespaces!.push({ type: "user" });
  config.linux!.uidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  config.linux!.gidMappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
}

/** Maps the own ids of ROOTLESS alone. */
export function withOwnIds(config: Spec): void {
  config.linux!.namespaces!.push({ type: "user" });
  config.linux!.uidMappings = [{ containerID: 0, hostID: 1000, size: 1 }];
  config.linux!.gidMappings = [{ containerID: 0, hostID: 1000, size: 1 }];
}

export interface Changes {
  host?: Partial<Host>;
  request?: Partial<ContainerRequest>;
}

/** The plan of a small config with an edit. */
export function planOf(edit: (config: Spec) => void = () => {}, { host, request }: Changes = {}): Plan {
  const config = smallConfig();
  edit(config);
  return planContainer(config, { ...ROOT, ...host }, { ...REQUEST, ...request });
}

/** All steps of one kind, in their order. */
export function stepsOf<Op extends Step["op"]>(plan: Plan, op: Op): Extract<Step, { op: Op }>[] {
  return plan.steps.map(({ step }) => step).filter((step): step is Extract<Step, { op: Op }> => step.op === op);
}

/** The names of the steps. */
export const ops = (plan: Plan): string[] => plan.steps.map(({ step }) => step.op);

/** The index of the first step of a kind. */
export function indexOf(plan: Plan, op: Step["op"]): number {
  const index = ops(plan).indexOf(op);
  if (index < 0) throw new Error(`no ${op} in:\n${printPlan(plan)}`);
  return index;
}

/** The steps that come from a place in config.json, as `runt plan` prints them. */
export function linesAt(plan: Plan, pointer: string): string[] {
  const steps = plan.steps.filter((planned) => planned.pointer === pointer);
  return printPlan({ ...plan, steps })
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.replace(/^ *\d+ {2}/, "").replace(/ {2}#.*$/, ""));
}
