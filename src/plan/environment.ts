// The container's environment: process.env, and what is added to it.

import { NOTIFY_VARIABLE } from "./notify.js";
import type { Planning } from "./planning.js";
import { place } from "./program.js";

/** The path that execvp(3) takes when there is no PATH. */
const DEFAULT_PATH = "/bin:/usr/bin";

/** The name of a NAME=VALUE. */
const nameOf = (entry: string): string => entry.slice(0, entry.indexOf("="));

/**
 * The environment of the program: of entries with one name the last counts, in its place.
 * HOME is there always, as programs fail without it: planHome has the last word on one that is made up here.
 */
export function environmentOf({ config, request }: Planning): string[] {
  const { env = [], user } = config.process;
  const entries = new Map<string, string>();
  const put = (entry: string) => {
    const name = nameOf(entry);
    entries.delete(name);
    entries.set(name, entry);
  };
  for (const entry of env) put(entry);
  if (lacksHome(env)) put(user.uid === 0 ? "HOME=/root" : "HOME=/");
  if (request.listenFds > 0) {
    // sd_listen_fds(3) wants the pid of who gets them, which is 1 in a pid namespace.
    put(`LISTEN_FDS=${request.listenFds}`);
    put("LISTEN_PID=1");
    if (request.listenFdNames !== undefined) put(`LISTEN_FDNAMES=${request.listenFdNames}`);
  }
  if (request.notifyDirectory !== undefined) put(NOTIFY_VARIABLE);
  return [...entries.values()];
}

/** An empty HOME is no home either: as in runc. */
function lacksHome(env: readonly string[]): boolean {
  const home = env.findLast((entry) => nameOf(entry) === "HOME");
  return home === undefined || home === "HOME=";
}

/**
 * The home of the user by the container's own passwd(5), which is all that is asked of that file: callers of runc
 * (containerd for Kubernetes) leave HOME to the runtime. Before any filter, which may not allow to open it.
 */
export function planHome({ config, inside }: Planning): void {
  const { env = [], user } = config.process;
  if (lacksHome(env)) inside.add(place("/process/env"), { op: "find_home", uid: user.uid, path: "/etc/passwd" });
}

/** Where the program is looked for. */
export function searchPath(env: readonly string[]): string {
  return env.find((entry) => entry.startsWith("PATH="))?.slice("PATH=".length) ?? DEFAULT_PATH;
}
