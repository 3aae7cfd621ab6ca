// The flags of update.

import type { Flag } from "../flags.js";

/** A limit of `update`. All but two are text: a bad value is worded by the command, as runc does. */
const limit = (name: string, placeholder: string, help: string): Flag => ({ name, kind: "text", placeholder, help });

export const UPDATE: readonly Flag[] = [
  {
    name: "resources",
    short: "r",
    kind: "text",
    placeholder: "FILE",
    complete: "file",
    help: "read the limits from FILE (- is standard input), as JSON like linux.resources of config.json; all other limits on the command line are then ignored",
  },
  {
    name: "blkio-weight",
    kind: "integer",
    placeholder: "WEIGHT",
    min: 0,
    help: "share of block device time, 10 to 1000",
  },
  limit("cpu-period", "MICROSECONDS", "length of the period that the quota is for"),
  limit("cpu-quota", "MICROSECONDS", "CPU time in a period; -1 for no limit"),
  limit("cpu-burst", "MICROSECONDS", "CPU time that may be saved up beyond the quota"),
  limit("cpu-share", "SHARES", "weight against other containers, 2 to 262144 (the usual one is 1024)"),
  limit("cpu-rt-period", "MICROSECONDS", "length of the period of the real-time runtime (cgroup v1)"),
  limit("cpu-rt-runtime", "MICROSECONDS", "real-time CPU time in a period (cgroup v1)"),
  limit("cpu-idle", "0|1", "1: run only when nothing else wants the CPU (SCHED_IDLE)"),
  limit("cpuset-cpus", "LIST", "CPUs to use, for example 0-3,7"),
  limit("cpuset-mems", "LIST", "memory nodes to use, for example 0-1"),
  { ...limit("kernel-memory", "BYTES", "obsolete: ignored with a warning"), hidden: true },
  { ...limit("kernel-memory-tcp", "BYTES", "obsolete: ignored with a warning"), hidden: true },
  limit("memory", "BYTES", "memory; with b, k, m, g, t or p if you like; -1 for no limit (and none for swap)"),
  limit("memory-reservation", "BYTES", "memory that is left to the container when memory gets short"),
  limit("memory-swap", "BYTES", "memory and swap together; -1 for no limit of swap"),
  {
    name: "pids-limit",
    kind: "integer",
    placeholder: "N",
    help: "number of processes and threads; -1 for no limit",
  },
  limit("l3-cache-schema", "SCHEMA", "Intel RDT schema of the L3 cache"),
  limit("mem-bw-schema", "SCHEMA", "Intel RDT schema of the memory bandwidth"),
];
