// The flags that several commands share.

import type { Flag } from "../flags.js";

export const BUNDLE: Flag = {
  name: "bundle",
  short: "b",
  kind: "text",
  placeholder: "DIR",
  complete: "directory",
  help: "directory of the bundle (config.json and the root filesystem); the current directory when not given",
};

const CONFIG: Flag = {
  name: "config",
  short: "f",
  kind: "text",
  placeholder: "FILE",
  complete: "file",
  help: "read FILE in place of the bundle's config.json",
};

/** kill and delete, as in crun. */
export const REGEX: Flag = {
  name: "regex",
  short: "r",
  kind: "bool",
  help: "<container-id> is a regular expression: do it to every container whose id has a match",
};

export const PRESERVE: Flag = {
  name: "preserve-fds",
  kind: "integer",
  placeholder: "N",
  default: 0,
  min: 0,
  help: "pass N more open descriptors on to the container, after stdio and $LISTEN_FDS",
};

/** What changes the steps of a container. */
export const SHAPE: readonly Flag[] = [
  CONFIG,
  {
    name: "no-pivot",
    kind: "bool",
    help: "move the root filesystem to / and chroot in place of pivot_root, for hosts that run from a ramdisk",
  },
  {
    name: "no-new-keyring",
    kind: "bool",
    help: "keep the caller's session keyring in place of a new one",
  },
  PRESERVE,
];

export const CONSOLE_SOCKET: Flag = {
  name: "console-socket",
  kind: "text",
  placeholder: "PATH",
  complete: "file",
  help: "AF_UNIX socket that is sent the master of the process's terminal",
};

export const PID_FILE: Flag = {
  name: "pid-file",
  kind: "text",
  placeholder: "FILE",
  complete: "file",
  help: "file to write the pid of the process to",
};

/** What callers are given of a process that was started. */
export const HANDED_OUT: readonly Flag[] = [
  CONSOLE_SOCKET,
  {
    name: "pidfd-socket",
    kind: "text",
    placeholder: "PATH",
    complete: "file",
    help: "AF_UNIX socket that is sent a pidfd of the process",
  },
  PID_FILE,
];

/** What create and run have in common. */
export const CREATE: readonly Flag[] = [BUNDLE, ...HANDED_OUT, ...SHAPE];
