// The flags of exec.

import type { Flag } from "../flags.js";
import { HANDED_OUT, PRESERVE } from "./create.js";

export const EXEC: readonly Flag[] = [
  { name: "cwd", kind: "text", placeholder: "DIR", help: "working directory in the container, absolute" },
  {
    name: "env",
    short: "e",
    kind: "list",
    placeholder: "NAME=VALUE",
    help: "set a variable, in addition to those of the container's process",
  },
  { name: "tty", short: "t", kind: "bool", help: "give the process a terminal" },
  {
    name: "user",
    short: "u",
    kind: "text",
    placeholder: "UID[:GID]",
    help: "run as this user, by number; the group stays the container's when it is not given",
  },
  { name: "additional-gids", short: "g", kind: "list", placeholder: "GID", help: "add a supplementary group" },
  {
    name: "process",
    short: "p",
    kind: "text",
    placeholder: "FILE",
    complete: "file",
    help: "take the process from a process.json; then there is no command",
  },
  { name: "detach", short: "d", kind: "bool", help: "return once the process runs" },
  ...HANDED_OUT,
  { name: "process-label", kind: "text", placeholder: "LABEL", help: "SELinux label of the process" },
  { name: "apparmor", kind: "text", placeholder: "PROFILE", help: "AppArmor profile of the process" },
  { name: "no-new-privs", kind: "bool", help: "execve can no longer give the process privileges" },
  {
    name: "cap",
    short: "c",
    kind: "list",
    placeholder: "CAPABILITY",
    help: "add a capability, such as CAP_NET_ADMIN, to the bounding, permitted and effective set",
  },
  PRESERVE,
  {
    name: "cgroup",
    kind: "list",
    placeholder: "[CONTROLLER[,CONTROLLER]:]PATH",
    help: "run in this existing cgroup below the container's; / takes the container's own and no other",
  },
  { name: "ignore-paused", kind: "bool", help: "allow a paused container: the process runs once it is resumed" },
];
