// The one place that words errors. Whoever fails throws a RuntError with the parts; the
// message is put together here, always in the same order:
//
//   WHERE: ATTEMPT PATH: CAUSE (HINT)
//   mounts[4] (/proc → proc): mount: operation not permitted (…)
//
// Causes are in the wording of Go's syscall package (glibc's with a small first letter):
// Docker, Podman and containerd search messages for it (docs/errors.md).

export interface ErrorParts {
  /** The place in config.json (or a flag) that asked for it: "mounts[4] (/proc → proc)", "--pid-file". */
  where?: string;
  /** What was attempted: "mount", "open", "write cgroup.procs". */
  attempt?: string;
  path?: string;
  /** Why it failed, in words. */
  cause: string;
  /** What to try. */
  hint?: string;
  errno?: number;
  /** Exit status of the command; 1 unless said. */
  status?: number;
}

/** An error that a user can act on. Everything else that is thrown is a bug in runt. */
export class RuntError extends Error {
  readonly parts: ErrorParts;

  constructor(parts: ErrorParts | string) {
    const all = typeof parts === "string" ? { cause: parts } : parts;
    super(wordError(all));
    this.name = "RuntError";
    this.parts = all;
  }

  /** The kernel's error number, when one is at the bottom of it. */
  get errno(): number | undefined {
    return this.parts.errno;
  }

  get status(): number {
    return this.parts.status ?? 1;
  }
}

/** Puts the parts of an error into its one sentence. */
export function wordError({ where, attempt, path, cause, hint }: ErrorParts): string {
  const doing = attempt && path ? `${attempt} ${path}` : (attempt ?? path);
  const sentence = [where, doing, cause].filter((part) => part).join(": ");
  return hint ? `${sentence} (${hint})` : sentence;
}

/** The name of a place in config.json as people write it: "/mounts/4/options/0" → "mounts[4].options[0]". */
export function wordPointer(pointer: string): string {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce((all, part) => {
      if (/^\d+$/.test(part)) return `${all}[${part}]`;
      const name = /^[\w.-]+$/.test(part) && !part.includes(".") ? part : `["${part}"]`;
      return all && !name.startsWith("[") ? `${all}.${name}` : `${all}${name}`;
    }, "");
}
