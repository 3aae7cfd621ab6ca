// All or nothing: what puts a file back, and a list of writes that fails on the way.

import { readFileSync } from "node:fs";
import t from "tap";
import type { CgroupWrite } from "../../../src/cgroup/driver.js";
import { applyAllOrNothing, oldValue } from "../../../src/cgroup/transaction.js";
import { completeMemory } from "../../../src/cgroup/v2/current.js";

t.test("what must be written to have the old text back", async (t) => {
  for (const [file, written, before, value] of [
    ["memory.max", "5", "max\n", "max"],
    ["cpu.max", "50000", "max 100000\n", "max 100000"],
    [
      "io.max",
      "8:0 rbps=5",
      "8:0 rbps=max wbps=7 riops=max wiops=max\n8:16 rbps=1\n",
      "8:0 rbps=max wbps=7 riops=max wiops=max",
    ],
    ["io.max", "8:16 rbps=5", "8:0 rbps=max\n", "8:16 rbps=max wbps=max riops=max wiops=max"],
    ["io.bfq.weight", "500", "default 100\n", "default 100"],
    ["io.weight", "8:0 500", "default 100\n", "8:0 default"],
    ["blkio.throttle.read_bps_device", "8:0 5", "", "8:0 0"],
    ["blkio.throttle.read_bps_device", "8:0 5", "8:0 1048576\n", "8:0 1048576"],
    ["blkio.bfq.weight_device", "8:0 5", "", "8:0 default"],
    ["blkio.bfq.weight", "500", "100\n", "100"],
    ["memory.oom_control", "1", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n", "0"],
    [
      "rdma.max",
      "mlx5_1 hca_handle=3",
      "mlx4_0 hca_handle=max hca_object=max\n",
      "mlx5_1 hca_handle=max hca_object=max",
    ],
    ["net_prio.ifpriomap", "eth0 5", "lo 0\neth0 2\n", "eth0 2"],
    ["cgroup.subtree_control", "+cpu -memory +io", "memory io\n", "-cpu +memory +io"],
  ] as const) {
    t.equal(oldValue(file, written, before), value, `${file} ${written}`);
  }
});

t.test("a write that fails takes the ones before it back", async (t) => {
  const directory = t.testdir({ one: "1\n", two: "2\n" });
  const write = (file: string): CgroupWrite => ({ controller: "", file, value: "9", pointer: "/linux/resources/x" });
  const read = (file: string) => readFileSync(`${directory}/${file}`, "utf8");
  t.throws(() => applyAllOrNothing([write("one"), write("two"), write("none/three")], { "": directory }), {
    message: /none\/three: no such file or directory/,
  });
  t.same([read("one").trim(), read("two").trim()], ["1", "2"]);
  applyAllOrNothing([write("one"), write("two")], { "": directory });
  t.same([read("one").charAt(0), read("two").charAt(0)], ["9", "9"]);
});

t.test("v2: memory, or memory and swap together, from what the cgroup has", async (t) => {
  t.same(completeMemory({ swap: 300 }, "100", "50"), { swap: 300, limit: 100n });
  t.same(completeMemory({ swap: 300 }, "max", "50"), { swap: 300 }, "nothing to count from");
  t.same(completeMemory({ limit: 120 }, "100", "50"), { limit: 120, swap: 150n });
  t.same(completeMemory({ limit: 120 }, "100", "max"), { limit: 120 }, "swap has no limit and gets none");
  t.same(completeMemory({ limit: 120 }, "max", "50"), { limit: 120 });
  t.same(completeMemory({ limit: 120 }, "100", undefined), { limit: 120 }, "no swap accounting");
  t.same(completeMemory({ limit: -1 }, "100", "50"), { limit: -1 });
  t.same(completeMemory({ limit: 8193 }, "8192", "0"), { limit: 8193, swap: 8193 }, "cut to a page");
  t.same(completeMemory({ limit: 120, swap: 130 }, "100", "50"), { limit: 120, swap: 130 });
  t.throws(() => completeMemory({ limit: 1_000_000 }, "4096", "8192"), {
    message: /linux\.resources\.memory\.limit: memory\+swap limit should be >= memory limit \(12288 < 1000000\)/,
  });
});
