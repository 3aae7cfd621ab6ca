// Makes the guest: packages, kernel, initrd, disk; boots it once and keeps the state of the booted
// machine. What is made is kept (settings.mjs: cache) until something that it depends on changes.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fail } from "../../scripts/tools.mjs";
import { Machine } from "./machine.mjs";
import * as settings from "./settings.mjs";

const say = (text) => console.error(`vm: ${text}`);

/** Runs a command, silently; throws with the end of what it printed. */
function run(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    ...options,
  });
  if (error) throw error;
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(" ")}: exit status ${status}\n${`${stdout}${stderr}`.slice(-3000)}`);
}

/** The folder of the guest that fits the settings: built first, when it is not there. */
export async function image({ rebuild = false } = {}) {
  settings.checkHost();
  const name = settings.key();
  const folder = join(settings.cache, name);
  if (existsSync(folder) && !rebuild) return folder;
  if (process.getuid() !== 0) fail("vm: to build the guest needs root (sudo npm run vm -- true); to run it does not");
  mkdirSync(settings.cache, { recursive: true });
  const start = Date.now();
  const made = mkdtempSync(join(settings.cache, ".new-"));
  const work = mkdtempSync(join(tmpdir(), "runt-vm-image-"));
  const drop = () => {
    for (const path of [made, work]) rmSync(path, { recursive: true, force: true });
  };
  process.once("exit", drop);
  chmodSync(work, 0o755);
  chmodSync(made, 0o755);
  const tree = join(work, "root");
  say(`building the guest (${settings.suite}); it is kept in ${folder}`);
  installPackages(tree);
  const release = installKernel(tree, work, made);
  makeInitrd(tree, release, work, made);
  configure(tree);
  makeDisk(tree, made);
  say("booting it, to save the booted machine");
  const machine = new Machine(made);
  process.once("exit", () => machine.close());
  try {
    await machine.boot({ keep: true });
    await new Promise((done) => setTimeout(done, 3000)); // what systemd does after the boot
    await machine.save();
  } finally {
    machine.close();
  }
  rmSync(folder, { recursive: true, force: true });
  renameSync(made, folder);
  drop();
  process.off("exit", drop);
  const isOurs = (entry) => entry.replace(/-[0-9a-f]{12}$/, "") === settings.family;
  const old = readdirSync(settings.cache).filter((entry) => isOurs(entry) && entry !== name);
  for (const entry of old) rmSync(join(settings.cache, entry), { recursive: true, force: true });
  say(`built in ${((Date.now() - start) / 1000).toFixed(0)} s`);
  return folder;
}

function installPackages(tree) {
  const packages = [...settings.packages, ...(settings.nodeIsAlone ? [] : ["nodejs"])];
  // biome-ignore format: an option and its value stand together
  run("mmdebstrap", [
    "--mode=root", "--variant=minbase", `--architectures=${settings.architecture}`, "--skip=cleanup/apt/lists",
    // Mirrors of a past day are as good as any.
    "--aptopt=Acquire::Check-Valid-Until \"false\"", "--aptopt=APT::Install-Recommends \"false\"", "--aptopt=APT::Sandbox::User \"root\"",
    "--dpkgopt=force-unsafe-io",
    ...["man", "doc", "locale"].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
    `--include=${packages.join(",")}`, settings.suite, tree, settings.aptSources(),
  ]);
}

/** The cloud kernel, unpacked only: its package's scripts would make an initrd of their own. */
function installKernel(tree, work, made) {
  const kernel = `linux-image-cloud-${settings.architecture}`;
  const depends = run("chroot", [tree, "apt-cache", "depends", kernel]);
  const [, name] = /Depends: (linux-image-\d\S*)/.exec(depends) ?? fail(`vm: apt knows no ${kernel}`);
  run("chroot", [tree, "sh", "-c", `cd /tmp && apt-get download ${name}`]);
  const unpacked = join(work, "kernel");
  const archive = readdirSync(join(tree, "tmp")).find((file) => file.startsWith(`${name}_`));
  run("dpkg", ["-x", join(tree, "tmp", archive), unpacked]);
  rmSync(join(tree, "tmp", archive));
  rmSync(join(tree, "var/lib/apt/lists"), { recursive: true });
  const modules = [join(unpacked, "lib/modules"), join(unpacked, "usr/lib/modules")].find((path) => existsSync(path));
  const [release] = readdirSync(modules);
  copyFileSync(join(unpacked, "boot", `vmlinuz-${release}`), join(made, "vmlinuz"));
  copyFileSync(join(unpacked, "boot", `config-${release}`), join(made, "config"));
  mkdirSync(join(tree, "usr/lib/modules"), { recursive: true });
  run("cp", ["-a", join(modules, release), join(tree, "usr/lib/modules/")]);
  run("depmod", ["-b", tree, release], { env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } });
  return release;
}

function makeInitrd(tree, release, work, made) {
  const initrd = join(work, "initrd");
  for (const folder of ["bin", "proc", "sys", "dev", "newroot", "modules"])
    mkdirSync(join(initrd, folder), { recursive: true });
  copyFileSync(join(tree, "usr/bin/busybox"), join(initrd, "bin/busybox"));
  copyFileSync(join(settings.here, "guest.init"), join(initrd, "init"));
  const order = [];
  for (const module of settings.modules) {
    const { stdout } = spawnSync("chroot", [tree, "modprobe", "-S", release, "--show-depends", module], {
      encoding: "utf8",
    });
    for (const [, path] of stdout.matchAll(/^insmod (\S+)/gm)) {
      const name = basename(path).replace(/\.xz$/, "");
      if (order.includes(name)) continue;
      order.push(name);
      copyFileSync(join(tree, path), join(initrd, "modules", basename(path)));
      if (path.endsWith(".xz")) run("xz", ["-d", join(initrd, "modules", basename(path))]);
    }
  }
  writeFileSync(join(initrd, "modules/order"), `${order.join("\n")}\n`);
  run("sh", ["-c", `find . | cpio --quiet -o -H newc > "$1"`, "sh", join(made, "initrd")], { cwd: initrd });
}

/** What makes the tree the test guest: users, units, the agent, Node. */
function configure(tree) {
  cpSync(join(settings.here, "guest"), tree, { recursive: true });
  if (settings.nodeIsAlone) copyFileSync(settings.node, join(tree, "usr/local/bin/node"));
  writeFileSync(join(tree, "etc/hostname"), "runt-vm\n");
  writeFileSync(join(tree, "etc/hosts"), "127.0.0.1 localhost runt-vm\n");
  writeFileSync(join(tree, "etc/machine-id"), "72756e7472756e7472756e7472756e74\n");
  run("chroot", [tree, "useradd", "--create-home", "--uid", "1000", "--shell", "/bin/bash", "tester"]);
  for (const file of ["etc/subuid", "etc/subgid"]) writeFileSync(join(tree, file), "tester:100000:65536\n");
  mkdirSync(join(tree, "var/lib/systemd/linger"), { recursive: true });
  writeFileSync(join(tree, "var/lib/systemd/linger/tester"), "");
  const units = join(tree, "etc/systemd/system");
  for (const unit of settings.maskedUnits) forceLink("/dev/null", join(units, unit));
  forceLink("runt-vm.target", join(units, "default.target"));
  // Generators look for hardware, fstab and the like: there is none.
  const generators = join(tree, "etc/systemd/system-generators");
  mkdirSync(generators, { recursive: true });
  for (const name of readdirSync(join(tree, "usr/lib/systemd/system-generators")))
    forceLink("/dev/null", join(generators, name));
}

function forceLink(target, path) {
  rmSync(path, { force: true });
  symlinkSync(target, path);
}

/** A raw disk that stays as it is, and an overlay for what the first boot writes. */
function makeDisk(tree, made) {
  const disk = join(made, "root.ext4");
  const path = `${process.env.PATH}:/usr/sbin:/sbin`;
  const options = ["-q", "-t", "ext4", "-O", "^has_journal", "-E", "lazy_itable_init=1"];
  run("mke2fs", [...options, "-d", tree, disk, `${settings.machine.diskMegabytes}M`], {
    env: { ...process.env, PATH: path },
  });
  run("qemu-img", ["create", "-q", "-f", "qcow2", "-b", "root.ext4", "-F", "raw", join(made, "root.qcow2")]);
}
