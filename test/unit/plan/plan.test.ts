// Whole plans, and what must hold for every one of them. The plans are in plans/*.txt as
// `runt plan` prints them; UPDATE_PLANS=1 writes them anew, for a reader to judge the difference.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import t, { type Test } from "tap";
import { encodeProgram } from "../../../src/plan/encode.js";
import { isFirstPartAlone, planFirstPart } from "../../../src/plan/first-part.js";
import { planHook } from "../../../src/plan/hooks.js";
import { planContainer, printPlan } from "../../../src/plan/plan.js";
import { planSecondPart } from "../../../src/plan/second-part.js";
import { fieldsOf, NO_SLOT, type Step } from "../../../src/plan/steps.gen.js";
import type { ContainerRequest, Host, Plan } from "../../../src/plan/types.js";
import { defaultConfig } from "../../../src/spec/default-config.js";
import type { Spec } from "../../../src/spec/types.gen.js";
import { indexOf, ops, REQUEST, REQUEST_V2, ROOT, ROOTLESS, V2, withOwnIds, withUserNamespace } from "./fixtures.js";

interface Case {
  config: Spec;
  host: Host;
  request: ContainerRequest;
}

/** The config of `runt spec`, edited. */
function edited(edit: (config: Spec) => void, options = {}): Spec {
  const config = defaultConfig(options);
  config.process.terminal = false;
  edit(config);
  return config;
}

const hooks: Spec["hooks"] = {
  prestart: [{ path: "/hook/prestart" }],
  createRuntime: [{ path: "/hook/create-runtime" }],
  createContainer: [{ path: "/hook/create-container", args: ["hook", "x"], env: ["A=1"], timeout: 5 }],
  startContainer: [{ path: "/hook/start-container" }],
};

const seccomp: Spec["linux"] = { seccomp: { defaultAction: "SCMP_ACT_ALLOW" } };
const filter = { filter: new Uint8Array(8), flags: 4 };

const CASES: Record<string, Case> = {
  default: { config: edited(() => {}), host: ROOT, request: REQUEST },
  "user namespace": { config: edited(withUserNamespace), host: ROOT, request: REQUEST },
  rootless: {
    config: edited(() => {}, { rootless: true, euid: 1000, egid: 1000 }),
    host: ROOTLESS,
    request: { ...REQUEST, cgroups: { join: [] } },
  },
  "cgroup v2": { config: edited(() => {}, { cgroup2only: true }), host: { ...ROOT, cgroup: V2 }, request: REQUEST_V2 },
  "create, terminal, hooks": {
    config: edited((config) => {
      config.process.terminal = true;
      config.process.consoleSize = { width: 80, height: 24 };
      config.hooks = hooks;
      Object.assign(config.linux!, seccomp);
    }),
    host: ROOT,
    request: { ...REQUEST, waitForStart: true, seccomp: filter },
  },
  "run, hooks, early seccomp, another user": {
    config: edited((config) => {
      config.hooks = hooks;
      config.process.user = { uid: 1000, gid: 1000 };
      config.process.noNewPrivileges = false;
      Object.assign(config.linux!, seccomp);
    }),
    host: ROOT,
    request: { ...REQUEST, seccomp: filter },
  },
  "overlay in a user namespace, joined network": {
    config: edited((config) => {
      withUserNamespace(config);
      config.annotations = { "runt.rootfs.layers": '["base", "app"]' };
      config.linux!.namespaces!.find(({ type }) => type === "network")!.path = "/run/netns/a";
      config.mounts!.push({ destination: "/data", source: "/data", options: ["rbind", "ro"] });
    }),
    host: ROOT,
    request: REQUEST,
  },
};

// Tests run in the checkout's folder, compiled ones too.
const PLANS = "test/unit/plan/plans";
mkdirSync(PLANS, { recursive: true });

const planCase = ({ config, host, request }: Case): Plan => planContainer(config, host, request);

for (const [name, one] of Object.entries(CASES)) {
  t.test(`the whole plan: ${name}`, (t) => {
    const file = `${PLANS}/${name.replace(/\W+/g, "-")}.txt`;
    const text = printPlan(planCase(one));
    if (process.env.UPDATE_PLANS) writeFileSync(file, text);
    t.equal(text, readFileSync(file, "utf8"));
    t.end();
  });
}

/** Slots that a step fills, and slots that it needs filled. */
function slotsOf(step: Step): { fills: number[]; needs: number[] } {
  const values = step as unknown as Record<string, number>;
  const slots = fieldsOf(step.op)
    .filter(([, type]) => type === "slot")
    .map(([field]) => [field, values[field]!] as const);
  const filling = ["clone_tree", "make_filesystem", "make_masks", "open_namespace", "open_directory", "sync"];
  const fills = (field: string) => filling.includes(step.op) || (step.op === "listen_start" && field === "state");
  const given = slots.filter(([, slot]) => slot !== NO_SLOT);
  return {
    fills: given.filter(([field]) => fills(field)).map(([, slot]) => slot),
    needs: given.filter(([field]) => !fills(field)).map(([, slot]) => slot),
  };
}

