// What the guest is made of, and where it is kept. Everything that a built guest depends on is in `key()`.
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fail, filesBelow, hasCommand, root } from "../../scripts/tools.mjs";

export const here = dirname(fileURLToPath(import.meta.url));

/** Where built guests are kept: one folder for each key. */
export const cache = process.env.RUNT_VM_DIR || join(root, "build/vm");

/** Software emulation. KVM is asked for by name only: where it is nested it may hang. */
export const accelerator = process.env.RUNT_VM_ACCEL || "tcg";

export const machine = {
  megabytes: Number(process.env.RUNT_VM_MEMORY || 2048),
  processors: Math.min(4, Math.max(2, availableParallelism())),
  /** Sparse; the root filesystem takes about 600 MB of it. */
  diskMegabytes: 6144,
};

/** What differs between the architectures that a guest can have; the names are Debian's. */
const architectures = {
  amd64: {
    node: "x64",
    qemu: "qemu-system-x86_64",
    machine: "pc",
    // Without five levels of page tables and SMAP: software pays for both at every miss and every copy.
    processor: "max,la57=off,smap=off",
    // The kernel does not trust an emulated TSC and would ask the HPET: an exit under QEMU's one lock for
    // every look at the clock. Here all processors read the host's TSC.
    kernelArguments: ["console=ttyS0", "tsc=reliable", "clocksource=tsc"],
    // Folders are plugged into the root bus itself.
    ports: 0,
  },
  arm64: {
    node: "arm64",
    qemu: "qemu-system-aarch64",
    machine: "virt",
    // No pointer authentication, which is slow in software; and it runs 32-bit programs.
    processor: "cortex-a72",
    kernelArguments: ["console=ttyAMA0"],
    // Nothing can be plugged into the root bus: each folder needs a port.
    ports: 4,
  },
};
const ownName = Object.keys(architectures).find((name) => architectures[name].node === process.arch);

/** RUNT_VM_ARCH: a guest of another architecture than this machine's. */
export const architecture = process.env.RUNT_VM_ARCH || ownName || "amd64";
if (!architectures[architecture])
  fail(`vm: RUNT_VM_ARCH=${architecture}: not known (${Object.keys(architectures).join(", ")})`);
export const hardware = architectures[architecture];

/** The checkout is then one that was built for that architecture. */
export const isForeign = architecture !== ownName;

/** Modules of the initrd, with what they depend on. The rest is loaded from the disk. */
export const modules = ["virtio_pci", "virtio_blk", "virtio_console", "virtiofs", "overlay", "ext4"];

/** RUNT_VM_WITH=clients: a guest of its own with the callers of a runtime, for scripts/test-clients.mjs --vm. */
const additions = {
  clients: {
    packages: [
      ...["podman", "buildah", "containerd", "docker.io", "conmon", "catatonit", "netavark", "aardvark-dns"],
      ...["slirp4netns", "fuse-overlayfs", "bsdutils"],
    ],
    // The tests start the daemons themselves.
    maskedUnits: [
      ...["docker.service", "docker.socket", "containerd.service", "podman.service", "podman.socket"],
      ...["podman-restart.service", "podman-auto-update.service", "podman-auto-update.timer"],
    ],
  },
};
const addition = process.env.RUNT_VM_WITH ?? "";
if (addition && !additions[addition]) fail(`vm: RUNT_VM_WITH=${addition}: not known (${Object.keys(additions)})`);

export const packages = [
  ...(additions[addition]?.packages ?? []),
  "systemd",
  "systemd-sysv",
  "dbus",
  "dbus-user-session",
  "libpam-systemd",
  "apparmor",
  "kmod",
  "uidmap",
  "iproute2",
  "iptables",
  "procps",
  "busybox-static",
  "bsdextrautils",
  "libseccomp2",
  "libstdc++6",
  "python3",
  "criu",
  "runc",
  "crun",
  "jq",
  "strace",
];

