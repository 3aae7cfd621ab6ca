// QEMU's command line. A saved machine fits only the same devices at the same addresses: all that is
// here is part of the image's key.
import { join } from "node:path";
import { accelerator, machine } from "./settings.mjs";

/** Ports between the agent and the host; each is a socket that the host listens at. */
export const ports = ["stdout", "stderr", "control"];

/** The first PCI slot that shared folders are plugged into, after the machine has been restored. */
export const firstShareSlot = 8;

/** Without five levels of page tables and SMAP: software pays for both at every miss and every copy. */
const processor = "max,la57=off,smap=off";

const kernelArguments = [
  "console=ttyS0",
  "quiet",
  "panic=-1",
  // The kernel does not trust an emulated TSC and would ask the HPET: an exit under QEMU's one lock for
  // every look at the clock. Here all processors read the host's TSC.
  "tsc=reliable",
  "clocksource=tsc",
  // What a real machine should have, and what only costs time here.
  "mitigations=off",
  "init_on_alloc=0",
  "randomize_kstack_offset=off",
  "numa_balancing=disable",
  "nowatchdog",
];

/**
 * The arguments of a machine that works in `folder` (ram, sockets, console) on the disk of `image`.
 * `keep`: writes go to the image's overlay, not to a temporary file. `restore`: waits for a saved state.
 */
export function qemuArguments({ image, folder, keep = false, restore = false }) {
  const size = `${machine.megabytes}M`;
  const disk = `if=none,id=root,file=${join(image, "root.qcow2")},format=qcow2`;
  const serial = ports.flatMap((name, index) => [
    "-chardev",
    `socket,id=${name},path=${join(folder, name)}`,
    "-device",
    `virtserialport,bus=serial.0,nr=${index + 1},chardev=${name},name=${name}`,
  ]);
  // biome-ignore format: an option and its value stand together
  return [
    "-name", "runt-vm", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
    "-accel", accelerator === "tcg" ? "tcg,thread=multi" : accelerator,
    "-cpu", processor, "-smp", `${machine.processors}`, "-m", size,
    // virtiofsd reads and writes the guest's memory: it must be a shared mapping of a file.
    "-machine", "pc,memory-backend=ram", "-object", `memory-backend-file,id=ram,size=${size},mem-path=${join(folder, "ram")},share=on`,
    "-kernel", join(image, "vmlinuz"), "-initrd", join(image, "initrd"),
    "-append", kernelArguments.join(" "),
    "-chardev", `file,id=console,path=${join(folder, "console")}`, "-serial", "chardev:console",
    "-drive", `${disk},${keep ? "cache=unsafe" : "snapshot=on"}`,
    "-device", "virtio-blk-pci,drive=root,addr=4",
    "-device", "virtio-serial-pci,id=serial,addr=5", ...serial,
    "-chardev", `socket,id=qmp,path=${join(folder, "qmp")}`, "-mon", "chardev=qmp,mode=control",
    ...(restore ? ["-incoming", "defer"] : []),
  ];
}
