// Who shall own a container's cgroup: config-linux.md, Cgroup ownership.

import { statSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { delegateCgroup, delegatedFiles, delegationOwner } from "../../../src/cgroup/delegate.js";
import type { Spec } from "../../../src/spec/types.gen.js";

const mount = { source: "cgroup", destination: "/sys/fs/cgroup", type: "cgroup", options: ["rw"] };
const namespaces = [{ type: "cgroup" }, { type: "user" }];
const uidMappings = [
  { containerID: 0, hostID: 1000, size: 1 },
  { containerID: 1, hostID: 100000, size: 65535 },
];
const config = (uid: number, linux: object, mounts: object[] = [mount]) =>
  ({ ociVersion: "1.3.0", process: { user: { uid, gid: 0 } }, mounts, linux }) as unknown as Spec;

t.test("owners", async (t) => {
  t.equal(delegationOwner(config(0, { namespaces, uidMappings })), 1000);
  t.equal(delegationOwner(config(5, { namespaces, uidMappings })), 100004);
  t.equal(delegationOwner(config(70000, { namespaces, uidMappings })), undefined, "not mapped");
  t.equal(delegationOwner(config(7, { namespaces: [{ type: "cgroup" }] })), 7, "no user namespace");
  t.equal(delegationOwner(config(0, { namespaces: [{ type: "cgroup" }] })), undefined, "root has it already");
});

t.test("nobody", async (t) => {
  const linux = { namespaces, uidMappings };
  t.equal(
    delegationOwner(config(0, { ...linux, namespaces: [{ type: "user" }] })),
    undefined,
    "host's cgroup namespace",
  );
  t.equal(delegationOwner(config(0, { ...linux, namespaces: [{ type: "cgroup", path: "/x" }] })), undefined, "joined");
  t.equal(delegationOwner(config(0, linux, [])), undefined, "no mount");
  t.equal(delegationOwner(config(0, linux, [{ ...mount, options: ["nosuid", "ro"] }])), undefined, "read-only mount");
  t.equal(delegationOwner(config(0, linux, [{ ...mount, source: "cgroup2" }])), undefined, "other source");
  const joined = [{ type: "cgroup" }, { type: "user", path: "/x" }];
  t.equal(delegationOwner(config(0, { namespaces: joined })), undefined, "mappings unknown");
  t.equal(delegationOwner({ ociVersion: "1.3.0" } as Spec), undefined);
});

t.test("which files: what the kernel lists, or the three of old", async (t) => {
  t.same(delegatedFiles("cgroup.procs\ncgroup.threads\nmemory.oom.group\n"), [
    "cgroup.procs",
    "cgroup.threads",
    "memory.oom.group",
  ]);
  t.same(delegatedFiles(null), ["cgroup.procs", "cgroup.subtree_control", "cgroup.threads"]);
});

const root = { skip: process.getuid!() === 0 ? false : "only root can give files away" } as const;
t.test("the directory and these files change hands, no others; what is missing is passed over", root, async (t) => {
  const directory = t.testdir({ "cgroup.procs": "", "cgroup.subtree_control": "", "memory.max": "", sub: {} });
  delegateCgroup(directory, 12345);
  const owner = (name: string) => statSync(join(directory, name)).uid;
  t.same(["", "cgroup.procs", "cgroup.subtree_control"].map(owner), [12345, 12345, 12345]);
  t.same(["memory.max", "sub"].map(owner), [0, 0]);
});
