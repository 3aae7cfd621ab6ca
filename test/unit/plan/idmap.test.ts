import t from "tap";
import type { Mount, Spec } from "../../../src/spec/types.gen.js";
import { type Changes, indexOf, linesAt, planOf, ROOTLESS, stepsOf, withUserNamespace } from "./fixtures.js";

const MAPPINGS = {
  uidMappings: [{ containerID: 1000, hostID: 2000, size: 5 }],
  gidMappings: [{ containerID: 100, hostID: 200, size: 1 }],
};
const BIND: Mount = { destination: "/data", source: "/srv", options: ["rbind", "idmap"], ...MAPPINGS };

const plan = (mounts: Mount[], edit: (config: Spec) => void = () => {}, changes: Changes = {}) =>
  planOf((config) => {
    config.mounts = mounts;
    edit(config);
  }, changes);

function message(mounts: Mount[], edit?: (config: Spec) => void, changes?: Changes): string {
  try {
    plan(mounts, edit, changes);
  } catch (error) {
    return (error as Error).message;
  }
  return "planned";
}

t.test("a bind mount with mappings of its own", (t) => {
  const planned = plan([BIND]);
  const [userns, tree] = [stepsOf(planned, "make_user_namespace")[0]!.slot, stepsOf(planned, "clone_tree")[1]!.slot];
  t.same(linesAt(planned, "/mounts/0").slice(0, 3), [
    `make_user_namespace slot=${userns} uidMap="1000 2000 5\\n" gidMap="100 200 1\\n"`,
    `clone_tree slot=${tree} path=/srv recursive=1 nofollow=0 expect=0`,
    `idmap_tree slot=${tree} userns=${userns} recursive=0`,
  ]);
  t.ok(indexOf(planned, "make_user_namespace") < indexOf(planned, "clone"), "made with the host's privileges");
  t.ok(indexOf(planned, "idmap_tree") < indexOf(planned, "attach_tree"), "mapped before anybody can see it");
  t.end();
});

t.test("ridmap maps the mounts below too; mappings without an option map the mount alone", (t) => {
  const recursive = (options: string[]) =>
    stepsOf(plan([{ ...BIND, options }]), "idmap_tree").map((step) => step.recursive);
  t.same(recursive(["rbind", "ridmap"]), [1]);
  t.same(recursive(["rbind", "idmap"]), [0]);
  t.same(recursive(["rbind"]), [0]);
  t.end();
});

t.test("without mappings of its own: those of the container's user namespace", (t) => {
  const mount: Mount = { destination: "/data", source: "/srv", options: ["bind", "idmap"] };
  const made = plan([mount], withUserNamespace);
  t.same(
    stepsOf(made, "make_user_namespace").map(({ uidMap, gidMap }) => [uidMap, gidMap]),
    [["0 100000 65536\n", "0 100000 65536\n"]],
  );
  t.ok(indexOf(made, "idmap_tree") < indexOf(made, "unshare"), "mapped before privileges are lost");
  const joined = plan([mount], (config) => {
    config.linux!.namespaces!.push({ type: "user", path: "/proc/7/ns/user" });
  });
  t.equal(stepsOf(joined, "make_user_namespace").length, 0);
  const opened = stepsOf(joined, "open_namespace").find(
    ({ slot }) => slot === stepsOf(joined, "idmap_tree")[0]!.userns,
  );
  t.match(opened, { path: "/proc/7/ns/user", type: 0x10000000 });
  t.end();
});

t.test("mounts with the same mapping share a namespace", (t) => {
  const planned = plan([
    BIND,
    { ...BIND, destination: "/two" },
    { ...BIND, destination: "/three", gidMappings: MAPPINGS.uidMappings },
  ]);
  t.equal(stepsOf(planned, "make_user_namespace").length, 2);
  const [one, two, three] = stepsOf(planned, "idmap_tree").map(({ userns }) => userns);
  t.equal(one, two);
  t.not(one, three);
  t.end();
});

t.test("a new file system belongs to the host when its ids are mapped", (t) => {
  const tmpfs: Mount = { destination: "/data", type: "tmpfs", options: ["idmap"] };
  const planned = plan([tmpfs], withUserNamespace);
  t.ok(indexOf(planned, "make_filesystem") < indexOf(planned, "unshare"), "made before the user namespace");
  const plain = plan([{ ...tmpfs, options: [] }], withUserNamespace);
  t.ok(indexOf(plain, "make_filesystem") > indexOf(plain, "unshare"), "else it is the container's");
  t.end();
});

t.test("what is refused", (t) => {
  t.match(
    message([BIND], undefined, { host: ROOTLESS }),
    /^mounts\[0\].*an idmapped mount needs privileges over its file system/,
  );
  t.match(
    message([{ destination: "/c", type: "cgroup", options: ["ridmap"], ...MAPPINGS }]),
    /cgroups can't be idmapped/,
  );
  t.match(
    message([
      { destination: "/a", type: "tmpfs" },
      { destination: "/a", options: ["remount", "idmap"], ...MAPPINGS },
    ]),
    /^mounts\[1\].*can't be mapped by a remount/,
  );
  t.end();
});
