// containerd of its own with `ctr`, and the runtime under test below its runc.v2 shim.

import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../helpers/sandbox.js";
import { Caller } from "./caller.js";
import { ociArchive } from "./image.js";
import { type Answer, type CommandOptions, hasSystemd, type Place, runtime } from "./place.js";

export const IMAGE = "test.local/bb:1";

interface Settings {
  /** The configuration of the CRI plugin, which is off without. */
  cri?: string;
  /** Further images, of the same files. */
  images?: readonly { name: string; namespace: string; command: readonly string[] }[];
}

export class Containerd extends Caller {
  private constructor(
    place: Place,
    readonly socket: string,
  ) {
    super(place, ["ctr", "--address", socket]);
  }

  /** Starts the daemon and waits until it answers; imports the image. */
  static async start(place: Place, { cri, images = [] }: Settings = {}): Promise<Containerd> {
    const folder = (name: string) => place.folder(`containerd/${name}`);
    const socket = join(place.dir, "ctrd.sock");
    // `ctr container create` has no --runc-binary: the shim finds `runc` in opt/bin.
    symlinkSync(runtime, join(folder("opt/bin"), "runc"));
    const config = place.file(
      "containerd.toml",
      `version = 2
root = "${folder("root")}"
state = "${folder("state")}"
disabled_plugins = [${cri ? "" : '"io.containerd.grpc.v1.cri", '}"io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]
[grpc]
address = "${socket}"
[ttrpc]
address = "${socket}.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
path = "${folder("opt")}"
${cri ?? ""}`,
    );
    place.service(["containerd", "--config", config], "containerd.log");
    const made = new Containerd(place, socket);
    await until("containerd answers", () => made.run(["version"]).status === 0, 30_000);
    place.atEnd(() => made.#removeAll());
    made.ok(["image", "import", ociArchive(place, IMAGE)]);
    for (const { name, namespace, command } of images)
      made.ok(["--namespace", namespace, "image", "import", ociArchive(place, name, command)]);
    return made;
  }

  /**
   * Runs a command that prints something; `make` gives its words for a new id. ctr itself loses the output of a
   * short program now and then (seen with runc as often, once in sixty on a busy machine): then it is asked again.
   */
  heard(make: (id: string) => readonly string[], options: CommandOptions = {}): Answer {
    for (let tries = 1; ; tries++) {
      const answer = this.run(make(`heard-${++this.#count}`), options);
      if (answer.text !== "" || answer.status !== 0 || tries === 4) return answer;
    }
  }
  #count = 0;

  #removeAll(): void {
    for (const namespace of this.ok(["namespace", "ls", "--quiet"]).split("\n")) {
      const all = this.run(["--namespace", namespace, "container", "ls", "--quiet"]).stdout.split("\n");
      for (const id of all.filter(Boolean)) {
        this.run(["--namespace", namespace, "task", "kill", "--all", "--signal", "KILL", id]);
        this.run(["--namespace", namespace, "task", "delete", "--force", id]);
        this.run(["--namespace", namespace, "container", "delete", id]);
      }
    }
  }

  /** The words of `ctr run` with the runtime under test. */
  static runWords(id: string, options: readonly string[], command: readonly string[]): string[] {
    const shim = ["--runtime", "io.containerd.runc.v2", "--runc-binary", runtime];
    // Its cgroup driver is told by the form of the path: slice:prefix:name is systemd's.
    const systemd = hasSystemd ? ["--runc-systemd-cgroup", "--cgroup", `system.slice:runt:${id}`] : [];
    return ["run", ...shim, ...systemd, ...options, IMAGE, id, ...command];
  }
}
