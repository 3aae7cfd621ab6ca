// The options that create, run and plan share, checked and made absolute.

import type { CreateRequest } from "../container/design.js";
import { absolutePath } from "../container/paths.js";
import { preservedDescriptors } from "../container/preserve.js";
import { wasOpen } from "../host/launch.js";
import { native } from "../host/native.js";
import type { Context } from "./context.js";
import { reporter } from "./reporter.js";

/** What shapes a container's plan. In: its id. Throws RuntError. */
export function planRequest({ program, global, options }: Context, id: string): CreateRequest {
  const bundle = absolutePath(options.text("bundle") ?? ".");
  return {
    program,
    root: global.root,
    rootOfUser: global.rootOfUser,
    id,
    bundle,
    config: configPath(options.text("config"), bundle),
    noPivot: options.bool("no-pivot"),
    noNewKeyring: options.bool("no-new-keyring"),
    preserved: preservedDescriptors(options.integer("preserve-fds"), {
      listenFds: process.env.LISTEN_FDS,
      listenPid: process.env.LISTEN_PID,
      listenFdNames: process.env.LISTEN_FDNAMES,
      pid: native().getpid(),
      wasOpen,
    }),
    detach: true,
    waitForStart: true,
    rootless: global.rootless,
    cgroupManager: global.cgroupManager,
    report: reporter,
  };
}

/** As in crun, whose option it is: a relative path starts where the caller is, but config.json is the bundle's. */
function configPath(given: string | undefined, bundle: string): string {
  if (given === undefined || given === "config.json") return `${bundle}/config.json`;
  return absolutePath(given);
}

/** What create and run ask for; as create does, that is detached and waiting for start. Throws RuntError. */
export function createRequest(context: Context): CreateRequest {
  const request = planRequest(context, context.positionals[0]!);
  const { options } = context;
  // runc enters the bundle before it opens the sockets, so relative paths of those start there;
  // the pid file is the caller's.
  const inBundle = (name: string) => {
    const path = options.text(name);
    return path === undefined ? undefined : absolutePath(path, request.bundle);
  };
  const pidFile = options.text("pid-file");
  return {
    ...request,
    consoleSocket: inBundle("console-socket"),
    pidfdSocket: inBundle("pidfd-socket"),
    notifySocket: process.env.NOTIFY_SOCKET || undefined,
    pidFile: pidFile === undefined ? undefined : absolutePath(pidFile),
  };
}
