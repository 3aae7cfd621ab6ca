// The seccomp filters in criu's images, by which a restored thread's can be compared: the kernel shows a filter only to
// who traces the thread, and that is criu. Names and numbers are those of criu's images/{core,seccomp}.proto and magic.h.

import { PbfReader } from "pbf";
import { native } from "../host/native.js";

const COMMON_MAGIC = 0x54564319;
const CORE_MAGIC = 0x55053847;
const SECCOMP_MAGIC = 0x64413049;
const MODE_FILTER = 2;

/** One filter; `previous` is the number of the one that the thread had before. */
interface Filter {
  code: Uint8Array;
  previous?: number;
}

/** The filters of a checkpoint. */
export class SeccompImages {
  private readonly filters: Filter[] = [];

  /** In: the image directory. Throws when its files are not criu's. */
  constructor(private readonly directory: string) {
    const entry = readEntry(`${directory}/seccomp.img`, SECCOMP_MAGIC);
    entry?.readFields((field, filters, reader) => {
      if (field === 1) filters.push(reader.readMessage(readFilter, { code: new Uint8Array() }));
    }, this.filters);
  }

  /** Whether a thread, by its id in the container, has that filter, be it with others. */
  has(thread: number, code: Uint8Array): boolean {
    const core = readEntry(`${this.directory}/core-${thread}.img`, CORE_MAGIC)?.readFields<Core>(readCore, {});
    if (core?.mode !== MODE_FILTER) return false;
    // No thread has more filters than there are: a ring of them is no reason to go on.
    let number = core.filter;
    for (let left = this.filters.length; left > 0 && number !== undefined; left--) {
      const filter = this.filters[number];
      if (filter && equal(filter.code, code)) return true;
      number = filter?.previous;
    }
    return false;
  }
}

/** The first message of an image file; null when there is none. */
function readEntry(path: string, magic: number): PbfReader | null {
  const bytes = native().readBytesIfAny(path);
  if (bytes === null) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8 || view.getUint32(0, true) !== COMMON_MAGIC || view.getUint32(4, true) !== magic) {
    throw new Error("not an image of criu");
  }
  if (bytes.length < 12) return null;
  return new PbfReader(bytes.subarray(12, 12 + view.getUint32(8, true)));
}

interface Core {
  mode?: number;
  filter?: number;
}

/** core_entry: thread_core is 5; before criu 3.12 the same stood in tc, which is 3. */
function readCore(field: number, core: Core, reader: PbfReader): void {
  if (field === 3 || field === 5) reader.readMessage(readThread, core);
}

function readThread(field: number, core: Core, reader: PbfReader): void {
  if (field === 11) core.mode = reader.readVarint();
  else if (field === 12) core.filter = reader.readVarint();
}

function readFilter(field: number, filter: Filter, reader: PbfReader): void {
  if (field === 1) filter.code = reader.readBytes();
  else if (field === 2) filter.previous = reader.readVarint();
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
