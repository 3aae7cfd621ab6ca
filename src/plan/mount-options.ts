// Mount options: the one table of all that runt handles itself (config.md, "Linux mount
// options"), and the folding of a list of them. Any other option is the file system's.

import {
  MOUNT_ATTR__ATIME,
  MOUNT_ATTR_NOATIME,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NODIRATIME,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_NOSYMFOLLOW,
  MOUNT_ATTR_RDONLY,
  MOUNT_ATTR_RELATIME,
  MOUNT_ATTR_STRICTATIME,
  MS_DIRSYNC,
  MS_I_VERSION,
  MS_LAZYTIME,
  MS_MANDLOCK,
  MS_PRIVATE,
  MS_REC,
  MS_SHARED,
  MS_SILENT,
  MS_SLAVE,
  MS_SYNCHRONOUS,
  MS_UNBINDABLE,
} from "./constants.js";

/** The container gets the source's symlink; a symlink is the source itself; a symlink is the mount point itself. */
export type LinkOption = "copied" | "source" | "target";

/** What one option does. */
export type MountOption =
  /** Sets or clears an attribute of the mount, or of all mounts of the tree. */
  | { kind: "attribute"; bit: number; on: boolean; recursive: boolean }
  /** Chooses the access time setting, or takes that choice back. */
  | { kind: "atime"; value: number; on: boolean; recursive: boolean }
  /** Sets or clears a flag of the file system as a whole. */
  | { kind: "superblock"; bit: number; on: boolean }
  /** MS_* propagation, with MS_REC for all mounts of the tree. */
  | { kind: "propagation"; flags: number }
  | { kind: "bind"; recursive: boolean }
  | { kind: "remount" }
  | { kind: "tmpcopyup" }
  /** crun's, of bind mounts: what becomes of a source or a destination that is a symlink. */
  | { kind: "link"; of: LinkOption }
  /** Maps the ids of the mount, or of all mounts of the tree. */
  | { kind: "idmap"; recursive: boolean }
  | { kind: "nothing" };

const set = (bit: number): MountOption => ({ kind: "attribute", bit, on: true, recursive: false });
const clear = (bit: number): MountOption => ({ kind: "attribute", bit, on: false, recursive: false });
const atime = (value: number, on: boolean): MountOption => ({ kind: "atime", value, on, recursive: false });
const superblock = (bit: number, on: boolean): MountOption => ({ kind: "superblock", bit, on });
const propagation = (flags: number): MountOption => ({ kind: "propagation", flags });

/** Options whose name with an "r" before it means the same for all mounts of the tree (kernel 5.12). */
const ATTRIBUTES: Readonly<Record<string, MountOption>> = {
  ro: set(MOUNT_ATTR_RDONLY),
  rw: clear(MOUNT_ATTR_RDONLY),
  nosuid: set(MOUNT_ATTR_NOSUID),
  suid: clear(MOUNT_ATTR_NOSUID),
  nodev: set(MOUNT_ATTR_NODEV),
  dev: clear(MOUNT_ATTR_NODEV),
  noexec: set(MOUNT_ATTR_NOEXEC),
  exec: clear(MOUNT_ATTR_NOEXEC),
  nodiratime: set(MOUNT_ATTR_NODIRATIME),
  diratime: clear(MOUNT_ATTR_NODIRATIME),
  nosymfollow: set(MOUNT_ATTR_NOSYMFOLLOW),
  symfollow: clear(MOUNT_ATTR_NOSYMFOLLOW),
  noatime: atime(MOUNT_ATTR_NOATIME, true),
  atime: atime(MOUNT_ATTR_NOATIME, false),
  relatime: atime(MOUNT_ATTR_RELATIME, true),
  norelatime: atime(MOUNT_ATTR_RELATIME, false),
  strictatime: atime(MOUNT_ATTR_STRICTATIME, true),
  nostrictatime: atime(MOUNT_ATTR_STRICTATIME, false),
};

const OTHERS: Readonly<Record<string, MountOption>> = {
  defaults: { kind: "nothing" },
  sync: superblock(MS_SYNCHRONOUS, true),
  async: superblock(MS_SYNCHRONOUS, false),
  dirsync: superblock(MS_DIRSYNC, true),
  lazytime: superblock(MS_LAZYTIME, true),
  nolazytime: superblock(MS_LAZYTIME, false),
  iversion: superblock(MS_I_VERSION, true),
  noiversion: superblock(MS_I_VERSION, false),
  mand: superblock(MS_MANDLOCK, true),
  nomand: superblock(MS_MANDLOCK, false),
  silent: superblock(MS_SILENT, true),
  loud: superblock(MS_SILENT, false),
  private: propagation(MS_PRIVATE),
  rprivate: propagation(MS_PRIVATE | MS_REC),
  slave: propagation(MS_SLAVE),
  rslave: propagation(MS_SLAVE | MS_REC),
  shared: propagation(MS_SHARED),
  rshared: propagation(MS_SHARED | MS_REC),
  unbindable: propagation(MS_UNBINDABLE),
  runbindable: propagation(MS_UNBINDABLE | MS_REC),
  bind: { kind: "bind", recursive: false },
  rbind: { kind: "bind", recursive: true },
  remount: { kind: "remount" },
  tmpcopyup: { kind: "tmpcopyup" },
  idmap: { kind: "idmap", recursive: false },
  ridmap: { kind: "idmap", recursive: true },
  "copy-symlink": { kind: "link", of: "copied" },
  "src-nofollow": { kind: "link", of: "source" },
  "dest-nofollow": { kind: "link", of: "target" },
};

