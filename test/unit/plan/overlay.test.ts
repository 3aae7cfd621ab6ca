import t from "tap";
import { overlayPaths } from "../../../src/plan/overlay.js";
import {
  indexOf,
  ops,
  planOf,
  REQUEST,
  ROOTLESS,
  smallConfig,
  stepsOf,
  withOwnIds,
  withUserNamespace,
} from "./fixtures.js";

const paths = (annotations: Record<string, string>) => overlayPaths({ ...smallConfig(), annotations }, REQUEST);

t.test("none without annotations, or when it is switched off", (t) => {
  t.equal(paths({}), undefined);
  t.equal(paths({ "runt.rootfs.overlay": "false" }), undefined);
  t.equal(overlayPaths(smallConfig(), REQUEST), undefined);
  t.end();
});

t.test("root.path alone below an ephemeral layer", (t) => {
  t.same(paths({ "runt.rootfs.overlay": "true" }), {
    lower: ["/bundle/rootfs"],
    upper: "/run/runt/box/overlay/upper",
    work: "/run/runt/box/overlay/work",
    kept: false,
    uid: 0,
    gid: 0,
  });
  t.end();
});

t.test("layers: the base first in the annotation, last for the kernel", (t) => {
  t.match(paths({ "runt.rootfs.layers": '["base", "/layers/app:1,2"]' }), {
    lower: ["/layers/app:1,2", "/bundle/base"],
    kept: false,
  });
  t.end();
});

t.test("a kept upper layer has its work directory beside it", (t) => {
  t.match(paths({ "runt.rootfs.upper": "kept/" }), { upper: "/bundle/kept", work: "/bundle/kept.work", kept: true });
  t.match(paths({ "runt.rootfs.upper": "/kept", "runt.rootfs.overlay": "true" }), {
    upper: "/kept",
    work: "/kept.work",
  });
  t.end();
});

t.test("the layer belongs to root of the container", (t) => {
  const config = { ...smallConfig(), annotations: { "runt.rootfs.overlay": "true" } };
  withUserNamespace(config);
  t.match(overlayPaths(config, REQUEST), { uid: 100000, gid: 100000 });
  t.end();
});

t.test("annotations that can't be understood", (t) => {
  const table: [Record<string, string>, RegExp][] = [
    [
      { "runt.rootfs.overlay": "yes" },
      /^annotations\["runt\.rootfs\.overlay"\]: expected "true" or "false", found "yes"$/,
    ],
    [
      { "runt.rootfs.layers": "base" },
      /^annotations\["runt\.rootfs\.layers"\]: expected a JSON array .* found "base"$/,
    ],
    [{ "runt.rootfs.layers": '{"a":1}' }, /expected a JSON array/],
    [{ "runt.rootfs.layers": "[]" }, /found an empty one$/],
    [{ "runt.rootfs.layers": '["a", 5]' }, /entry 1 is 5$/],
    [{ "runt.rootfs.layers": '["a", ""]' }, /entry 1 is ""$/],
    [{ "runt.rootfs.upper": "" }, /^annotations\["runt\.rootfs\.upper"\]: expected the path of a directory$/],
    [{ "runt.rootfs.overlay": "false", "runt.rootfs.layers": '["a"]' }, /contradicts runt\.rootfs\.layers$/],
    [{ "runt.rootfs.overlay": "false", "runt.rootfs.upper": "a" }, /contradicts runt\.rootfs\.upper$/],
  ];
  for (const [annotations, message] of table)
    t.throws(() => paths(annotations), { message }, JSON.stringify(annotations));
  t.end();
});

t.test("the overlay is the root", (t) => {
  const edit = (config: Parameters<NonNullable<Parameters<typeof planOf>[0]>>[0]) => {
    config.annotations = { "runt.rootfs.layers": '["base", "app"]' };
  };
  const plan = planOf(edit);
  t.match(stepsOf(plan, "make_filesystem")[0], {
    slot: 0,
    type: "overlay",
    data: "",
    parameters: [
      "lowerdir+=/bundle/app",
      "lowerdir+=/bundle/base",
      "upperdir=/run/runt/box/overlay/upper",
      "workdir=/run/runt/box/overlay/work",
    ],
  });
  t.match(stepsOf(plan, "attach_root")[0], { slot: 0, path: "/bundle/rootfs" });
  t.notOk(ops(plan).includes("clone_tree"));
  const mapped = planOf((config) => {
    edit(config);
    withUserNamespace(config);
  });
  t.ok(indexOf(mapped, "make_filesystem") < indexOf(mapped, "unshare"), "made with the host's privileges");
  const rootless = planOf(
    (config) => {
      edit(config);
      withOwnIds(config);
    },
    { host: ROOTLESS },
  );
  t.equal(stepsOf(rootless, "make_filesystem")[0]!.data, "userxattr");
  t.ok(indexOf(rootless, "make_filesystem") > indexOf(rootless, "clone"));
  t.end();
});
