// Network devices and their addresses, as rtnetlink(7) tells of them and changes them: four kinds of requests,
// laid out by hand (linux/netlink.h, linux/if_link.h, linux/if_addr.h). All numbers are little endian, as every
// machine is that runt runs on.

import { concatenate } from "./bytes.js";
import { native } from "./native.js";

const NLM_F_REQUEST = 0x1;
const NLM_F_ACK = 0x4;
const NLM_F_DUMP = 0x300;
const NLM_F_CREATE_NEW = 0x600;

const RTM_NEWLINK = 16;
const RTM_GETLINK = 18;
const RTM_SETLINK = 19;
const RTM_NEWADDR = 20;
const RTM_GETADDR = 22;

const IFLA_IFNAME = 3;
const IFLA_NET_NS_FD = 28;
const IFLA_EXT_MASK = 29;
const RTEXT_FILTER_SKIP_STATS = 8;

const IFA_LABEL = 3;
const IFA_CACHEINFO = 6;
const IFA_FLAGS = 8;
const IFA_TARGET_NETNSID = 10;

/** Of a device: it is up. */
export const IFF_UP = 0x1;
/** Of an address: it was set by somebody and has no end. */
export const IFA_F_PERMANENT = 0x80;
/** Of an address: valid everywhere ("global"). */
export const RT_SCOPE_UNIVERSE = 0;
/** What the kernel finds out by itself: secondary, duplicate, deprecated, tentative, permanent. */
const IFA_STATES = 0x01 | 0x08 | 0x20 | 0x40 | IFA_F_PERMANENT;

const HEADER = 16;
const IFINFOMSG = 16;
const IFADDRMSG = 8;
const ENODEV = 19;

/** A network namespace: a descriptor of it, -1 for our own. */
export type Network = number;

export interface NetDevice {
  index: number;
  name: string;
  /** IFF_*. */
  flags: number;
}

export interface NetAddress {
  /** Index of the device that has it. */
  device: number;
  /** AF_*. */
  family: number;
  prefix: number;
  scope: number;
  /** IFA_F_*. */
  flags: number;
  /** The rest as the kernel told it: type → value. */
  attributes: [type: number, value: Uint8Array][];
}

/** The device of a name, or null. A device's alternative names count too. */
export function findDevice(network: Network, name: string): NetDevice | null {
  const body = concatenate([new Uint8Array(IFINFOMSG), attribute(IFLA_IFNAME, text(name)), skipStatistics()]);
  try {
    return devicesOf(native().rtnetlink(network, message(RTM_GETLINK, NLM_F_ACK, body)))[0] ?? null;
  } catch (error) {
    if ((error as { errno?: number }).errno === ENODEV) return null;
    throw error;
  }
}

/** All devices of a namespace. */
export function listDevices(network: Network): NetDevice[] {
  const body = concatenate([new Uint8Array(IFINFOMSG), skipStatistics()]);
  return devicesOf(native().rtnetlink(network, message(RTM_GETLINK, NLM_F_DUMP, body)));
}

/** The addresses of a device. */
export function listAddresses(network: Network, device: number): NetAddress[] {
  const all = native().rtnetlink(network, message(RTM_GETADDR, NLM_F_DUMP, new Uint8Array(IFADDRMSG)));
  return addressesOf(all).filter((address) => address.device === device);
}

/** Moves a device to another namespace, where it has this name: "%d" in it becomes a number that is free. It is down then. */
export function moveDevice(network: Network, index: number, target: Network, name: string): void {
  const body = concatenate([
    deviceHead(index, 0, 0),
    attribute(IFLA_NET_NS_FD, u32(target)),
    attribute(IFLA_IFNAME, text(name)),
  ]);
  native().rtnetlink(network, message(RTM_SETLINK, NLM_F_ACK, body));
}

/** Sets a device up. */
export function raiseDevice(network: Network, index: number): void {
  native().rtnetlink(network, message(RTM_SETLINK, NLM_F_ACK, deviceHead(index, IFF_UP, IFF_UP)));
}

/** Gives a device an address that another one had, or the same one elsewhere. In: the name that labels begin with. */
export function addAddress(network: Network, index: number, address: NetAddress, name: string): void {
  native().rtnetlink(network, message(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE_NEW, addressBody(index, address, name)));
}

