import t from "tap";
import type { Spec } from "../../../src/spec/types.gen.js";
import { SYNC_NETWORK } from "../../../src/plan/steps.gen.js";
import { type Changes, ops, planOf, ROOTLESS, stepsOf, withUserNamespace } from "./fixtures.js";

const withDevices = (config: Spec) => {
  config.linux!.namespaces!.push({ type: "network" });
  config.linux!.netDevices = { eth0: {} };
};
const syncs = (edit: (config: Spec) => void, changes?: Changes) =>
  stepsOf(planOf(edit, changes), "sync").filter(({ point }) => point === SYNC_NETWORK).length;

t.test("the child waits in its network namespace for its devices, before anything is mounted", (t) => {
  t.equal(syncs(withDevices), 1);
  const names = ops(planOf(withDevices));
  t.ok(names.indexOf("raise_loopback") < names.indexOf("sync"));
  t.ok(names.indexOf("sync") < names.indexOf("clone_tree"));
  t.ok(names.indexOf("clone") < names.indexOf("sync"));
  t.end();
});

t.test("in a user namespace the child has made the network namespace by then", (t) => {
  const names = planOf((config) => {
    withDevices(config);
    withUserNamespace(config);
  }).steps.map(({ step }) => (step.op === "sync" ? `sync ${step.point}` : step.op));
  t.ok(names.lastIndexOf("unshare") < names.indexOf(`sync ${SYNC_NETWORK}`));
  t.end();
});

t.test("without devices nobody waits", (t) => {
  t.equal(
    syncs(() => {}),
    0,
  );
  t.equal(
    syncs((config) => (config.linux!.netDevices = {})),
    0,
  );
  t.end();
});

t.test("a user without privileges can't move devices", (t) => {
  t.throws(() => planOf(withDevices, { host: ROOTLESS }), {
    message: /^linux\.netDevices: only root can move network devices/,
  });
  t.end();
});
