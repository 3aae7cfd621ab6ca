// A Docker daemon of its own, which starts its own containerd, with the runtime under test as its default.

import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../helpers/sandbox.js";
import { ContainerCaller, IMAGE } from "./containers.js";
import { rootfsTar } from "./image.js";
import { hasSystemd, type Place, runtime, runtimeName } from "./place.js";

export { IMAGE, NO_NETWORK } from "./containers.js";
/** The runtime once more, under a name that is not the default. */
export const OTHER = "other";

export class Docker extends ContainerCaller {
  /** The daemon's default runtime. dockerd has one of the name runc already. */
  readonly runtime = runtimeName === "runc" ? "peer-runc" : runtimeName;

  private constructor(place: Place, socket: string) {
    // The client of the daemon's own package: machines may have a newer one in front of it.
    super(place, ["/usr/bin/docker", "--host", `unix://${socket}`]);
  }

  /** Starts the daemon and waits until it answers; imports the image. In: options that name the runtimes; further ones. */
  static async start(place: Place, runtimes?: readonly string[], more: readonly string[] = []): Promise<Docker> {
    const socket = join(place.dir, "docker.sock");
    const made = new Docker(place, socket);
    const words = [
      ...["--host", `unix://${socket}`, "--pidfile", join(place.dir, "docker.pid"), "--storage-driver", "overlay2"],
      ...["--data-root", place.folder("docker/data"), "--exec-root", place.folder("docker/exec")],
      ...["--exec-opt", `native.cgroupdriver=${hasSystemd ? "systemd" : "cgroupfs"}`],
      ...(runtimes ?? ["--add-runtime", `${made.runtime}=${runtime}`, "--default-runtime", made.runtime]),
      ...more,
      ...(runtimes ? [] : ["--add-runtime", `${OTHER}=${runtime}`]),
    ];
    const daemon = place.service(["dockerd", ...words], "dockerd.log", {
      HOME: place.dir,
      // Else runc would be called with --no-pivot on machines that boot from a ramdisk.
      DOCKER_RAMDISK: "",
      // BuildKit knows no runtimes: it calls the first `runc`.
      PATH: `${runcFirst(place)}:${process.env.PATH}`,
    });
    await until("dockerd answers", () => daemon.exitCode !== null || made.run(["version"]).status === 0, 60_000);
    if (daemon.exitCode !== null) throw new Error(`dockerd ended: ${place.log("dockerd.log").slice(-3000)}`);
    place.atEnd(() => made.#removeAll());
    made.ok(["import", rootfsTar(place), IMAGE]);
    return made;
  }

  #removeAll(): void {
    this.run(["swarm", "leave", "--force"]);
    const all = this.run(["ps", "--all", "--quiet"]).stdout.split("\n").filter(Boolean);
    if (all.length > 0) this.run(["rm", "--force", ...all]);
  }

  remove(...names: string[]): void {
    this.ok(["rm", "--force", ...names]);
  }
}

/** A folder with a `runc` that is the runtime, and notes in the place's file `runc-calls` what it was called with. */
function runcFirst(place: Place): string {
  const link = join(place.folder("runc"), "runc");
  symlinkSync(runtime, link);
  const folder = place.folder("bin");
  const script = `#!/bin/sh\necho "$@" >> ${join(place.dir, "runc-calls")}\nexec ${link} "$@"\n`;
  writeFileSync(join(folder, "runc"), script, { mode: 0o755 });
  return folder;
}