/** What an option does; undefined: it is the file system's. */
export function mountOption(name: string): MountOption | undefined {
  if (Object.hasOwn(OTHERS, name)) return OTHERS[name];
  if (Object.hasOwn(ATTRIBUTES, name)) return ATTRIBUTES[name];
  const inner = name.slice(1);
  if (!name.startsWith("r") || !Object.hasOwn(ATTRIBUTES, inner)) return undefined;
  const option = ATTRIBUTES[inner]!;
  return { ...option, recursive: true } as MountOption;
}

/** Every option that runt handles, for `features`. */
export function mountOptionNames(): string[] {
  const attributes = Object.keys(ATTRIBUTES);
  return [...attributes, ...attributes.map((name) => `r${name}`), ...Object.keys(OTHERS)];
}

/** Attributes of a mount to set and to clear, as mount_setattr(2) takes them. */
export interface Attributes {
  set: number;
  clear: number;
}

/** A list of options put together. */
export interface MountOptions {
  /** Of the mount itself, and of all mounts of its tree. */
  own: Attributes;
  tree: Attributes;
  /** MS_* flags of the superblock. */
  superblock: number;
  /** MS_* flags in their order: the last one counts, but "slave, shared" is both. */
  propagation: number[];
  bind?: { recursive: boolean };
  remount: boolean;
  tmpcopyup: boolean;
  idmap?: { recursive: boolean };
  /** What of a symlink is asked for. */
  links: Partial<Record<LinkOption, true>>;
  /** Options of the file system, joined by commas as mount(2) takes them. */
  data: string;
}

/** Folds the options of one mount from left to right; later ones win. */
export function foldMountOptions(options: readonly string[]): MountOptions {
  const all: MountOptions = {
    own: { set: 0, clear: 0 },
    tree: { set: 0, clear: 0 },
    superblock: 0,
    propagation: [],
    remount: false,
    tmpcopyup: false,
    links: {},
    data: "",
  };
  const data: string[] = [];
  for (const name of options) {
    const option = mountOption(name);
    if (option) apply(all, option);
    else data.push(name);
  }
  all.data = data.filter((text) => text !== "").join(",");
  return all;
}

function apply(all: MountOptions, option: MountOption): void {
  switch (option.kind) {
    case "attribute":
      change(option.recursive ? all.tree : all.own, option.bit, option.on);
      break;
    case "atime":
      chooseAtime(option.recursive ? all.tree : all.own, option.value, option.on);
      break;
    case "superblock":
      all.superblock = option.on ? all.superblock | option.bit : all.superblock & ~option.bit;
      break;
    case "propagation":
      all.propagation.push(option.flags);
      break;
    case "bind":
      all.bind = { recursive: option.recursive || all.bind?.recursive === true };
      break;
    case "remount":
      all.remount = true;
      break;
    case "tmpcopyup":
      all.tmpcopyup = true;
      break;
    case "link":
      all.links[option.of] = true;
      break;
    case "idmap":
      all.idmap = { recursive: option.recursive };
      break;
    case "nothing":
      break;
  }
}

function change(attributes: Attributes, bit: number, on: boolean): void {
  attributes.set = on ? attributes.set | bit : attributes.set & ~bit;
  attributes.clear = on ? attributes.clear & ~bit : attributes.clear | bit;
}

/**
 * The access time setting is one of three values. mount_setattr(2) wants the whole field
 * cleared to set one. Taking back another value than the chosen one changes nothing; without a
 * choice the kernel's default is left, which is relatime.
 */
function chooseAtime(attributes: Attributes, value: number, on: boolean): void {
  const chosen = attributes.clear & MOUNT_ATTR__ATIME ? attributes.set & MOUNT_ATTR__ATIME : undefined;
  const next = on ? value : chosen === undefined || chosen === value ? MOUNT_ATTR_RELATIME : chosen;
  attributes.clear |= MOUNT_ATTR__ATIME;
  attributes.set = (attributes.set & ~MOUNT_ATTR__ATIME) | next;
}
