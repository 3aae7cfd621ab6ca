// Podman and Buildah with storage of their own and the runtime under test.

import { readFileSync } from "node:fs";
import type { CallOptions } from "./caller.js";
import { ContainerCaller, IMAGE, NO_NETWORK } from "./containers.js";
import { rootfsTar } from "./image.js";
import { type Answer, hasSystemd, type Place, runtime, runtimeName } from "./place.js";
import type { NormalUser } from "./user.js";

export { IMAGE, NO_NETWORK };

export class Podman extends ContainerCaller {
  /** In: the user whose containers they are; root without one. */
  constructor(place: Place, user?: NormalUser) {
    const names = ["runt", "runc", "crun"].map((name) => `"${name}"`).join(", ");
    // Podman knows by a runtime's name whether it writes JSON logs and runs without cgroups. With systemd it logs to the
    // journal, and then follows logs only when its events, too, are there.
    const config = place.file(
      "containers.conf",
      `${ulimits() || "[containers]\n"}log_driver = "k8s-file"
[engine]
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
   * A `run` without a name that prints nothing is done again: conmon 2.1.6 loses what a program prints that ends before
   * conmon has accepted Podman's connection. Its loop polls, sees none, and asks waitpid() what has ended: when it is
   * kept from the processor in between for as long as Podman takes to connect, start and run to the end, it leaves the
   * loop with the output in the log alone, and closes the connection. With a wait put there (runt, runc, crun of 30
   * runs each): 5 ms: 2, 1, 1 lost; 10 ms: 2, 2, 3; 20 ms: 9, 19, 16; 40 ms: 26, 24, 22.
   */
  override run(args: readonly string[], options: CallOptions = {}): Answer {
    const again = args[0] === "run" && !args.includes("-d") && !args.includes("--name");
    for (let tries = 1; ; tries++) {
      const answer = super.run(args, options);
      if (!again || answer.status !== 0 || answer.text !== "" || tries === 3) return answer;
    }
  }

  override background(name: string, ...options: string[]): void {
    super.background(name, NO_NETWORK, ...options);
  }

  remove(...names: string[]): void {
    this.ok(["rm", "--force", "--time", "0", ...names]);
  }
}

/** Podman raises hard limits, which can't be done without CAP_SYS_RESOURCE: development machines may lack it. */
export function ulimits(): string {
  const held = /^CapEff:\s+(\w+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  if ((BigInt(`0x${held}`) >> 24n) & 1n) return "";
  return '[containers]\ndefault_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]\n';
}
