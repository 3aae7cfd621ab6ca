import t from "tap";
import { printPlan } from "../../../src/plan/print.js";
import { NO_SLOT, type Step } from "../../../src/plan/steps.gen.js";

const print = (...steps: Step[]) =>
  printPlan({
    steps: steps.map((step, index) => ({ step, pointer: "", where: index === 0 ? "mounts[0] (/a → b)" : "" })),
    slots: 1,
    passed: 0,
    warnings: [],
  });

t.test("a line for each step: number, name, fields, place", (t) => {
  t.equal(print({ op: "set_session" }, { op: "pivot_root" }), "0  set_session  # mounts[0] (/a → b)\n1  pivot_root\n");
  t.equal(print(...Array.from({ length: 11 }, (): Step => ({ op: "set_session" }))).split("\n")[1], " 1  set_session");
  t.end();
});

t.test("values", (t) => {
  const fields = (step: Step) => print(step).split("  ")[1];
  t.equal(fields({ op: "sync", point: 3, slot: NO_SLOT }), "sync point=3 slot=none");
  t.equal(fields({ op: "sync", point: 3, slot: 4 }), "sync point=3 slot=4");
  t.equal(fields({ op: "set_umask", mask: 0o22 }), "set_umask mask=022");
  t.equal(fields({ op: "unshare", flags: 0x20000000 }), "unshare flags=0x20000000");
  t.equal(fields({ op: "drop_bounding", keep: 1n << 40n }), "drop_bounding keep=0x10000000000");
  t.equal(
    fields({ op: "set_rlimit", resource: 7, soft: 1024, hard: 2n ** 64n - 1n }),
    "set_rlimit resource=7 soft=1024 hard=18446744073709551615",
  );
  t.equal(
    fields({ op: "set_seccomp", flags: 4, filter: new Uint8Array(16) }),
    "set_seccomp flags=0x4 filter=<16 bytes>",
  );
  t.equal(fields({ op: "set_hostname", name: "a b" }), 'set_hostname name="a b"');
  t.equal(fields({ op: "set_hostname", name: "" }), 'set_hostname name=""');
  t.equal(fields({ op: "execute", args: ["a", 'b"c'], env: [] }), 'execute args=["a","b\\"c"] env=[]');
  t.equal(fields({ op: "set_memory_policy", mode: 0x8003, nodes: [1] }), "set_memory_policy mode=0x8003 nodes=[1]");
  t.end();
});

t.test("a text with control characters can't forge lines", (t) => {
  t.equal(print({ op: "set_domainname", name: "a\n1  execute" }).split("\n").length, 2);
  t.end();
});
