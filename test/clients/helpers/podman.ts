// Podman and Buildah with storage of their own and the runtime under test.

import { readFileSync } from "node:fs";
import { Caller, type CallOptions } from "./caller.js";
import { rootfsTar } from "./image.js";
import { type Answer, hasSystemd, type Place, runtime, runtimeName } from "./place.js";
import type { NormalUser } from "./user.js";

/** The image that every container is made of. */
export const IMAGE = "bb";
/** Most containers need none, and start faster so. */
export const NO_NETWORK = "--network=none";

export class Podman extends Caller {
  /** In: the user whose containers they are; root without one. */
  constructor(place: Place, user?: NormalUser) {
    const names = ["runt", "runc", "crun"].map((name) => `"${name}"`).join(", ");
    // Podman knows by a runtime's name whether it writes JSON logs and runs without cgroups.
    const config = place.file(
      "containers.conf",
      `${ulimits()}[engine]
runtime_supports_json = [${names}]
runtime_supports_nocgroup = [${names}]
[engine.runtimes]
${runtimeName} = ["${runtime}"]
`,
    );
    const folders = ["root", "runroot", "tmpdir"].flatMap((name) => [`--${name}`, place.folder(`podman/${name}`)]);
    const options = [
      ...folders,
      ...["--storage-driver", "overlay", "--events-backend", "file", "--runtime", runtimeName],
      ...["--cgroup-manager", hasSystemd ? "systemd" : "cgroupfs", "--network-config-dir", place.folder("podman/net")],
    ];
    user?.owns("podman");
    super(place, [...(user?.words ?? []), "podman", ...options], { CONTAINERS_CONF: config });
    // A user's Podman holds its namespaces by a process that pauses.
    if (user) place.atEnd(() => this.run(["system", "migrate"]));
    place.atEnd(() => this.run(["rm", "--all", "--force", "--time", "0"]));
    place.atEnd(() => this.run(["pod", "rm", "--all", "--force", "--time", "0"]));
    this.ok(["import", rootfsTar(place), IMAGE]);
  }

  /**
   * A `run` without a name that prints nothing is done again: what a program prints before it ends at once is now and
   * then in the log and not in Podman's output. On a busy machine this was seen in 4 of 651 runs with runt, and in none
   * of 401 with runc and 501 with crun. The cause is not known: conmon or Podman may attach too late.
   */
  override run(args: readonly string[], options: CallOptions = {}): Answer {
    const again = args[0] === "run" && !args.includes("-d") && !args.includes("--name");
    for (let tries = 1; ; tries++) {
      const answer = super.run(args, options);
      if (!again || answer.status !== 0 || answer.text !== "" || tries === 3) return answer;
    }
  }

  /** A container that waits until it is stopped. */
  background(name: string, ...options: string[]): void {
    const script = "trap 'exit 3' TERM; while :; do sleep 0.1; done";
    this.ok(["run", "-d", "--name", name, NO_NETWORK, ...options, IMAGE, "sh", "-c", script]);
  }

  remove(name: string): void {
    this.ok(["rm", "--force", "--time", "0", name]);
  }

  /** What a shell in a new container prints. */
  shell(script: string, ...options: string[]): string {
    return this.ok(["run", "--rm", NO_NETWORK, ...options, IMAGE, "sh", "-c", script]);
  }

  inspect(name: string, format: string): string {
    return this.ok(["inspect", "--format", format, name]);
  }
}

/** Podman raises hard limits, which can't be done without CAP_SYS_RESOURCE: development machines may lack it. */
export function ulimits(): string {
  const held = /^CapEff:\s+(\w+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  if ((BigInt(`0x${held}`) >> 24n) & 1n) return "";
  return '[containers]\ndefault_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]\n';
}
