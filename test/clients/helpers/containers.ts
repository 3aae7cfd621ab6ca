// What the command lines of Podman and Docker have in common.

import { Caller } from "./caller.js";

/** The image that every container is made of. */
export const IMAGE = "bb";
/** Most containers need none, and start faster so. */
export const NO_NETWORK = "--network=none";

export abstract class ContainerCaller extends Caller {
  /** A container that waits until it is stopped. */
  background(name: string, ...options: string[]): void {
    const script = "trap 'exit 3' TERM; while :; do sleep 0.1; done";
    this.ok(["run", "-d", "--name", name, ...options, IMAGE, "sh", "-c", script]);
  }

  /** Ends a container at once and removes it. */
  abstract remove(...names: string[]): void;

  /** What a shell in a new container prints. */
  shell(script: string, ...options: string[]): string {
    return this.ok(["run", "--rm", NO_NETWORK, ...options, IMAGE, "sh", "-c", script]);
  }

  inspect(name: string, format: string): string {
    return this.ok(["inspect", "--format", format, name]);
  }
}
