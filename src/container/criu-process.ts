// criu as a program that runt runs: found, checked, started, talked to. It is started by runt-init, as everything is
// (helper-program.ts).

import { converse, type OnNotify } from "../criu/client.js";
import { type CriuFeatures, type CriuRequest, type CriuResponse, FEATURE_CHECK, VERSION } from "../criu/messages.js";
import { RuntError } from "../errors.js";
import { S_IFMT, S_IFREG } from "../host/constants.js";
import { native } from "../host/native.js";
import { type CriuCommand, planCriu } from "../plan/criu.js";
import type { Plan } from "../plan/types.js";
import { runProgram, startProgram, type Surroundings, withOutput } from "./helper-program.js";
import type { Reporter } from "./report.js";

/** Its options, its notifications and its restore in a pid namespace are all there since then. */
const OLDEST = { major: 3, minor: 16 };

/** Where there is no PATH. */
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const INSTALL = "apt-get install criu, or https://criu.org; it is looked for along PATH";

/** A criu that works here. */
export interface Criu {
  path: string;
  version: { major: number; minor: number; sublevel: number };
  /** What it can do on this kernel. */
  features: CriuFeatures;
}

/** Finds criu and asks it whether it works on this kernel. Throws RuntError that says why not. */
export function requireCriu(report: Reporter): Criu {
  if (native().geteuid() !== 0) {
    throw new RuntError({
      attempt: "run criu",
      cause: "checkpoint and restore need root",
      hint: "criu reads and makes processes with the privileges of the host's root; rootless containers have no way to it",
    });
  }
  const path = findCriu();
  const version = askVersion(path, report);
  // criu looks at the kernel before it answers.
  const answer = askCriu(path, { type: FEATURE_CHECK, features: { memTrack: true, lazyPages: true } }, report);
  if (!answer?.success) throw refusal(path, report);
  return { path, version, features: answer.features ?? {} };
}

function searchPath(): string {
  return process.env.PATH || DEFAULT_PATH;
}

function findCriu(): string {
  for (const directory of searchPath().split(":")) {
    const path = `${directory}/criu`;
    const status = directory.startsWith("/") ? native().stat(path) : null;
    if (status !== null && (status.mode & S_IFMT) === S_IFREG && (status.mode & 0o111) !== 0) return path;
  }
  throw new RuntError({ cause: "criu is not installed: checkpoint and restore are its work", hint: INSTALL });
}

function askVersion(path: string, report: Reporter): Criu["version"] {
  const version = askCriu(path, { type: VERSION }, report)?.version;
  if (!version) throw new RuntError({ attempt: "ask for the version of", path, cause: "no answer" });
  const { major, minor, sublevel } = version;
  report.debug(`criu: ${path} is version ${major}.${minor}.${sublevel}`);
  if (major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor)) return version;
  throw new RuntError({
    path,
    cause: `version ${major}.${minor} is too old: ${OLDEST.major}.${OLDEST.minor} or newer is needed`,
    hint: INSTALL,
  });
}

/** A criu may be older than the kernel and not know it. `criu check` finds the words for it. */
function refusal(path: string, report: Reporter): RuntError {
  const { status, output } = runCriu(path, ["check"], report);
  const errors = output.split("\n").filter((line) => line.includes("Error"));
  // The last one tells only that it failed.
  const error = errors.at(-2) ?? errors.at(-1) ?? `criu check ended with status ${status}`;
  return new RuntError({
    cause: `criu does not work on this kernel: ${error.trim()}`,
    hint: "`criu check` says more; a newer criu may know this kernel",
  });
}

/** One request without a container. Out: the response; null: none came. */
function askCriu(path: string, request: CriuRequest, report: Reporter): CriuResponse | null {
  const talk = new CriuTalk(path, report);
  return withOutput((stdio) => {
    try {
      talk.start(planCriu, { stdio });
      return talk.ask(request);
    } finally {
      talk.end();
    }
  });
}

function runCriu(path: string, args: readonly string[], report: Reporter): { status: number | null; output: string } {
  const plan = planCriu({ path, args, env: [`PATH=${searchPath()}`], preserve: 0 });
  return withOutput((stdio, said) => ({ status: runProgram(plan, { stdio, report }), output: said() }));
}

/** `criu swrk`: one process for one request. */
export class CriuTalk {
  /** criu's process; 0 while there is none. */
  pid = 0;
  private socket = -1;

  constructor(
    private readonly path: string,
    private readonly report: Reporter,
  ) {}

  /** Starts it. In: the program around the command; descriptors that criu finds from 4 on. */
  start(
    plan: (command: CriuCommand) => Plan,
    { stdio, further = [], sync }: Pick<Surroundings, "stdio" | "sync"> & { further?: readonly number[] },
  ): void {
    const [ours, theirs] = native().socketpair();
    this.socket = ours;
    const { path, report } = this;
    try {
      const env = [`PATH=${searchPath()}`];
      const made = plan({ path, args: ["swrk", "3"], env, preserve: 1 + further.length });
      this.pid = startProgram(made, { report, stdio, preserve: [theirs, ...further], sync });
    } finally {
      native().close(theirs);
    }
  }

  ask(request: CriuRequest, onNotify?: OnNotify): CriuResponse | null {
    return converse(this.socket, request, onNotify);
  }

  /** Ends the talk and waits for criu, which ends with it. */
  end(): void {
    native().close(this.socket);
    this.socket = -1;
    if (this.pid !== 0) native().reap(this.pid);
    this.pid = 0;
  }
}
