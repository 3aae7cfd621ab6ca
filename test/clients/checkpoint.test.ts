// Checkpoint and restore as Podman and Docker do them, with the runtime under test below them.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { noCriu } from "../helpers/criu.js";
import { until } from "../helpers/sandbox.js";
import { type ContainerCaller, IMAGE, NO_NETWORK } from "./helpers/containers.js";
import { Docker } from "./helpers/docker.js";
import { place, runtime, runtimeName } from "./helpers/place.js";
import { Podman } from "./helpers/podman.js";

const withoutCriu =
  runtimeName === "crun" && !spawnSync(runtime, ["--version"], { encoding: "utf8" }).stdout.includes("+CRIU");
const skip = withoutCriu ? "this crun is built without criu" : noCriu;

/** A container that counts on its standard output, and has printed some numbers. */
async function counting(caller: ContainerCaller, name: string): Promise<void> {
  const script = "i=0; while :; do i=$((i+1)); echo $i; sleep 0.1; done";
  caller.ok(["run", "-d", "--name", name, NO_NETWORK, IMAGE, "sh", "-c", script]);
  await printed(caller, name, 3);
}

/** What a container has printed; before the first number, a zero. */
const numbers = (caller: ContainerCaller, name: string) => caller.ok(["logs", name]).split("\n").map(Number);

/** Waits until the last number in a container's log is not less than this one. */
async function printed(caller: ContainerCaller, name: string, number: number): Promise<void> {
  await until(`${name} has printed ${number}`, () => numbers(caller, name).at(-1)! >= number, 20_000);
}

/** A container that was restored, or left running, counts on from a number; its log goes on, also that of a new one. */
async function goesOn(t: Test, caller: ContainerCaller, name: string, from: number): Promise<void> {
  await printed(caller, name, from + 3);
  const all = numbers(caller, name);
  t.same(
    all,
    all.map((_, index) => 1 + index),
    "it goes on where it was, nothing is printed twice or missing",
  );
  t.equal(caller.inspect(name, "{{.State.Status}}"), "running");
}

t.test("Podman: container checkpoint, restore", { skip }, async (t) => {
  const podman = new Podman(place(t));
  await counting(podman, "counter");
  podman.ok(["container", "checkpoint", "counter"]);
  t.equal(podman.inspect("counter", "{{.State.Status}} {{.State.Checkpointed}}"), "exited true");
  const last = numbers(podman, "counter").at(-1)!;
  podman.ok(["container", "restore", "counter"]);
  await goesOn(t, podman, "counter", last);

  podman.ok(["container", "checkpoint", "--leave-running", "counter"]);
  await goesOn(t, podman, "counter", numbers(podman, "counter").at(-1)!);
  podman.remove("counter");
});

t.test("Podman: checkpoint --export, restore --import: a container anew from a file", { skip }, async (t) => {
  const here = place(t);
  const podman = new Podman(here);
  await counting(podman, "original");
  podman.ok(["exec", "original", "sh", "-c", "echo kept > /made"]);
  const archive = join(here.dir, "checkpoint.tar.gz");
  podman.ok(["container", "checkpoint", "--compress", "gzip", "--export", archive, "original"]);
  const last = numbers(podman, "original").at(-1)!;
  podman.remove("original");
  t.ok(existsSync(archive));
  podman.ok(["container", "restore", "--import", archive, "--name", "copy"]);
  t.equal(podman.ok(["exec", "copy", "cat", "/made"]), "kept");
  await goesOn(t, podman, "copy", last);
  podman.remove("copy");
});

t.test("Podman: checkpoint --pre-checkpoint, --with-previous", { skip }, async (t) => {
  const podman = new Podman(place(t));
  await counting(podman, "counter");
  podman.ok(["container", "checkpoint", "--pre-checkpoint", "counter"]);
  t.equal(podman.inspect("counter", "{{.State.Status}}"), "running");
  podman.ok(["container", "checkpoint", "--with-previous", "counter"]);
  const last = numbers(podman, "counter").at(-1)!;
  podman.ok(["container", "restore", "counter"]);
  await goesOn(t, podman, "counter", last);
  podman.remove("counter");
});

t.test("Docker: checkpoint create, start --checkpoint", { skip }, async (t) => {
  const docker = await Docker.start(place(t), undefined, ["--experimental"]);
  await counting(docker, "counter");
  docker.ok(["checkpoint", "create", "counter", "first"]);
  t.equal(docker.inspect("counter", "{{.State.Status}}"), "exited");
  t.match(docker.ok(["checkpoint", "ls", "counter"]), /first/);
  const last = numbers(docker, "counter").at(-1)!;
  docker.ok(["start", "--checkpoint", "first", "counter"]);
  await goesOn(t, docker, "counter", last);
  docker.remove("counter");
});
