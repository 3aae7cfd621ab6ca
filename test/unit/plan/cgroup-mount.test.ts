import t from "tap";
import type { LinuxNamespaceType } from "../../../src/spec/types.gen.js";
import { linesAt, planOf, REQUEST_V2, ROOTLESS, stepsOf, V2, withOwnIds, type Changes } from "./fixtures.js";

const OPTIONS = ["nosuid", "noexec", "nodev", "relatime"];
const plan = (options: string[], namespaces: LinuxNamespaceType[], changes?: Changes, rootless = false) =>
  planOf((config) => {
    for (const type of namespaces) config.linux!.namespaces!.push({ type });
    if (rootless) withOwnIds(config);
    config.mounts = [{ destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options }];
  }, changes);
const lines = (...args: Parameters<typeof plan>) => linesAt(plan(...args), "/mounts/0");
const v2 = { host: { cgroup: V2 }, request: REQUEST_V2 };

t.test("v2 in a cgroup namespace: the file system itself", (t) => {
  t.same(lines([...OPTIONS, "ro", "nsdelegate", "rprivate"], ["cgroup"], v2), [
    "make_filesystem slot=1 type=cgroup2 source=cgroup2 data=nsdelegate parameters=[] superblock=0x0 attributes=0xf",
    "set_tree slot=1 set=0x0 clear=0x0 propagation=0x44000 recursive=0",
    "attach_tree slot=1 target=/sys/fs/cgroup kind=1 mode=0755 real=0 nofollow=0",
  ]);
  t.end();
});

t.test("v2 without one: the host's tree, as the config asks", (t) => {
  t.same(lines(OPTIONS, [], v2), [
    "clone_tree slot=1 path=/sys/fs/cgroup recursive=0 nofollow=0 expect=0",
    "set_tree slot=1 set=0x0 clear=0x0 propagation=0x44000 recursive=0",
    "set_tree slot=1 set=0xe clear=0x70 propagation=0x0 recursive=0",
    "attach_tree slot=1 target=/sys/fs/cgroup kind=1 mode=0755 real=0 nofollow=0",
  ]);
  t.end();
});

t.test("without privileges the host's tree is read-only, whatever is asked (CVE-2023-25809)", (t) => {
  const host = { ...ROOTLESS, cgroup: V2 };
  const [, , attributes] = lines([...OPTIONS, "rw"], [], { host, request: REQUEST_V2 }, true);
  t.equal(attributes, "set_tree slot=1 set=0xf clear=0x70 propagation=0x0 recursive=0");
  const own = lines([...OPTIONS, "rw"], ["cgroup"], { host, request: REQUEST_V2 }, true);
  t.match(own[0], /type=cgroup2 .* attributes=0xe$/, "in a namespace of its own it is not");
  const v1 = plan(OPTIONS, [], { host: ROOTLESS }, true);
  const trees = stepsOf(v1, "clone_tree").filter(({ path }) => path.startsWith("/sys/fs/cgroup"));
  t.equal(trees.length, 3);
  for (const { slot } of trees) {
    t.ok(stepsOf(v1, "set_tree").some((step) => step.slot === slot && step.set === 0xf && step.recursive === 0));
  }
  t.end();
});

t.test("v1 in a cgroup namespace: one file system for each hierarchy, links for those that share one", (t) => {
  t.same(lines([...OPTIONS, "ro"], ["cgroup"]), [
    'make_filesystem slot=1 type=tmpfs source=cgroup data="mode=755" parameters=[] superblock=0x0 attributes=0xe',
    "attach_tree slot=1 target=/sys/fs/cgroup kind=1 mode=0755 real=0 nofollow=0",
    "make_filesystem slot=2 type=cgroup source=cgroup data=cpu,cpuacct parameters=[] superblock=0x0 attributes=0xf",
    "attach_tree slot=2 target=/sys/fs/cgroup/cpu,cpuacct kind=1 mode=0755 real=0 nofollow=0",
    "make_symlink path=/sys/fs/cgroup/cpu text=cpu,cpuacct replace=0",
    "make_symlink path=/sys/fs/cgroup/cpuacct text=cpu,cpuacct replace=0",
    "make_filesystem slot=3 type=cgroup source=cgroup data=memory parameters=[] superblock=0x0 attributes=0xf",
    "attach_tree slot=3 target=/sys/fs/cgroup/memory kind=1 mode=0755 real=0 nofollow=0",
    'make_filesystem slot=4 type=cgroup source=cgroup data="name=systemd" parameters=[] superblock=0x0 attributes=0xf',
    "attach_tree slot=4 target=/sys/fs/cgroup/systemd kind=1 mode=0755 real=0 nofollow=0",
    "set_tree slot=1 set=0x1 clear=0x0 propagation=0x0 recursive=0",
  ]);
  t.end();
});

t.test("v1 without one: the container's own directories, or the caller's", (t) => {
  const paths = stepsOf(plan(OPTIONS, []), "clone_tree").map(({ path }) => path);
  t.same(paths, [
    "/bundle/rootfs",
    "/sys/fs/cgroup/cpu,cpuacct/box",
    "/sys/fs/cgroup/memory/box",
    "/sys/fs/cgroup/systemd",
  ]);
  const outside = stepsOf(plan(OPTIONS, [], { request: { cgroups: { join: [] } } }), "clone_tree").map(
    ({ path }) => path,
  );
  t.same(outside.slice(1), ["/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/memory/user", "/sys/fs/cgroup/systemd"]);
  t.end();
});