/** What boots slowly or makes noise, and no test needs. */
export const maskedUnits = [
  ...(additions[addition]?.maskedUnits ?? []),
  "apt-daily.timer",
  "apt-daily-upgrade.timer",
  "dpkg-db-backup.timer",
  "e2scrub_all.timer",
  "e2scrub_reap.service",
  "fstrim.timer",
  "getty.target",
  "getty@tty1.service",
  "serial-getty@.service",
  "systemd-firstboot.service",
  "systemd-hwdb-update.service",
  "systemd-journal-flush.service",
  "systemd-machine-id-commit.service",
  "systemd-pcrphase.service",
  "systemd-pcrphase-sysinit.service",
  "systemd-random-seed.service",
  "systemd-remount-fs.service",
  "systemd-sysusers.service",
  "systemd-tmpfiles-clean.timer",
  "systemd-udev-settle.service",
  "systemd-udev-trigger.service",
  "systemd-update-utmp.service",
];

/** The Debian release of the guest: that of this machine, whose packages it is made from. */
export const suite = process.env.RUNT_VM_SUITE || osRelease().VERSION_CODENAME;

function osRelease() {
  if (!existsSync("/etc/os-release")) return {};
  const lines = readFileSync("/etc/os-release", "utf8").split("\n");
  return Object.fromEntries(lines.map((line) => line.replaceAll('"', "").split(/=(.*)/)));
}

/** The file of apt's sources that the packages come from: this machine's own, mirrors and all. */
export function aptSources() {
  const places = [process.env.RUNT_VM_SOURCES, "/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"];
  const found = places.find((path) => path && existsSync(path));
  return found ?? fail("vm: no apt sources: name a file of Debian's in RUNT_VM_SOURCES");
}

/** Node for the guest: this machine's own, or one of the guest's architecture. */
export const node = process.env.RUNT_VM_NODE || process.execPath;

/** Debian's own Node is linked to a library of its packages: then the guest takes it from there, too. */
export const nodeIsAlone = node !== process.execPath || !process.config.variables.node_shared;

/** The virtiofsd of QEMU 7 (C) or its successor (Rust): both know the same options. */
export function virtiofsd() {
  return ["/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd"].find((path) => existsSync(path));
}

/** Ends with what to do when this machine can't make or run the guest. */
export function checkHost() {
  if (!ownName) fail(`vm: guests are x86-64 or arm64, as this machine must be (it is ${process.arch})`);
  if (isForeign && node === process.execPath)
    fail(`vm: a guest of ${architecture} needs a Node of its own: RUNT_VM_NODE=FILE (docs/testing.md)`);
  if (osRelease().ID !== "debian" && !process.env.RUNT_VM_SUITE)
    fail(
      "vm: the guest is made from Debian's packages, and this is no Debian: set RUNT_VM_SUITE=bookworm and\n" +
        "  RUNT_VM_SOURCES=FILE (a debian.sources that mmdebstrap can use), or run it in a Debian container",
    );
  const missing = [hardware.qemu, "qemu-img", "mmdebstrap", "mke2fs", "depmod", "cpio", "xz"].filter(
    (name) => !hasCommand(name) && !existsSync(join("/usr/sbin", name)),
  );
  if (!virtiofsd()) missing.push("virtiofsd");
  if (missing.length) fail(`vm: missing: ${missing.join(", ")}: run this (as root) first: node scripts/setup.mjs vm`);
}

/** What the names of such guests begin with. */
export const family = [suite, ...(isForeign ? [architecture] : []), ...(addition ? [addition] : [])].join("-");

/** A digest of all that a saved guest depends on: another one is built when it changes. */
export function key() {
  const hash = createHash("sha256");
  const sources = ["settings.mjs", "image.mjs", "qemu.mjs", "guest.init", "guest"].map((name) => join(here, name));
  for (const file of sources.flatMap((path) => filesBelow(path)).sort()) hash.update(readFileSync(file));
  const qemu = execFileSync(hardware.qemu, ["--version"], { encoding: "utf8" }).split("\n")[0];
  hash.update(
    JSON.stringify([suite, architecture, machine, accelerator, packages, qemu, process.version, node, nodeIsAlone]),
  );
  hash.update(readFileSync(aptSources()));
  return `${family}-${hash.digest("hex").slice(0, 12)}`;
}