/** Body of RTM_NEWADDR. */
export function addressBody(index: number, address: NetAddress, name: string): Uint8Array {
  const flags = address.flags & ~IFA_STATES;
  const head = new Uint8Array(IFADDRMSG);
  head.set([address.family, address.prefix, flags & 0xff, address.scope]);
  new DataView(head.buffer).setUint32(4, index, true);
  const attributes = address.attributes
    // A permanent address has no lifetime to be told.
    .filter(([type]) => type !== IFA_FLAGS && type !== IFA_CACHEINFO && type !== IFA_TARGET_NETNSID)
    .map(([type, value]) => attribute(type, type === IFA_LABEL ? relabel(value, name) : value));
  return concatenate([head, attribute(IFA_FLAGS, u32(flags)), ...attributes]);
}

/** A label is the device's name, or that and ":" and something. */
function relabel(label: Uint8Array, name: string): Uint8Array {
  const colon = label.indexOf(":".charCodeAt(0));
  return colon < 0 ? text(name) : concatenate([text(name).subarray(0, -1), label.subarray(colon)]);
}

/** The devices in answers of the kernel. */
export function devicesOf(answers: Uint8Array): NetDevice[] {
  return [...messages(answers)]
    .filter(({ type }) => type === RTM_NEWLINK)
    .map(({ body }) => {
      const view = viewOf(body);
      const name = attributesOf(body.subarray(IFINFOMSG)).find(([type]) => type === IFLA_IFNAME)?.[1];
      return { index: view.getInt32(4, true), flags: view.getUint32(8, true), name: name ? textOf(name) : "" };
    });
}

/** The addresses in answers of the kernel. */
export function addressesOf(answers: Uint8Array): NetAddress[] {
  return [...messages(answers)]
    .filter(({ type }) => type === RTM_NEWADDR)
    .map(({ body }) => {
      const [family, prefix, flags, scope] = body as unknown as [number, number, number, number];
      const attributes = attributesOf(body.subarray(IFADDRMSG));
      // The byte has room for the old flags only.
      const more = attributes.find(([type]) => type === IFA_FLAGS)?.[1];
      const device = viewOf(body).getUint32(4, true);
      return { device, family, prefix, scope, flags: more ? viewOf(more).getUint32(0, true) : flags, attributes };
    });
}

function* messages(answers: Uint8Array): Generator<{ type: number; body: Uint8Array }> {
  const view = viewOf(answers);
  for (let at = 0; at + HEADER <= answers.length; ) {
    const length = view.getUint32(at, true);
    if (length < HEADER) return;
    yield { type: view.getUint16(at + 4, true), body: answers.subarray(at + HEADER, at + length) };
    at += aligned(length);
  }
}

function attributesOf(bytes: Uint8Array): [number, Uint8Array][] {
  const found: [number, Uint8Array][] = [];
  const view = viewOf(bytes);
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = view.getUint16(at, true);
    if (length < 4) break;
    // The two highest bits say how the value is made.
    found.push([view.getUint16(at + 2, true) & 0x3fff, bytes.slice(at + 4, at + length)]);
    at += aligned(length);
  }
  return found;
}

/** struct nlmsghdr and what follows it. */
function message(type: number, flags: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER + body.length);
  const view = viewOf(bytes);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, NLM_F_REQUEST | flags, true);
  bytes.set(body, HEADER);
  return bytes;
}

/** struct ifinfomsg. */
function deviceHead(index: number, flags: number, change: number): Uint8Array {
  const head = new Uint8Array(IFINFOMSG);
  const view = viewOf(head);
  view.setInt32(4, index, true);
  view.setUint32(8, flags, true);
  view.setUint32(12, change, true);
  return head;
}

const skipStatistics = () => attribute(IFLA_EXT_MASK, u32(RTEXT_FILTER_SKIP_STATS));

function attribute(type: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(aligned(4 + value.length));
  const view = viewOf(bytes);
  view.setUint16(0, 4 + value.length, true);
  view.setUint16(2, type, true);
  bytes.set(value, 4);
  return bytes;
}

const aligned = (length: number) => (length + 3) & ~3;
const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const text = (value: string) => new TextEncoder().encode(`${value}\0`);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value, true);
  return bytes;
}
