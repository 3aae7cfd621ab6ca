// The flags of checkpoint and restore. Most are criu's own, under its names.

import type { Flag } from "../flags.js";
import { BUNDLE, CONSOLE_SOCKET, PID_FILE } from "./create.js";

const IMAGE_PATH: Flag = {
  name: "image-path",
  kind: "text",
  placeholder: "DIR",
  complete: "directory",
  help: "directory of the checkpoint; checkpoint in the current directory when not given",
};

const COMMON: readonly Flag[] = [
  IMAGE_PATH,
  {
    name: "work-path",
    kind: "text",
    placeholder: "DIR",
    complete: "directory",
    help: "directory for criu's log and statistics; that of the checkpoint when not given",
  },
  { name: "tcp-established", kind: "bool", help: "with TCP connections that are established" },
  { name: "ext-unix-sk", kind: "bool", help: "with UNIX sockets that are connected to processes outside" },
  { name: "shell-job", kind: "bool", help: "with a session or terminal that began outside of the container" },
  { name: "file-locks", kind: "bool", help: "with locks on files" },
  {
    name: "manage-cgroups-mode",
    kind: "text",
    placeholder: "MODE",
    choices: ["soft", "full", "strict", "ignore"],
    help: "what criu does about cgroups below the container's own: soft (the default), full, strict or ignore",
  },
  {
    name: "empty-ns",
    kind: "list",
    placeholder: "NAMESPACE",
    help: "do not keep what is in this namespace: network, for which that is always so",
  },
  { name: "auto-dedup", kind: "bool", help: "give back the space of pages that a later image holds, too" },
  { name: "lazy-pages", kind: "bool", help: "memory is fetched when it is used, from a page server (userfaultfd)" },
];

export const CHECKPOINT: readonly Flag[] = [
  ...COMMON,
  {
    name: "parent-path",
    kind: "text",
    placeholder: "DIR",
    help: "an earlier checkpoint, relative to --image-path: only memory that has changed since is written",
  },
  { name: "leave-running", kind: "bool", help: "let the container go on, in place of deleting it" },
  {
    name: "pre-dump",
    kind: "bool",
    help: "write memory only and let the container go on, as a parent for a later checkpoint",
  },
  { name: "tcp-skip-in-flight", kind: "bool", help: "leave TCP connections out that are not established yet" },
  { name: "link-remap", kind: "bool", help: "give open files that were deleted a name again until restore" },
  {
    name: "page-server",
    kind: "text",
    placeholder: "ADDRESS:PORT",
    help: "send the memory to a criu page server; with --lazy-pages be one there",
  },
  {
    name: "status-fd",
    kind: "integer",
    placeholder: "FD",
    default: -1,
    min: -1,
    help: "descriptor that gets a NUL byte when the page server of --lazy-pages is ready",
  },
];

export const RESTORE: readonly Flag[] = [
  BUNDLE,
  CONSOLE_SOCKET,
  { name: "detach", short: "d", kind: "bool", help: "return once the container runs" },
  PID_FILE,
  {
    name: "no-subreaper",
    kind: "bool",
    help: "do not adopt the processes that the container's first process leaves behind",
  },
  {
    name: "no-pivot",
    kind: "bool",
    help: "accepted for callers that pass it to every command: how the root is entered is criu's matter",
  },
  ...COMMON,
  {
    name: "lsm-profile",
    kind: "text",
    placeholder: "TYPE:NAME",
    help: "restore with this AppArmor profile (apparmor:NAME) or SELinux label (selinux:LABEL) in place of the config's",
  },
  {
    name: "lsm-mount-context",
    kind: "text",
    placeholder: "CONTEXT",
    help: "restore mounts with this SELinux label in place of the one that they had",
  },
];
