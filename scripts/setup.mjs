// Sets up a machine for runt: node scripts/setup.mjs [GROUP ...] (none named: build and test).
//
//   build    compilers, libraries, npm packages, then everything that is out of date is built
//   test     what the tests run in containers (busybox), shells to complete in, man
//   lint     clang-format, clang-tidy, shellcheck
//   compare  runc and crun: the leak test compares with them when they are there
//   vm       QEMU and what makes the guest of `npm run test:vm`
//   clients  Podman, Buildah, containerd, Docker and what they need (npm run test:clients)
//   bench    what `npm run bench` measures with
//
// Missing Debian packages are installed when we are root, else the exact line is printed.
// Uses only Node's own modules: it runs before there is a node_modules.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { checkMachine, fail, hasCommand, headersPrefix, root, run } from "./tools.mjs";

const command = (name) => () => hasCommand(name);
const file =
  (...paths) =>
  () =>
    paths.some((path) => existsSync(path));
const library = `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu/libseccomp.a`;
const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
// The guest's architecture: test/vm/settings.mjs.
const isArmGuest = (process.env.RUNT_VM_ARCH || process.arch) === "arm64";
const isDebian12 = /^VERSION_CODENAME=bookworm$/m.test(release);

/** Debian package → is what we need of it here already? */
const groups = {
  build: {
    "g++": command("g++"),
    make: command("make"),
    python3: command("python3"),
    "musl-tools": command("musl-gcc"),
    "libseccomp-dev": file(library, "/usr/lib/libseccomp.a", "/usr/local/lib/libseccomp.a"),
    "libsystemd-dev": file("/usr/include/systemd/sd-bus.h"),
    "libnode-dev": () => headersPrefix() !== undefined,
  },
  test: {
    "busybox-static": file("/bin/busybox", "/usr/bin/busybox"),
    bsdutils: command("script"),
    zsh: command("zsh"),
    fish: command("fish"),
    "man-db": command("man"),
  },
  lint: {
    "clang-format": command("clang-format"),
    "clang-tidy": command("clang-tidy"),
    shellcheck: command("shellcheck"),
  },
  compare: { runc: command("runc"), crun: command("crun") },
  vm: {
    ...(isArmGuest
      ? { "qemu-system-arm": command("qemu-system-aarch64") }
      : { "qemu-system-x86": command("qemu-system-x86_64") }),
    "qemu-utils": command("qemu-img"),
    // A package of its own since Debian 13; in Debian 12 it comes with QEMU.
    virtiofsd: () => isDebian12 || existsSync("/usr/libexec/virtiofsd"),
    mmdebstrap: command("mmdebstrap"),
    e2fsprogs: file("/usr/sbin/mke2fs", "/sbin/mke2fs"),
    kmod: file("/usr/sbin/depmod", "/sbin/depmod"),
    cpio: command("cpio"),
    "xz-utils": command("xz"),
  },
  clients: {
    podman: command("podman"),
    buildah: command("buildah"),
    containerd: command("containerd"),
    "docker.io": command("dockerd"),
    // Since Debian 13 a package of its own.
    "docker-cli": () => isDebian12 || hasCommand("docker"),
    conmon: command("conmon"),
    catatonit: command("catatonit"),
    netavark: file("/usr/lib/podman/netavark"),
    "aardvark-dns": file("/usr/lib/podman/aardvark-dns"),
    uidmap: command("newuidmap"),
    slirp4netns: command("slirp4netns"),
    "fuse-overlayfs": command("fuse-overlayfs"),
    iptables: command("iptables"),
    iproute2: command("ip"),
    bsdutils: command("script"),
    runc: command("runc"),
    crun: command("crun"),
  },
  bench: {
    runc: command("runc"),
    crun: command("crun"),
    hyperfine: command("hyperfine"),
    strace: command("strace"),
  },
};

function aptInstall(packages) {
  const line = ["apt-get", "install", "-y", "--no-install-recommends", ...packages];
  if (process.getuid() !== 0)
    fail(`setup: missing Debian packages; run this, then try again:\n  sudo ${line.join(" ")}`);
  if (!hasCommand("apt-get"))
    fail(`setup: not a Debian machine; install what these packages hold: ${packages.join(" ")}`);
  console.log(`setup: installing ${packages.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const quiet = { cwd: root, env, encoding: "utf8", maxBuffer: 1 << 28 };
  for (const args of [["update"], line.slice(1)]) {
    const { status, stdout, stderr } = spawnSync("apt-get", args, quiet);
    if (status !== 0) fail(`setup: apt-get ${args.join(" ")} failed:\n${stdout}${stderr}`);
  }
}

// npm writes node_modules/.package-lock.json at its end: older than the lock file means stale.
function installModules() {
  const done = statSync(join(root, "node_modules/.package-lock.json"), { throwIfNoEntry: false });
  const lock = statSync(join(root, "package-lock.json"));
  if (done && (done.mtimeMs >= lock.mtimeMs || sameLock())) return;
  console.log("setup: npm ci");
  // No package of ours needs an install script; none is run.
  run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
}

// A fresh checkout gives the lock file a new date: then its contents tell.
function sameLock() {
  const read = (path) => JSON.parse(readFileSync(join(root, path), "utf8")).packages;
  const have = read("node_modules/.package-lock.json");
  const optional = (entry) => entry.optional && !have[entry.path];
  return Object.entries(read("package-lock.json")).every(
    ([path, entry]) => path === "" || optional({ ...entry, path }) || have[path]?.integrity === entry.integrity,
  );
}

checkMachine();
const [major] = process.versions.node.split(".").map(Number);
if (major < 20) fail(`setup: Node ${process.versions.node} is too old; runt needs Node 20 or newer`);
const asked = process.argv.slice(2);
const wanted = asked.length ? asked : ["build", "test"];
const unknown = wanted.find((group) => !groups[group]);
if (unknown) fail(`setup: no such group: ${unknown} (groups: ${Object.keys(groups).join(", ")})`);
const missing = wanted.flatMap((group) =>
  Object.entries(groups[group])
    .filter(([, isThere]) => !isThere())
    .map(([name]) => name),
);
if (missing.length) aptInstall([...new Set(missing)]);
installModules();
if (wanted.includes("build")) run(process.execPath, ["scripts/build.mjs", "--stale"]);
