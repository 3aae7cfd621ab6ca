// containerd of its own with `ctr`, and the runtime under test below its runc.v2 shim.

import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../helpers/sandbox.js";
import { ociArchive } from "./image.js";
import { type Answer, type CommandOptions, hasSystemd, type Place, runtime } from "./place.js";

export const IMAGE = "test.local/bb:1";

export class Containerd {
  readonly #place: Place;
  readonly #ctr: string[];

  private constructor(place: Place, socket: string) {
    this.#place = place;
    this.#ctr = ["ctr", "--address", socket];
  }

  /** Starts the daemon and waits until it answers; imports the image. */
  static async start(place: Place): Promise<Containerd> {
    const folder = (name: string) => place.folder(`containerd/${name}`);
    const socket = join(place.dir, "ctrd.sock");
    // `ctr container create` has no --runc-binary: the shim finds `runc` in opt/bin.
    symlinkSync(runtime, join(folder("opt/bin"), "runc"));
    const config = place.file(
      "containerd.toml",
      `version = 2
root = "${folder("root")}"
state = "${folder("state")}"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]
[grpc]
address = "${socket}"
[ttrpc]
address = "${socket}.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
path = "${folder("opt")}"
`,
    );
    place.service(["containerd", "--config", config], "containerd.log");
    const made = new Containerd(place, socket);
    await until("containerd answers", () => made.run(["version"]).status === 0, 30_000);
    place.atEnd(() => made.#removeAll());
    made.ok(["image", "import", ociArchive(place, IMAGE)]);
    return made;
  }

  #removeAll(): void {
    for (const id of this.run(["container", "ls", "--quiet"]).stdout.split("\n").filter(Boolean)) {
      this.run(["task", "kill", "--all", "--signal", "KILL", id]);
      this.run(["task", "delete", "--force", id]);
      this.run(["container", "delete", id]);
    }
  }

  words(args: readonly string[]): string[] {
    return [...this.#ctr, ...args];
  }

  run(args: readonly string[], options: CommandOptions = {}): Answer {
    return this.#place.run(this.words(args), options);
  }

  terminal(args: readonly string[], options: CommandOptions = {}): Answer {
    return this.#place.runInTerminal(this.words(args), options);
  }

  /** What a command prints, without the last newline; throws when it fails. */
  ok(args: readonly string[], options: CommandOptions = {}): string {
    const { status, stdout, stderr } = this.run(args, options);
    if (status !== 0) throw new Error(`ctr ${args.join(" ")}: status ${status}: ${stdout}${stderr}`);
    return stdout.trim();
  }

  /** The words of `ctr run` with the runtime under test. */
  static runWords(id: string, options: readonly string[], command: readonly string[]): string[] {
    const shim = ["--runtime", "io.containerd.runc.v2", "--runc-binary", runtime];
    // Its cgroup driver is told by the form of the path: slice:prefix:name is systemd's.
    const systemd = hasSystemd ? ["--runc-systemd-cgroup", "--cgroup", `system.slice:runt:${id}`] : [];
    return ["run", ...shim, ...systemd, ...options, IMAGE, id, ...command];
  }
}
