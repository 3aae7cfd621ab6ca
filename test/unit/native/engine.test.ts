// How the engine lies in its file: scripts/align-engine.mjs.

import { closeSync, openSync, readSync } from "node:fs";
import { fileURLToPath } from "node:url";
import t from "tap";

const ENGINE = fileURLToPath(new URL("../../../../lib/runt/engine", import.meta.url));
const HUGE_PAGE = 0x200000n;
const PT_LOAD = 1;

t.test("every segment lies in the file as in memory, modulo two megabytes", async (t) => {
  const head = Buffer.alloc(4096);
  const fd = openSync(ENGINE, "r");
  readSync(fd, head);
  closeSync(fd);
  const table = Number(head.readBigUInt64LE(32));
  let loaded = 0;
  for (let index = 0; index < head.readUInt16LE(56); index++) {
    const at = table + index * 56;
    if (head.readUInt32LE(at) !== PT_LOAD) continue;
    const [offset, address] = [head.readBigUInt64LE(at + 8), head.readBigUInt64LE(at + 16)];
    t.equal(offset % HUGE_PAGE, address % HUGE_PAGE, `segment at 0x${address.toString(16)}`);
    loaded++;
  }
  t.ok(loaded > 0);
});
