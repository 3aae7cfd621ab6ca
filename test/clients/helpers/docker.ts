// A Docker daemon of its own, which starts its own containerd, with the runtime under test as its default.

import { join } from "node:path";
import { until } from "../../helpers/sandbox.js";
import { Caller } from "./caller.js";
import { rootfsTar } from "./image.js";
import { hasSystemd, type Place, runtime, runtimeName } from "./place.js";

export const IMAGE = "bb";

export class Docker extends Caller {
  private constructor(place: Place, socket: string) {
    super(place, ["docker", "--host", `unix://${socket}`]);
  }

  /** Starts the daemon and waits until it answers; imports the image. */
  static async start(place: Place): Promise<Docker> {
    const socket = join(place.dir, "docker.sock");
    // dockerd has a runtime of the name runc already.
    const name = runtimeName === "runc" ? "peer-runc" : runtimeName;
    const config = place.file(
      "daemon.json",
      JSON.stringify({
        runtimes: { [name]: { path: runtime } },
        "default-runtime": name,
        "storage-driver": "overlay2",
        "exec-opts": [`native.cgroupdriver=${hasSystemd ? "systemd" : "cgroupfs"}`],
      }),
    );
    const options = [
      ...["--config-file", config, "--host", `unix://${socket}`, "--pidfile", join(place.dir, "docker.pid")],
      ...["--data-root", place.folder("docker/data"), "--exec-root", place.folder("docker/exec")],
    ];
    const daemon = place.service(["dockerd", ...options], "dockerd.log", {
      HOME: place.dir,
      // Else runc would be called with --no-pivot on machines that boot from a ramdisk.
      DOCKER_RAMDISK: "",
    });
    const made = new Docker(place, socket);
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

  inspect(name: string, format: string): string {
    return this.ok(["inspect", "--format", format, name]);
  }
}
