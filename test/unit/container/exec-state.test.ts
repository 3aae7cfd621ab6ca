// What create keeps for exec: small, exact, and told from damaged files.

import t from "tap";
import { decodeExecState, encodeExecState } from "../../../src/container/exec-state.js";
import type { Plan } from "../../../src/plan/types.js";
import type { Spec } from "../../../src/spec/types.gen.js";

const config: Spec = {
  ociVersion: "1.3.0",
  root: { path: "rootfs" },
  process: {
    args: ["/bin/secret-argument"],
    cwd: "/",
    env: ["A=5n", "B=ä\n"],
    user: { uid: 1, gid: 2 },
    rlimits: [{ type: "RLIMIT_FSIZE", soft: 9007199254740993n, hard: 18446744073709551615n }],
    scheduler: { policy: "SCHED_DEADLINE", runtime: 9007199254740995n, deadline: 5, period: 6 },
  },
  mounts: [{ destination: "/x" }],
  hooks: { poststop: [{ path: "/hook" }] },
  linux: {
    namespaces: [{ type: "mount" }, { type: "user", path: "/proc/1/ns/user" }],
    resources: { pids: { limit: 3 } },
    seccomp: { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["mkdir"], action: "SCMP_ACT_KILL" }] },
  },
} as unknown as Spec;

const filter = new Uint8Array([1, 2, 10, 4, 0, 255, 10, 8]);
const plan = (steps: unknown[]): Plan => ({ steps, slots: 0, passed: 0, warnings: [] }) as unknown as Plan;
const withFilter = plan([{ step: { op: "set_seccomp", flags: 4, filter }, pointer: "", where: "" }]);

t.test("there and back", async (t) => {
  const bytes = encodeExecState(config, withFilter, true);
  const state = decodeExecState(bytes, "/run/runt/box/exec");
  t.same(state.config.process, { ...config.process, args: [] });
  t.same(state.config.linux?.namespaces, config.linux?.namespaces);
  t.same(state.seccomp, { filter, flags: 4 });
  t.equal(state.noNewKeyring, true);
  t.same(state.config.mounts, config.mounts, "for checkpoint");
  t.equal(state.config.hooks, undefined);
  t.equal(state.config.linux?.resources, undefined);
  t.notMatch(new TextDecoder().decode(bytes), /secret-argument|mkdir/);
});

t.test("without a filter", async (t) => {
  const { linux, ...rest } = config;
  const bytes = encodeExecState({ ...rest, linux: { ...linux, seccomp: undefined } } as Spec, plan([]), false);
  t.equal(decodeExecState(bytes, "exec").seccomp, undefined);
});

t.test("damaged files are errors", async (t) => {
  const bytes = encodeExecState(config, plan([]), false);
  const cases: Uint8Array[] = [
    new Uint8Array(),
    bytes.slice(0, 40),
    bytes.slice(1),
    new TextEncoder().encode("null\n"),
    new TextEncoder().encode('{"format":2,"config":{"process":{}}}\n'),
    new TextEncoder().encode('{"format":1}\n'),
  ];
  for (const wrong of cases) {
    t.throws(() => decodeExecState(wrong, "/run/runt/box/exec"), {
      message: "read /run/runt/box/exec: the file is damaged or of another version of runt",
    });
  }
});
