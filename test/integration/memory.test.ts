// Memory: what a waiting container costs, and the smallest limits that work.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { cgroupOf, isV2 } from "../helpers/cgroup.js";
import { sandbox } from "../helpers/sandbox.js";

t.test("memory.limit of 1 MiB: create, start, run", async (t) => {
  const box = sandbox(t);
  const edit = (config: Parameters<Parameters<typeof box.bundle>[0] & object>[0]) => {
    config.linux.resources.memory = { limit: 1 << 20 };
    config.process.args = ["/bin/noop"];
  };
  const ran = box.runContainer(edit);
  t.equal(ran.status, 0, ran.stderr);
  const { id } = box.create(box.bundle(edit));
  t.equal(box.state(id)!.status, "created");
  t.equal(box.run(["start", id]).status, 0);
});

t.test("a waiting container has at most 1 MB of memory of its own", async (t) => {
  const box = sandbox(t);
  const { id } = box.create(box.bundle());
  const { pid } = box.state(id)!;
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const field = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB`, "m").exec(rollup)![1]);
  const own = field("Private_Clean") + field("Private_Dirty");
  t.ok(own > 0 && own <= 1000, `${own} kB private`);
  const file = isV2
    ? join(cgroupOf(pid, ""), "memory.current")
    : join(cgroupOf(pid, "memory"), "memory.usage_in_bytes");
  const charged = Number(readFileSync(file, "utf8"));
  t.ok(charged <= 1_000_000, `${charged} bytes charged to the container's cgroup`);
});

t.test("a limit that is too small for the program is an out-of-memory kill, not a hang", async (t) => {
  const box = sandbox(t);
  const result = box.runContainer(
    (config) => {
      config.linux.resources.memory = { limit: 4096 };
      config.process.args = ["/bin/noop"];
    },
    { timeout: 20_000 },
  );
  t.equal(result.signal, null, "no time-out");
  t.not(result.status, 0);
  t.not(result.stderr, "", "said in words");
});

t.test("a large seccomp profile is not charged to the container", async (t) => {
  const box = sandbox(t);
  const names = [
    "mkdir",
    "rmdir",
    "mount",
    "umount2",
    "swapon",
    "swapoff",
    "reboot",
    "acct",
    "ptrace",
    "bpf",
    "keyctl",
  ];
  const result = box.runContainer((config) => {
    config.linux.resources.memory = { limit: 1 << 20 };
    config.linux.seccomp = {
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: names.flatMap((name) =>
        [1, 2, 3, 4, 5].map((value) => ({
          names: [name],
          action: "SCMP_ACT_ERRNO",
          args: [{ index: 0, value, op: "SCMP_CMP_EQ" }],
        })),
      ),
    };
    config.process.args = ["/bin/noop"];
  });
  t.equal(result.status, 0, result.stderr);
});
