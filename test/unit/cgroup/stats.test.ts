// Parsers and the JSON of statistics.

import t from "tap";
import {
  add,
  hugepageSize,
  parseBlkio,
  parseList,
  parseNumber,
  parsePressure,
  pidsStats,
} from "../../../src/cgroup/stats/parse.js";
import { emptyStats, statsJson } from "../../../src/cgroup/stats/shape.js";

t.test("numbers", async (t) => {
  t.equal(parseNumber("17\n"), 17);
  t.equal(parseNumber("9223372036854771712\n"), 9223372036854771712n);
  t.equal(parseNumber("max\n"), 18446744073709551615n);
  t.equal(parseNumber("-1"), -1);
  t.equal(parseNumber(null), 0);
  t.equal(add(18446744073709551615n, 5), 18446744073709551615n);
  t.equal(add(2, 3), 5);
  t.same(parseList("0-3,7\n"), [0, 1, 2, 3, 7]);
  t.same(parseList("\n"), []);
  t.same(pidsStats("3\n", "max\n"), { current: 3 });
  t.same(pidsStats("3\n", "9\n"), { current: 3, limit: 9 });
  t.same(["hugepages-2048kB", "hugepages-1048576kB", "hugepages-64kB", "x"].map(hugepageSize), [
    "2MB",
    "1GB",
    "64KB",
    undefined,
  ]);
});

t.test("tables", async (t) => {
  t.same(parseBlkio("8:0 Read 12\n8:0 Write 0\n8:16 99\nTotal 12\n"), [
    { major: 8, op: "Read", value: 12 },
    { major: 8, op: "Write" },
    { major: 8, minor: 16, value: 99 },
  ]);
  t.same(
    parsePressure("some avg10=0.10 avg60=0.00 avg300=0.00 total=12\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"),
    {
      some: { avg10: 0.1, avg60: 0, avg300: 0, total: 12 },
    },
  );
  t.equal(parsePressure(null), undefined);
});

t.test("JSON", async (t) => {
  t.equal(
    statsJson({ a: 18446744073709551615n, b: undefined, c: [1, "x"], d: null, e: 0.5 }),
    '{"a":18446744073709551615,"c":[1,"x"],"d":null,"e":0.5}',
  );
  t.equal(
    statsJson(emptyStats()),
    '{"cpu":{"usage":{"kernel":0,"user":0},"throttling":{}},"cpuset":{"cpu_exclusive":0,"mem_hardwall":0,"mem_exclusive":0,"memory_migrate":0,"memory_spread_page":0,"memory_spread_slab":0,"memory_pressure":0,"sched_load_balance":0,"sched_relax_domain_level":0},"memory":{"usage":{"limit":0,"failcnt":0},"swap":{"limit":0,"failcnt":0},"kernel":{"limit":0,"failcnt":0},"kernelTCP":{"limit":0,"failcnt":0}},"pids":{},"blkio":{},"hugetlb":{},"intel_rdt":{},"network_interfaces":null}',
  );
});
