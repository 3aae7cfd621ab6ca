import { absolutePath } from "../../container/paths.js";
import { restoreContainer } from "../../container/restore.js";
import { RuntError } from "../../errors.js";
import type { Context } from "../context.js";
import { criuSettings } from "../criu-options.js";
import { reporter } from "../reporter.js";

/** `runt restore`: the exit status is that of the container, unless detached. */
export function run({ program, global, options, positionals }: Context): Promise<number> {
  const bundle = absolutePath(options.text("bundle") ?? ".");
  const consoleSocket = options.text("console-socket");
  const pidFile = options.text("pid-file");
  return restoreContainer({
    program,
    root: global.root,
    rootOfUser: global.rootOfUser,
    id: positionals[0]!,
    bundle,
    config: `${bundle}/config.json`,
    // As with create: runc enters the bundle first.
    consoleSocket: consoleSocket === undefined ? undefined : absolutePath(consoleSocket, bundle),
    pidFile: pidFile === undefined ? undefined : absolutePath(pidFile),
    noPivot: options.bool("no-pivot"),
    noNewKeyring: true,
    preserved: { descriptors: [], listenFds: 0 },
    detach: options.bool("detach"),
    waitForStart: false,
    rootless: global.rootless,
    cgroupManager: global.cgroupManager,
    settings: criuSettings(options),
    lsmProfile: lsmProfile(options.text("lsm-profile")),
    lsmMountContext: options.text("lsm-mount-context"),
    subreaper: !options.bool("no-subreaper"),
    report: reporter,
  });
}

function lsmProfile(text: string | undefined): string | undefined {
  if (text === undefined || /^(?:apparmor|selinux):./.test(text)) return text;
  throw new RuntError({
    where: "--lsm-profile",
    cause: `expected apparmor:NAME or selinux:LABEL, found ${JSON.stringify(text)}`,
  });
}
