// tap in one file, for the guest: build/test/tap. tap is 250 modules; to find and load them is most of the
// time of a short test file there. Node would do it again for every file.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { newest, oldest, root } from "../../scripts/tools.mjs";
import { here } from "./settings.mjs";

const folder = join(root, "build/test/tap");

export function bundleTap() {
  const output = join(folder, "index.js");
  if (oldest([output]) > newest([join(root, "package-lock.json"), join(here, "tap.mjs")])) return;
  // tap prints React elements with this package, which it requires in a way that no bundler sees.
  const absent = join(folder, "node_modules/react-element-to-jsx-string");
  mkdirSync(absent, { recursive: true });
  writeFileSync(join(absent, "index.js"), "exports.default = () => '';\n");
  writeFileSync(join(folder, "package.json"), '{ "name": "tap", "type": "module", "exports": "./index.js" }\n');
  // Not in the folder: in there, "tap" would be the folder itself.
  const entry = join(root, "build/test/tap.entry.js");
  writeFileSync(entry, 'export * from "tap";\nexport { default } from "tap";\n');
  buildSync({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: output,
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["react-element-to-jsx-string"],
    // tap has CommonJS in it, which asks for `require` and its file.
    banner: {
      js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url); const __filename = import.meta.filename; const __dirname = import.meta.dirname;',
    },
    logLevel: "error",
  });
}
