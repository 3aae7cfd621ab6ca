// criu's RPC protocol: the messages that runt sends and understands, as bytes of Protocol Buffers.
// Names and numbers are those of criu's images/rpc.proto; only fields that runt uses are listed.

import { PbfReader, PbfWriter } from "pbf";

/** criu_req_type */
export const DUMP = 1;
export const RESTORE = 2;
export const PRE_DUMP = 4;
export const NOTIFY = 6;
export const FEATURE_CHECK = 9;
export const VERSION = 10;

/** criu_cg_mode: what criu does about cgroups. */
export const CGROUP_MODES = { ignore: 0, soft: 3, full: 4, strict: 5 } as const;

export function isCgroupMode(name: string): name is keyof typeof CGROUP_MODES {
  return Object.hasOwn(CGROUP_MODES, name);
}

/** criu_opts */
export interface CriuOptions {
  imagesDirFd?: number;
  pid?: number;
  leaveRunning?: boolean;
  extUnixSk?: boolean;
  tcpEstablished?: boolean;
  evasiveDevices?: boolean;
  shellJob?: boolean;
  fileLocks?: boolean;
  logLevel?: number;
  logFile?: string;
  pageServer?: { address: string; port: number };
  notifyScripts?: boolean;
  root?: string;
  parentImg?: string;
  trackMem?: boolean;
  autoDedup?: boolean;
  workDirFd?: number;
  linkRemap?: boolean;
  extMnt?: readonly { key: string; val: string }[];
  manageCgroups?: boolean;
  cgRoot?: readonly { ctrl?: string; path: string }[];
  rstSibling?: boolean;
  inheritFd?: readonly { key: string; fd: number }[];
  manageCgroupsMode?: number;
  external?: readonly string[];
  emptyNs?: number;
  joinNs?: readonly { ns: string; nsFile: string }[];
  freezeCgroup?: string;
  tcpSkipInFlight?: boolean;
  lazyPages?: boolean;
  orphanPtsMaster?: boolean;
  configFile?: string;
  lsmProfile?: string;
  lsmMountContext?: string;
}

/** criu_features: what criu is asked for, and whether this kernel has it. */
export interface CriuFeatures {
  memTrack?: boolean;
  lazyPages?: boolean;
}

/** criu_req */
export interface CriuRequest {
  type: number;
  opts?: CriuOptions;
  notifySuccess?: boolean;
  features?: CriuFeatures;
}

/** criu_resp */
export interface CriuResponse {
  type: number;
  success: boolean;
  /** Of a restore that is done. */
  restoredPid?: number;
  notify?: { script: string; pid: number };
  errno?: number;
  message?: string;
  features?: CriuFeatures;
  version?: { major: number; minor: number; sublevel: number };
}

/** Field → its number and what it holds; a table: a message; a table in brackets: any number of them. */
type Field = readonly [number, "int" | "bool" | "text" | "texts" | Table | readonly [Table]];
interface Table {
  readonly [name: string]: Field;
}

const PAGE_SERVER: Table = { address: [1, "text"], port: [2, "int"] };
const EXT_MOUNT: Table = { key: [1, "text"], val: [2, "text"] };
const JOIN_NAMESPACE: Table = { ns: [1, "text"], nsFile: [2, "text"] };
const INHERIT_FD: Table = { key: [1, "text"], fd: [2, "int"] };
const CGROUP_ROOT: Table = { ctrl: [1, "text"], path: [2, "text"] };
const FEATURES: Table = { memTrack: [1, "bool"], lazyPages: [2, "bool"] };

