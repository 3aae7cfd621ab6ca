// The table itself: parsing, help and man pages are only as good as it is.

import { readFileSync } from "node:fs";
import t from "tap";
import { COMMAND_TEXTS } from "../../../src/cli/descriptions.js";
import { COMMANDS, findCommand, flagsOf, GLOBAL_FLAGS } from "../../../src/cli/flags.js";
import { VERSION } from "../../../src/cli/version.js";

t.test("names and letters are unique in every command", async (t) => {
  for (const { name, flags } of [
    { name: "global", flags: GLOBAL_FLAGS },
    ...COMMANDS.map((command) => ({ name: command.name, flags: flagsOf(command) })),
  ]) {
    const keys = flags.flatMap((flag) => [flag.name, ...(flag.short ? [flag.short] : [])]);
    t.equal(new Set(keys).size, keys.length, name);
  }
});

t.test("commands are sorted, known by name, described and loadable", async (t) => {
  const names = COMMANDS.map(({ name }) => name);
  t.same(names, [...names].sort());
  for (const command of COMMANDS) {
    t.equal(findCommand(command.name), command);
    t.ok(COMMAND_TEXTS[command.name], `${command.name} has a description`);
    t.type((await command.load()).run, "function", command.name);
  }
  t.same(
    Object.keys(COMMAND_TEXTS).filter((name) => !findCommand(name)),
    [],
    "no description without a command",
  );
  t.equal(findCommand("constructor"), undefined);
});

t.test("every flag but booleans says what its value is", async (t) => {
  for (const flag of [...GLOBAL_FLAGS, ...COMMANDS.flatMap(flagsOf)]) {
    t.equal(flag.placeholder !== undefined, flag.kind !== "bool", flag.name);
    t.not(flag.help, "", flag.name);
  }
});

t.test("every command of cli.md that this version has takes the flags it names", async (t) => {
  const flags = (name: string) =>
    flagsOf(findCommand(name)!)
      .map((flag) => (flag.short ? `${flag.name},${flag.short}` : flag.name))
      .sort();
  t.same(flags("create"), [
    "bundle,b",
    "config,f",
    "console-socket",
    "help,h",
    "no-new-keyring",
    "no-pivot",
    "pid-file",
    "pidfd-socket",
    "preserve-fds",
  ]);
  t.same(flags("run"), [
    "bundle,b",
    "config,f",
    "console-socket",
    "detach,d",
    "help,h",
    "keep",
    "no-new-keyring",
    "no-pivot",
    "no-subreaper",
    "pid-file",
    "pidfd-socket",
    "preserve-fds",
  ]);
  t.same(flags("delete"), ["force,f", "help,h", "regex,r"]);
  t.same(flags("events"), ["help,h", "interval", "stats"]);
  t.same(flags("kill"), ["all,a", "help,h", "regex,r"]);
  t.same(flags("list"), ["format,f", "help,h", "quiet,q"]);
  t.same(flags("spec"), ["bundle,b", "help,h", "rootless"]);
  t.same(flags("update"), [
    "blkio-weight",
    "cpu-burst",
    "cpu-idle",
    "cpu-period",
    "cpu-quota",
    "cpu-rt-period",
    "cpu-rt-runtime",
    "cpu-share",
    "cpuset-cpus",
    "cpuset-mems",
    "help,h",
    "kernel-memory",
    "kernel-memory-tcp",
    "l3-cache-schema",
    "mem-bw-schema",
    "memory",
    "memory-reservation",
    "memory-swap",
    "pids-limit",
    "resources,r",
  ]);
  for (const name of ["start", "state", "pause", "resume", "features"]) t.same(flags(name), ["help,h"], name);
  t.same(GLOBAL_FLAGS.map(({ name }) => name).sort(), [
    "cgroup-manager",
    "debug",
    "help",
    "log",
    "log-format",
    "log-level",
    "root",
    "rootless",
    "systemd-cgroup",
    "version",
  ]);
});

t.test("the version is package.json's", async (t) => {
  let root = new URL(".", import.meta.url);
  while (!root.pathname.endsWith("/dist/")) root = new URL("..", root);
  const { version } = JSON.parse(readFileSync(new URL("../package.json", root), "utf8"));
  t.equal(VERSION, version);
});
