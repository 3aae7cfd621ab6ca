// QEMU's command line. A saved machine fits only the same devices at the same addresses: all that is
// here is part of the image's key.
import { join } from "node:path";
import { accelerator, hardware, machine } from "./settings.mjs";

/** Ports between the agent and the host; each is a socket that the host listens at. */
export const ports = ["stdout", "stderr", "control"];

/** The first PCI slot that shared folders are plugged into, after the machine has been restored. */
const firstShareSlot = 8;

/** The place of a shared folder's device, for device_add. */
export function sharePlace(index) {
  if (hardware.ports === 0) return { addr: (firstShareSlot + index).toString(16) };
  if (index >= hardware.ports) throw new Error(`no more than ${hardware.ports} folders can be shared`);
  return { bus: `port${index}` };
}

const kernelArguments = [
  ...hardware.kernelArguments,
  "quiet",
  "panic=-1",
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
  const shares = Array.from({ length: hardware.ports }, (_, index) => [
    "-device",
    `pcie-root-port,id=port${index},chassis=${index},addr=${(firstShareSlot + index).toString(16)}`,
  ]).flat();
  // biome-ignore format: an option and its value stand together
  return [
    "-name", "runt-vm", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
    "-accel", accelerator === "tcg" ? "tcg,thread=multi" : accelerator,
    "-cpu", hardware.processor, "-smp", `${machine.processors}`, "-m", size,
    // virtiofsd reads and writes the guest's memory: it must be a shared mapping of a file.
    "-machine", `${hardware.machine},memory-backend=ram`, "-object", `memory-backend-file,id=ram,size=${size},mem-path=${join(folder, "ram")},share=on`,
    "-kernel", join(image, "vmlinuz"), "-initrd", join(image, "initrd"),
    "-append", kernelArguments.join(" "),
    "-chardev", `file,id=console,path=${join(folder, "console")}`, "-serial", "chardev:console",
    "-drive", `${disk},${keep ? "cache=unsafe" : "snapshot=on"}`,
    "-device", "virtio-blk-pci,drive=root,addr=4",
    "-device", "virtio-serial-pci,id=serial,addr=5", ...serial, ...shares,
    "-chardev", `socket,id=qmp,path=${join(folder, "qmp")}`, "-mon", "chardev=qmp,mode=control",
    ...(restore ? ["-incoming", "defer"] : []),
  ];
}
