// Podman and Buildah with storage of their own and the runtime under test.

import { Caller } from "./caller.js";
import { rootfsTar } from "./image.js";
import { hasSystemd, type Place, runtime, runtimeName } from "./place.js";
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
    // Hard limits can't be raised without CAP_SYS_RESOURCE, which development machines may lack.
    const config = place.file(
      "containers.conf",
      `[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
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
