// Removes everything that is built; node_modules stays.
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { filesBelow, root } from "./tools.mjs";

for (const folder of ["bin", "lib", "build", "dist", "coverage", ".tap", "bench/results"]) {
  rmSync(join(root, folder), { recursive: true, force: true });
}
for (const file of ["src", "native"].flatMap((folder) => filesBelow(join(root, folder)))) {
  if (/\.gen\.(ts|js|d\.ts|h)$/.test(file)) rmSync(file);
}
for (const bundle of readdirSync(join(root, "spec-bundles"))) {
  for (const made of ["rootfs", "layers"])
    rmSync(join(root, "spec-bundles", bundle, made), { recursive: true, force: true });
}
