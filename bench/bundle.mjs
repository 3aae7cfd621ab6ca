// The bundle that is measured: a static program that does nothing, the namespaces and mounts of a
// default config. One config.json for all runtimes, but for what crun 1.8 can't do here.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where the bundle lies that is the same, but sleeps. */
export const waitingBundle = (folder) => `${folder}-waiting`;

/** Makes the bundle and, beside it, the one that sleeps. Out: its path. */
export function makeBundles(root, folder) {
  makeBundle(root, waitingBundle(folder), (config) => {
    config.process.args = ["/bin/sleep", "10000"];
  });
  return makeBundle(root, folder);
}

/** Makes a bundle; `edit` changes its config. Out: its path. */
export function makeBundle(root, folder, edit = () => {}) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(join(root, "build/test/rootfs"), join(folder, "rootfs"), { recursive: true, verbatimSymlinks: true });
  const config = JSON.parse(readFileSync(join(root, "spec-bundles/hello/config.json"), "utf8"));
  config.ociVersion = "1.0.2";
  config.process.args = ["/bin/noop"];
  config.hostname = "bench";
  // A cgroup mount of the hybrid layout is the one thing that the three do differently.
  config.mounts = config.mounts.filter(({ type }) => type !== "cgroup");
  edit(config);
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  return folder;
}
