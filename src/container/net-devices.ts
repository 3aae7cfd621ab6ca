// Moves network devices of the host into a container: config-linux.md, "Network Devices". What goes wrong
// before the container is there is undone; after that the devices are the container's, and their way back
// is the kernel's business when the network namespace ends: physical ones go to the initial one, under the
// name that they have then, virtual ones end with it. A runtime MUST NOT move them out. So what was moved is
// in no journal: the same holds when runt is killed half-way, and `delete` has nothing to do. A namespace that
// was joined lives on, and keeps them.

import { RuntError, wordPointer } from "../errors.js";
import { EEXIST, O_CLOEXEC, O_RDONLY } from "../host/constants.js";
import { failure } from "../host/failure.js";
import { native } from "../host/native.js";
import {
  addAddress,
  findDevice,
  IFA_F_PERMANENT,
  IFF_UP,
  listAddresses,
  listDevices,
  moveDevice,
  raiseDevice,
  RT_SCOPE_UNIVERSE,
  type NetAddress,
  type NetDevice,
  type Network,
} from "../host/rtnetlink.js";
import { pointerPart } from "../plan/paths.js";
import type { LinuxNetDevice } from "../spec/types.gen.js";

/** A device on its way, as it was on the host. */
interface Moved {
  device: NetDevice;
  addresses: NetAddress[];
  /** Its name in the container, once it is known. */
  name: string;
}

export class NetDevices {
  private host: Network = -1;
  private container: Network = -1;
  private readonly moved: Moved[] = [];

  constructor(private readonly devices: Readonly<Record<string, LinuxNetDevice>>) {}

  /** Moves all of them into the network namespace of a process. Throws RuntError. */
  moveIn(pid: number): void {
    this.open(pid);
    for (const [name, { name: wanted }] of Object.entries(this.devices)) {
      const where = wordPointer(`/linux/netDevices${pointerPart(name)}`);
      try {
        this.moveOne(name, wanted || undefined);
      } catch (error) {
        if (error instanceof RuntError) throw new RuntError({ ...error.parts, where });
        throw failure(error, { where, attempt: `move network device ${name}` });
      }
    }
  }

  /**
   * The container does not come to be: the host has them again, as they were. Routes are not among what is kept.
   * One that can't go back does not keep the others; the first error is thrown at the end.
   */
  moveBack(): void {
    let first: unknown;
    for (const moved of this.moved.splice(0).reverse()) {
      try {
        this.moveOneBack(moved);
      } catch (error) {
        first ??= failure(error, { attempt: `move network device ${moved.device.name} back to the host` });
      }
    }
    if (first !== undefined) throw first;
  }

  close(): void {
    for (const fd of [this.host, this.container]) native().close(fd);
    this.host = this.container = -1;
  }

  private open(pid: number): void {
    const flags = O_RDONLY | O_CLOEXEC;
    this.host = native().open("/proc/self/ns/net", flags, 0);
    this.container = native().open(`/proc/${pid}/ns/net`, flags, 0);
    const [host, container] = [native().fstat(this.host), native().fstat(this.container)];
    if (host.dev === container.dev && host.ino === container.ino) {
      throw new RuntError({
        where: wordPointer("/linux/netDevices"),
        cause: "the container's network namespace is the one that the devices are in",
        hint: "make a network namespace, or join another one",
      });
    }
  }

  private moveOneBack({ device, addresses, name }: Moved): void {
    // It never left. What has its name in the container is another one.
    if (findDevice(this.host, device.name)?.index === device.index) return;
    // When the kernel has moved but not renamed it, it has its old name.
    const there = findDevice(this.container, name) ?? findDevice(this.container, device.name);
    if (!there) return;
    moveDevice(this.container, there.index, this.host, device.name);
    const back = findDevice(this.host, device.name)!;
    for (const address of addresses) addAddress(this.host, back.index, address, device.name);
    if (device.flags & IFF_UP) raiseDevice(this.host, back.index);
  }

  private moveOne(name: string, wanted: string | undefined): void {
    const device = findDevice(this.host, name);
    if (!device) throw new RuntError({ cause: `there is no network device ${name} on the host` });
    const target = wanted ?? device.name;
    const before = listDevices(this.container);
    // Asked before it moves: the kernel renames afterwards, and would leave it in the container.
    if (before.some((other) => other.name === target)) throw nameTaken(target);
    const addresses = listAddresses(this.host, device.index).filter(isKept);
    const moved = { device, addresses, name: target };
    this.moved.push(moved);
    try {
      moveDevice(this.host, device.index, this.container, target);
    } catch (error) {
      throw (error as { errno?: number }).errno === EEXIST ? nameTaken(target) : error;
    }
    const arrived = arrival(target, before, listDevices(this.container));
    moved.name = arrived.name;
    for (const address of addresses) addAddress(this.container, arrived.index, address, arrived.name);
    raiseDevice(this.container, arrived.index);
  }
}

/** Permanent addresses of global scope, of any family. */
function isKept({ scope, flags }: NetAddress): boolean {
  return scope === RT_SCOPE_UNIVERSE && (flags & IFA_F_PERMANENT) !== 0;
}

/** The device that has come: its index may be another one than on the host, and "%d" in its name is a number now. */
function arrival(target: string, before: readonly NetDevice[], after: readonly NetDevice[]): NetDevice {
  const [start, end] = target.split("%d") as [string, string | undefined];
  const fits = ({ name }: NetDevice) =>
    end === undefined ? name === target : name.startsWith(start) && name.endsWith(end);
  const known = new Set(before.map(({ index }) => index));
  const found = after.find((device) => fits(device) && !known.has(device.index));
  if (!found) throw new RuntError(`network device ${target} did not arrive in the container`);
  return found;
}

function nameTaken(name: string): RuntError {
  return new RuntError({
    cause: `the container's network namespace has a device ${name} already`,
    hint: 'give it another "name"; "%d" in it becomes a number that is free',
  });
}
