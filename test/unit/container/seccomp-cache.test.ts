// An entry of the filter cache counts only when it was made from the very text asked for.

import t from "tap";
import { cacheKey, decodeEntry, encodeEntry, hashText } from "../../../src/container/seccomp-cache.js";

const PROFILE = {
  defaultAction: 1,
  architectures: [],
  refuseNewer: false,
  rules: [{ names: ["read"], action: 2, args: [{ index: 0, op: 1, value: 2n ** 63n, valueTwo: 0 }] }],
};
const KEY = cacheKey(PROFILE, "2.5.4", "6.18.0");
const FILTER = { filter: new Uint8Array(16).map((_, index) => index), unknown: ["néw"] };

t.test("the key tells profiles, libraries and kernels apart", async (t) => {
  t.not(cacheKey(PROFILE, "2.5.5", "6.18.0"), KEY);
  t.not(cacheKey(PROFILE, "2.5.4", "6.18.1"), KEY);
  t.not(cacheKey({ ...PROFILE, defaultAction: 2 }, "2.5.4", "6.18.0"), KEY);
  t.match(KEY, "9223372036854775808n", "bigints are exact");
  t.match(hashText(KEY), /^[0-9a-f]{16}$/);
  t.not(hashText("a"), hashText("b"));
});

t.test("what was put in comes out", async (t) => {
  const found = decodeEntry(encodeEntry(KEY, FILTER), KEY)!;
  t.same([...found.filter], [...FILTER.filter]);
  t.same(found.unknown, FILTER.unknown);
});

t.test("another key with the same hash is a miss", async (t) => {
  const entry = encodeEntry(KEY, FILTER);
  t.equal(decodeEntry(entry, KEY.replace("2.5.4", "2.5.5")), null);
  t.equal(decodeEntry(entry, `${KEY}x`), null);
});

t.test("damaged entries are misses", async (t) => {
  const entry = encodeEntry(KEY, FILTER);
  for (const length of [0, 1, 20, entry.length - 8, entry.length - 1])
    t.equal(decodeEntry(entry.slice(0, length), KEY), null, `cut to ${length}`);
  t.equal(decodeEntry(Uint8Array.from([...entry, 0, 0, 0, 0, 0, 0, 0, 0]), KEY), null, "longer");
  t.equal(decodeEntry(new TextEncoder().encode("null\n"), KEY), null);
  t.equal(decodeEntry(new TextEncoder().encode("{}\n"), KEY), null);
  t.equal(decodeEntry(encodeEntry(KEY, { ...FILTER, filter: new Uint8Array(12) }), KEY), null, "no whole instructions");
  t.equal(decodeEntry(encodeEntry(KEY, { ...FILTER, filter: new Uint8Array(0) }), KEY), null, "empty");
  t.equal(
    decodeEntry(encodeEntry(KEY, { ...FILTER, filter: new Uint8Array(8 * 4097) }), KEY),
    null,
    "too long for the kernel",
  );
});