const OPTIONS: { readonly [Name in keyof Required<CriuOptions>]: Field } = {
  imagesDirFd: [1, "int"],
  pid: [2, "int"],
  leaveRunning: [3, "bool"],
  extUnixSk: [4, "bool"],
  tcpEstablished: [5, "bool"],
  evasiveDevices: [6, "bool"],
  shellJob: [7, "bool"],
  fileLocks: [8, "bool"],
  logLevel: [9, "int"],
  logFile: [10, "text"],
  pageServer: [11, PAGE_SERVER],
  notifyScripts: [12, "bool"],
  root: [13, "text"],
  parentImg: [14, "text"],
  trackMem: [15, "bool"],
  autoDedup: [16, "bool"],
  workDirFd: [17, "int"],
  linkRemap: [18, "bool"],
  extMnt: [23, [EXT_MOUNT]],
  manageCgroups: [24, "bool"],
  cgRoot: [25, [CGROUP_ROOT]],
  rstSibling: [26, "bool"],
  inheritFd: [27, [INHERIT_FD]],
  manageCgroupsMode: [34, "int"],
  external: [37, "texts"],
  emptyNs: [38, "int"],
  joinNs: [39, [JOIN_NAMESPACE]],
  freezeCgroup: [44, "text"],
  tcpSkipInFlight: [46, "bool"],
  lazyPages: [48, "bool"],
  orphanPtsMaster: [50, "bool"],
  configFile: [51, "text"],
  lsmProfile: [53, "text"],
  lsmMountContext: [63, "text"],
};

const REQUEST: { readonly [Name in keyof Required<CriuRequest>]: Field } = {
  type: [1, "int"],
  opts: [2, OPTIONS],
  notifySuccess: [3, "bool"],
  features: [5, FEATURES],
};

/** A request as criu reads it. */
export function encodeRequest(request: CriuRequest): Uint8Array {
  const writer = new PbfWriter();
  writeMessage({ table: REQUEST, values: request }, writer);
  return writer.finish();
}

interface Filled {
  table: Table;
  values: object;
}

/** Fields in the order of the table; those that are undefined are left out. */
function writeMessage({ table, values }: Filled, writer: PbfWriter): void {
  for (const [name, [number, kind]] of Object.entries(table)) {
    const value: unknown = (values as Record<string, unknown>)[name];
    if (value === undefined) continue;
    if (kind === "int") writer.writeVarintField(number, value as number);
    else if (kind === "bool") writer.writeBooleanField(number, value as boolean);
    else if (kind === "text") writer.writeStringField(number, value as string);
    else if (kind === "texts") for (const text of value as string[]) writer.writeStringField(number, text);
    else {
      const many = Array.isArray(kind);
      const inner: Table = many ? (kind as readonly [Table])[0] : (kind as Table);
      for (const item of many ? (value as object[]) : [value as object]) {
        writer.writeMessage(number, writeMessage, { table: inner, values: item });
      }
    }
  }
}

/** What criu said. Throws when the bytes are no such message. */
export function decodeResponse(bytes: Uint8Array): CriuResponse {
  return new PbfReader(bytes).readFields<CriuResponse>(
    (field, response, reader) => {
      if (field === 1) response.type = reader.readVarint(true);
      else if (field === 2) response.success = reader.readBoolean();
      else if (field === 4) response.restoredPid = reader.readMessage(readPid, { pid: 0 }).pid;
      else if (field === 5) response.notify = reader.readMessage(readNotify, { script: "", pid: 0 });
      else if (field === 7) response.errno = reader.readVarint(true);
      else if (field === 8) response.features = reader.readMessage(readFeatures, {});
      else if (field === 9) response.message = reader.readString();
      else if (field === 10) response.version = reader.readMessage(readVersion, { major: 0, minor: 0, sublevel: 0 });
    },
    { type: 0, success: false },
  );
}

function readPid(field: number, result: { pid: number }, reader: PbfReader): void {
  if (field === 1) result.pid = reader.readVarint(true);
}

function readNotify(field: number, result: { script: string; pid: number }, reader: PbfReader): void {
  if (field === 1) result.script = reader.readString();
  else if (field === 2) result.pid = reader.readVarint(true);
}

function readFeatures(field: number, result: CriuFeatures, reader: PbfReader): void {
  if (field === 1) result.memTrack = reader.readBoolean();
  else if (field === 2) result.lazyPages = reader.readBoolean();
}

function readVersion(field: number, result: NonNullable<CriuResponse["version"]>, reader: PbfReader): void {
  if (field === 1) result.major = reader.readVarint(true);
  else if (field === 2) result.minor = reader.readVarint(true);
  else if (field === 4) result.sublevel = reader.readVarint(true);
}
