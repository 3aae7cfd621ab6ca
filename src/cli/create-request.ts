// The options that create and run share, checked and made absolute.

import type { CreateRequest } from "../container/design.js";
import { absolutePath } from "../container/paths.js";
import { preservedDescriptors } from "../container/preserve.js";
import { RuntError } from "../errors.js";
import { wasOpen } from "../host/launch.js";
import { native } from "../host/native.js";
import type { Context } from "./context.js";
import { reporter } from "./reporter.js";

/** What create and run ask for, but for the difference between them. */
export function createRequest({
  program,
  global,
  options,
  positionals,
}: Context): Omit<CreateRequest, "detach" | "waitForStart"> {
  if (global.systemdCgroup) {
    throw new RuntError({
      where: "--systemd-cgroup",
      cause: "this version of runt makes cgroups through the file system only",
    });
  }
  const bundle = absolutePath(options.text("bundle") ?? ".");
  // runc enters the bundle before it opens the sockets, so relative paths of those start there;
  // the pid file is the caller's.
  const inBundle = (name: string) => {
    const path = options.text(name);
    return path === undefined ? undefined : absolutePath(path, bundle);
  };
  const pidFile = options.text("pid-file");
  return {
    program,
    root: global.root,
    rootOfUser: global.rootOfUser,
    id: positionals[0]!,
    bundle,
    consoleSocket: inBundle("console-socket"),
    pidfdSocket: inBundle("pidfd-socket"),
    pidFile: pidFile === undefined ? undefined : absolutePath(pidFile),
    noPivot: options.bool("no-pivot"),
    noNewKeyring: options.bool("no-new-keyring"),
    preserved: preservedDescriptors(options.integer("preserve-fds"), {
      listenFds: process.env.LISTEN_FDS,
      listenPid: process.env.LISTEN_PID,
      pid: native().getpid(),
      wasOpen,
    }),
    rootless: global.rootless,
    report: reporter,
  };
}
