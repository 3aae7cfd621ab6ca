import { execInContainer, type ExecRequest } from "../../container/exec.js";
import { absolutePath } from "../../container/paths.js";
import { preservedDescriptors } from "../../container/preserve.js";
import { RuntError } from "../../errors.js";
import { wasOpen } from "../../host/launch.js";
import { native } from "../../host/native.js";
import type { Context } from "../context.js";
import { parseInteger } from "../numbers.js";
import type { Options } from "../parse.js";
import { reporter } from "../reporter.js";

/** The kernel's -1 means "leave it". */
const HIGHEST_ID = 4294967294;

/** `runt exec ID COMMAND [ARG ...]`: the exit status is that of the process, unless detached. */
export function run({ program, global, options, positionals }: Context): Promise<number> {
  const [id, ...args] = positionals;
  const path = (name: string) => {
    const text = options.text(name);
    return text === undefined ? undefined : absolutePath(text);
  };
  return execInContainer({
    program,
    root: global.root,
    id: id!,
    process: path("process") ?? processOptions(options, args),
    consoleSocket: path("console-socket"),
    pidfdSocket: path("pidfd-socket"),
    pidFile: path("pid-file"),
    // Socket activation ($LISTEN_FDS) is for the first process.
    preserve: preservedDescriptors(options.integer("preserve-fds"), {
      listenFds: undefined,
      listenPid: undefined,
      pid: native().getpid(),
      wasOpen,
    }).descriptors,
    detach: options.bool("detach"),
    ignorePaused: options.bool("ignore-paused"),
    subCgroups: options.list("cgroup"),
    report: reporter,
  });
}

function processOptions(options: Options, args: readonly string[]): Exclude<ExecRequest["process"], string> {
  return {
    args,
    cwd: options.text("cwd"),
    env: options.list("env"),
    terminal: options.bool("tty"),
    ...parseUser(options.text("user")),
    additionalGids: options.list("additional-gids").map((text) => {
      if (/^-\d+$/.test(text)) throw new RuntError(`additional-gids must be a positive number ${text}`);
      return parseId("--additional-gids", "gid", text);
    }),
    capabilities: options.list("cap"),
    apparmorProfile: options.text("apparmor"),
    selinuxLabel: options.text("process-label"),
    noNewPrivileges: options.given("no-new-privs") ? options.bool("no-new-privs") : undefined,
  };
}

/** UID or UID:GID. Names are not looked up: the image's passwd may say anything (CVE-2016-3697). */
function parseUser(text: string | undefined): { uid?: number; gid?: number } {
  if (text === undefined) return {};
  const colon = text.indexOf(":");
  if (colon < 0) return { uid: parseId("--user", "uid", text) };
  return {
    uid: parseId("--user", "uid", text.slice(0, colon)),
    gid: parseId("--user", "gid", text.slice(colon + 1)),
  };
}

function parseId(where: string, what: string, text: string): number {
  const id = parseInteger(text, 0, HIGHEST_ID);
  if (id !== null) return id;
  throw new RuntError({
    where,
    cause: `bad ${what}: expected an integer from 0 to ${HIGHEST_ID}, found ${JSON.stringify(text)}`,
    ...(/^[a-z_]/i.test(text) && {
      hint: "names are the image's to define, so they are not looked up: give the number",
    }),
  });
}
