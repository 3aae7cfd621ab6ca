// Moves the segments of an ELF executable in its file, so that each lies there as it does in memory,
// modulo two megabytes. Nothing else changes.
//
// Why: the kernel maps a file two megabytes at a time where both sides are aligned and the page cache holds
// the file in pieces of that size (Linux 5.18 on XFS, 6.16 on ext4). Bun's linker aligns to 4 KiB only. For a
// command of the engine, which touches 28 MB of its 110, that is 250 page faults of 880, and much of the time
// in the TLB: docs/benchmarks.md has the numbers. The file grows by a few pages.
const HUGE = 0x200000;
const PAGE = 0x1000;
const PT_LOAD = 1;

/** In: the bytes of a 64-bit little-endian executable. Out: those of the aligned one. */
export function alignSegments(file) {
  if (file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) throw new Error("no 64-bit ELF file");
  const number = (at) => Number(file.readBigUInt64LE(at));
  const table = (start, size, count) => Array.from({ length: count }, (_, index) => start + index * size);
  const segments = table(number(32), 56, file.readUInt16LE(56)).map((at) => ({
    at: at + 8,
    offset: number(at + 8),
    address: number(at + 16),
    type: file.readUInt32LE(at),
  }));
  const sections = table(number(40), 64, file.readUInt16LE(60)).map((at) => ({ at: at + 24, offset: number(at + 24) }));

  // Where the file is cut, and by how much everything from there on has moved. A page that holds the end of one
  // segment and the beginning of the next is needed by both: the next one gets a copy.
  const cuts = [];
  let moved = 0;
  for (const { offset, address, type } of segments) {
    if (type !== PT_LOAD) continue;
    const gap = (((address - offset - moved) % HUGE) + HUGE) % HUGE;
    if (gap === 0) continue;
    moved += gap;
    cuts.push({ start: offset - (offset % PAGE), moved, gap });
  }
  const place = (offset) => offset + (cuts.findLast(({ start }) => offset >= start)?.moved ?? 0);

  const head = Buffer.from(file);
  for (const { at, offset } of [...segments, ...sections, { at: 40, offset: number(40) }])
    head.writeBigUInt64LE(BigInt(place(offset)), at);
  const parts = [];
  let from = 0;
  for (const { start, gap } of cuts) {
    if (gap % PAGE !== 0) throw new Error("a segment that does not lie at a page");
    parts.push(head.subarray(from, start + PAGE), Buffer.alloc(gap - PAGE));
    from = start;
  }
  return Buffer.concat([...parts, head.subarray(from)]);
}
