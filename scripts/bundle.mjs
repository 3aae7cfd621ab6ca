// Makes the root filesystem (and layers) of a bundle in spec-bundles/: node scripts/bundle.mjs NAME
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeRootfs } from "./rootfs.mjs";
import { fail, root } from "./tools.mjs";

/** What a bundle has beside the busybox root: path below the bundle → text. */
const extra = {
  overlay: { "layers/greeting/etc/greeting": "a greeting from the upper layer\n" },
};

export function makeBundle(name) {
  const bundle = join(root, "spec-bundles", name);
  if (!existsSync(join(bundle, "config.json"))) fail(`no such bundle: ${name}`);
  makeRootfs(join(bundle, "rootfs"));
  for (const [path, text] of Object.entries(extra[name] ?? {})) {
    mkdirSync(join(bundle, path, ".."), { recursive: true });
    writeFileSync(join(bundle, path), text);
  }
  return bundle;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.length !== 3) fail("usage: node scripts/bundle.mjs NAME");
  console.log(makeBundle(process.argv[2]));
}
