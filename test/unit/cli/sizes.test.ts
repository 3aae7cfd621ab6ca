import t from "tap";
import { parseSize } from "../../../src/cli/sizes.js";

t.test("sizes", async (t) => {
  for (const [text, bytes] of [
    ["0", 0n],
    ["67108864", 67108864n],
    ["50M", 52428800n],
    ["50m", 52428800n],
    ["1.5g", 1610612736n],
    ["64KiB", 65536n],
    ["64kb", 65536n],
    ["10b", 10n],
    ["2 GB", 2147483648n],
    ["1t", 1099511627776n],
    ["2P", 2251799813685248n],
    ["9223372036854775807", 9223372036854775807n],
  ] as const) {
    t.equal(parseSize(text), bytes, text);
  }
  for (const text of [
    "",
    "m",
    "-1",
    "+1",
    "1,5g",
    "1.g",
    ".5g",
    "10ib",
    "10eb",
    "0x10",
    "1e3",
    "1 m b",
    "9223372036854775808",
    "9000000p",
  ]) {
    t.equal(parseSize(text), null, text);
  }
});