/** What must hold for every plan. Out: what does not. */
function faults(plan: Plan): string[] {
  const found: string[] = [];
  const filled = new Set(Array.from({ length: plan.passed }, (_, slot) => slot));
  const needed = new Set<number>();
  for (const { step, pointer, where } of plan.steps) {
    const { fills, needs } = slotsOf(step);
    for (const slot of [...fills, ...needs])
      if (slot >= plan.slots) found.push(`${step.op}: slot ${slot} of ${plan.slots}`);
    for (const slot of needs) {
      if (!filled.has(slot)) found.push(`${step.op}: slot ${slot} is empty`);
      needed.add(slot);
    }
    for (const slot of fills) {
      if (filled.has(slot)) found.push(`${step.op}: slot ${slot} is filled twice`);
      filled.add(slot);
    }
    if (pointer !== "" && where === "") found.push(`${step.op}: a place without words`);
  }
  for (let slot = 0; slot < plan.slots; slot++) if (!needed.has(slot)) found.push(`slot ${slot} is not used`);
  return [...found, ...leaks(plan)];
}

/** Trees of the host that are opened before it is left must be cut off at once, or be asked to be shared. */
function leaks(plan: Plan): string[] {
  const cut = plan.steps.findIndex(({ step }) => step.op === "set_host_propagation");
  const clone = plan.steps.findIndex(({ step }) => step.op === "clone");
  return plan.steps.slice(0, clone).flatMap(({ step }, index) => {
    if (step.op !== "clone_tree" || index > cut) return [];
    const next = plan.steps[index + 1]!.step;
    const flags = next.op === "set_tree" && next.slot === step.slot ? Number(next.propagation) : 0;
    const isCut = (flags & 0x4000) !== 0 && (flags & ((1 << 18) | (1 << 19))) !== 0;
    return isCut ? [] : [`${step.path} stays a peer of the host's`];
  });
}

t.test("what holds for every plan", (t) => {
  for (const [name, one] of Object.entries(CASES)) t.same(faults(planCase(one)), [], name);
  t.same(faults(planHook({ path: "/h" }, "/hooks/poststop/0", "/")), [], "a hook");
  t.end();
});

t.test("what holds for plans of all kinds of configs", (t) => {
  // Every combination of these choices: few enough to try them all.
  const choices: ((config: Spec, one: Case) => void)[] = [
    (config) => withUserNamespace(config),
    (_, one) => Object.assign(one, { host: { ...one.host, cgroup: V2 }, request: REQUEST_V2 }),
    (config) => Object.assign(config, { hooks }),
    (config) => {
      config.annotations = { "runt.rootfs.overlay": "true" };
    },
    (config) => {
      config.linux!.rootfsPropagation = "shared";
      config.mounts!.push({ destination: "/a", source: "/a", options: ["rbind", "rshared"] });
    },
    (config) => {
      config.linux!.namespaces = config.linux!.namespaces!.filter(
        ({ type }) => type !== "network" && type !== "cgroup",
      );
      config.linux!.namespaces.push({ type: "network", path: "/run/netns/a" }, { type: "time" });
    },
    (_, one) => {
      one.request = { ...one.request, waitForStart: true };
    },
    (_, one) => {
      one.host = { ...one.host, euid: 1000, egid: 1000, rootless: true };
    },
  ];
  let plans = 0;
  let parted = 0;
  for (let bits = 0; bits < 1 << choices.length; bits++) {
    const one: Case = { config: edited(() => {}), host: ROOT, request: REQUEST };
    choices.forEach((choose, index) => {
      if (bits & (1 << index)) choose(one.config, one);
    });
    if (one.host.rootless && !(bits & 1)) withOwnIds(one.config);
    const plan = planCase(one);
    const found = faults(plan);
    if (found.length > 0) t.same(found, [], `choices ${bits.toString(2)}`);
    encodeProgram(plan);
    plans++;
    if (checkParts(t, one, plan)) parted++;
  }
  t.equal(plans, 256);
  t.ok(parted > 0 && parted < plans, `${parted} in two parts`);
  t.end();
});

/** Plans it again in parts, if it can be. Out: whether it was. */
function checkParts(t: Test, { config, host, request }: Case, whole: Plan): boolean {
  if (!isFirstPartAlone(config, request.cgroups)) return false;
  const begun = planFirstPart(config, host, request, true);
  const first = begun.plan!;
  const plan = planSecondPart(begun);
  const names = ops(plan).filter((op) => op !== "receive_program" && op !== "await");
  if (names.join() !== ops(whole).join()) t.same(names, ops(whole), "the same steps in the same order");
  const isWhole = ops(first).at(-1) === "receive_program" && ops(first).includes("clone");
  if (indexOf(first, "await") > indexOf(first, "clone")) t.fail("the clone is too early");
  const isAlone = !ops(first).includes("sync") && first.steps.every((planned, index) => planned === plan.steps[index]);
  if (!isWhole || !isAlone || faults(plan).length > 0) t.fail(`a first part that is none:\n${printPlan(plan)}`);
  return true;
}

t.test("the same input gives the same plan, and is not changed", (t) => {
  const one = CASES["create, terminal, hooks"]!;
  const before = JSON.stringify(one.config);
  t.same(planCase(one), planCase(one));
  t.equal(JSON.stringify(one.config), before);
  t.end();
});
