// How the bundle is cut into modules (scripts/build-engine.mjs).
//
// esbuild makes a chunk for every set of entries that share something, and an entry is whatever is imported late. So
// each rarely loaded part cuts what the frequent commands share into more pieces: `run` read 62 modules. Here every
// late import gets imports that cost nothing, or seldom something; more sets are equal then, and `run` reads 19:
//
// - what is loaded in any case by the time that it is asked for;
// - when it is a rare one: all that the frequent entries share in the same way as something that it needs.
import { join } from "node:path";

/** What must be fast. Besides commands: what `exec --process` needs, and what `run` loads while it would wait. */
const frequent = [
  ...["create", "delete", "exec", "kill", "run", "start", "state", "update"].map(
    (name) => `src/cli/commands/${name}.ts`,
  ),
  ...["container/exec-state", "container/removal", "plan/second-part", "spec/load"].map((name) => `src/${name}.ts`),
];

/** A file and all that it imports at once. In: `inputs` of esbuild's metafile. */
function reachable(inputs, file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  for (const { path, kind } of inputs[file].imports) if (kind === "import-statement") reachable(inputs, path, found);
  return found;
}

const common = ([first, ...sets]) => new Set([...first].filter((file) => sets.every((set) => set.has(file))));

/** For each entry the files that are loaded when it has been. In: the metafile's `inputs`, the first entry. */
function loadedWith(inputs, first) {
  const importers = new Map([[first, []]]);
  for (const [file, { imports }] of Object.entries(inputs)) {
    for (const { path, kind } of imports) {
      if (kind === "dynamic-import") importers.set(path, [...(importers.get(path) ?? []), file]);
    }
  }
  const own = new Map([...importers.keys()].map((entry) => [entry, reachable(inputs, entry)]));
  // From too much down to what is true: an entry can come after any of those that import it late.
  const loaded = new Map(
    [...own].map(([entry, files]) => [entry, entry === first ? files : new Set(Object.keys(inputs))]),
  );
  for (let changed = true; changed; ) {
    changed = false;
    for (const [entry, files] of importers) {
      const before = [...own].filter(([, reached]) => files.some((file) => reached.has(file)));
      if (before.length === 0) continue;
      const known = common(before.map(([other]) => loaded.get(other)));
      const next = new Set([...own.get(entry), ...known]);
      changed ||= next.size !== loaded.get(entry).size;
      loaded.set(entry, next);
    }
  }
  return loaded;
}

/** Files that are loaded by the same frequent entries. */
function sharedAlike(inputs, loaded, entries) {
  const groups = new Map();
  for (const file of Object.keys(inputs)) {
    const users = entries.filter((entry) => loaded.get(entry).has(file)).join(" ");
    if (users) groups.set(users, [...(groups.get(users) ?? []), file]);
  }
  return [...groups.values()];
}

/** For each late import what it shall import besides. In: esbuild's metafile of a plain build, the first entry. */
function additions({ inputs }, first) {
  const loaded = loadedWith(inputs, first);
  const known = frequent.filter((entry) => loaded.has(entry));
  // A program for a test has none of them.
  if (known.length > 0 && known.length < frequent.length)
    throw new Error("scripts/chunks.mjs: `frequent` is out of date");
  const entries = [first, ...known];
  const groups = sharedAlike(inputs, loaded, entries);
  for (const [entry, files] of loaded) {
    if (entries.includes(entry)) continue;
    for (const group of groups.filter((each) => each.some((file) => files.has(file)))) {
      for (const file of group) files.add(file);
    }
  }
  return loaded;
}

/** A plugin for esbuild. In: the metafile of a plain build of the same, the first entry, the repository. */
export function mergeChunks(metafile, first, root) {
  const loaded = additions(metafile, first);
  return {
    name: "merge-chunks",
    setup(build) {
      // The file itself may be imported at once as well, without its additions.
      build.onResolve({ filter: /./ }, async ({ path, kind, resolveDir, importer }) => {
        if (kind !== "dynamic-import") return undefined;
        const { path: file, errors } = await build.resolve(path, { kind: "import-statement", resolveDir, importer });
        return errors.length > 0 ? { errors } : { path: file, namespace: "late" };
      });
      build.onLoad({ filter: /./, namespace: "late" }, ({ path }) => {
        const files = [...loaded.get(path.slice(root.length + 1))].map((file) => join(root, file));
        const imports = files.map((file) => `import ${JSON.stringify(file)};`);
        return { contents: [`export * from ${JSON.stringify(path)};`, ...imports].join("\n"), resolveDir: root };
      });
    },
  };
}
