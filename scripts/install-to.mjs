// Copies runt to a prefix: npm run install-to -- PREFIX. It works from there: bin/runt finds
// ../lib/runt beside its own file, never through PATH or the working directory.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fail, placeFile, root } from "./tools.mjs";

const [prefix, ...rest] = process.argv.slice(2);
if (!prefix || rest.length || prefix.startsWith("-")) fail("usage: npm run install-to -- PREFIX");
const to = resolve(process.env.INIT_CWD ?? process.cwd(), prefix);

function install(source, folder, mode) {
  if (!existsSync(source)) fail(`install-to: ${source} is missing: run npm run build first`);
  mkdirSync(join(to, folder), { recursive: true });
  const target = join(to, folder, source.split("/").pop());
  placeFile(target, readFileSync(source), mode);
  console.log(target);
}

install(join(root, "bin/runt"), "bin", 0o755);
install(join(root, "lib/runt/runt-init"), "lib/runt", 0o755);
// Only where libsystemd-dev was there when it was built.
if (existsSync(join(root, "lib/runt/systemd.node"))) {
  install(join(root, "lib/runt/systemd.node"), "lib/runt", 0o644);
}
const pages = join(root, "man");
for (const page of existsSync(pages) ? readdirSync(pages).filter((name) => name.endsWith(".8")) : []) {
  install(join(pages, page), "share/man/man8", 0o644);
}

// Where each shell looks for the completion of a command by itself.
const completions = {
  bash: ["share/bash-completion/completions", "runt"],
  zsh: ["share/zsh/site-functions", "_runt"],
  fish: ["share/fish/vendor_completions.d", "runt.fish"],
};
for (const [shell, [folder, name]] of Object.entries(completions)) {
  const target = join(to, folder, name);
  mkdirSync(join(to, folder), { recursive: true });
  writeFileSync(target, execFileSync(join(to, "bin/runt"), ["completion", shell]), { mode: 0o644 });
  console.log(target);
}
