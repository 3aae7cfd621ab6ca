// A container that a caller has started, as the program in it sees it: /bin/probe's report.

import { readlinkSync } from "node:fs";
import type { Test } from "tap";
import { capabilitySet, mountAt, parseReport, type Report } from "../../helpers/report.js";

/** What callers give nobody by default. */
const NEVER = ["CAP_SYS_ADMIN", "CAP_SYS_MODULE", "CAP_SYS_PTRACE", "CAP_SYS_TIME", "CAP_SYS_BOOT", "CAP_MAC_ADMIN"];

/** Checks what holds for every container of every caller. In: what the probe has printed; namespaces that it shares. */
export function looksContained(t: Test, text: string, { shared = [] as string[] } = {}): Report {
  const report = parseReport(text);
  t.equal(report.pid, 1, "it is the first process of its pid namespace");
  for (const kind of ["pid", "mnt", "ipc", "uts", "net"].filter((kind) => !shared.includes(kind)))
    t.not(report.namespaces[kind], readlinkSync(`/proc/self/ns/${kind}`), `it has a ${kind} namespace of its own`);
  t.same(
    report.fds.map(({ fd }) => fd),
    [0, 1, 2],
    "it has inherited nothing but its standard streams",
  );
  const held = capabilitySet(report, "Bnd").filter((name) => NEVER.includes(name));
  t.same(held, [], "no capability that rules the machine");
  t.equal(report.status.Seccomp, "2", "it has a seccomp filter");
  t.same(report.signals, {}, "no signal is ignored or blocked");
  const proc = mountAt(report, "/proc/sys");
  t.ok(proc?.options.includes("ro"), "/proc/sys is read-only");
  t.ok(mountAt(report, "/sys")?.options.includes("ro"), "/sys is read-only");
  t.ok(mountAt(report, "/proc/keys") ?? mountAt(report, "/proc/kcore"), "parts of /proc are masked");
  t.equal(mountAt(report, "/dev")?.type, "tmpfs");
  t.equal(mountAt(report, "/dev/pts")?.type, "devpts");
  return report;
}
