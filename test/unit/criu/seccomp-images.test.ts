// Which thread of a checkpoint has which seccomp filter.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PbfWriter } from "pbf";
import t from "tap";
import { SeccompImages } from "../../../src/criu/seccomp-images.js";

function image(path: string, magic: number, message: Uint8Array): void {
  const head = Buffer.alloc(12);
  [0x54564319, magic, message.length].forEach((word, index) => {
    head.writeUInt32LE(word, index * 4);
  });
  writeFileSync(path, Buffer.concat([head, message]));
}

const CORE = 0x55053847;
const SECCOMP = 0x64413049;
const code = (byte: number) => new Uint8Array(8).fill(byte);

function core(dir: string, thread: number, mode: number, filter?: number): void {
  const writer = new PbfWriter();
  writer.writeVarintField(1, 1);
  writer.writeMessage(
    5,
    (_: unknown, inner: PbfWriter) => {
      inner.writeVarintField(1, 0x100);
      inner.writeVarintField(11, mode);
      if (filter !== undefined) inner.writeVarintField(12, filter);
    },
    undefined,
  );
  image(join(dir, `core-${thread}.img`), CORE, writer.finish());
}

function filters(dir: string, list: { byte: number; previous?: number }[]): void {
  const writer = new PbfWriter();
  for (const { byte, previous } of list) {
    writer.writeMessage(
      1,
      (_: unknown, inner: PbfWriter) => {
        inner.writeBytesField(1, code(byte));
        if (previous !== undefined) inner.writeVarintField(2, previous);
      },
      undefined,
    );
  }
  image(join(dir, "seccomp.img"), SECCOMP, writer.finish());
}

t.test("a filter by itself, below others, and none", async (t) => {
  const dir = t.testdir();
  filters(dir, [{ byte: 1 }, { byte: 2, previous: 0 }, { byte: 3, previous: 3 }, { byte: 4, previous: 2 }]);
  core(dir, 1, 2, 0);
  core(dir, 7, 2, 1);
  core(dir, 8, 0);
  core(dir, 9, 2, 2);
  core(dir, 10, 2, 77);
  const images = new SeccompImages(dir);
  t.ok(images.has(1, code(1)));
  t.notOk(images.has(1, code(2)));
  t.ok(images.has(7, code(1)), "the first of two");
  t.ok(images.has(7, code(2)));
  t.notOk(images.has(8, code(1)), "no filter");
  t.notOk(images.has(9, code(1)), "a ring ends");
  t.notOk(images.has(10, code(1)), "a number that there is none of");
  t.notOk(images.has(11, code(1)), "no such thread");
  t.notOk(images.has(1, new Uint8Array(4).fill(1)), "a shorter one");
});

t.test("other files", async (t) => {
  const dir = t.testdir();
  t.notOk(new SeccompImages(dir).has(1, code(1)), "no images");
  writeFileSync(join(dir, "seccomp.img"), "something else");
  t.throws(() => new SeccompImages(dir), /not an image of criu/);
  writeFileSync(join(dir, "seccomp.img"), "");
  t.throws(() => new SeccompImages(dir), /not an image of criu/);
  image(join(dir, "seccomp.img"), CORE, new Uint8Array());
  t.throws(() => new SeccompImages(dir), /not an image of criu/);
});
