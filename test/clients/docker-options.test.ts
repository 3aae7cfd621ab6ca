// What people ask of a container with Docker's options, with the runtime under test below it.

import t from "tap";
import { Docker, IMAGE, NO_NETWORK } from "./helpers/docker.js";
import { limit, TOO_MUCH_MEMORY } from "./helpers/limits.js";
import * as options from "./helpers/options.js";
import { place } from "./helpers/place.js";

const here = place(t);
const docker = await Docker.start(here);

t.test("limits: memory, pids, cpus, cpuset; update", async (t) => {
  const directories = options.limits(t, docker, "--memory-swap", "64m", "--cpuset-cpus", "0");
  t.equal(limit(directories, "cpuset"), "0");
  docker.ok(["update", "--memory", "32m", "--memory-swap", "32m", "--cpus", "0.2", "--pids-limit", "44", "limited"]);
  t.equal(limit(directories, "memory"), "33554432");
  t.equal(limit(directories, "pids"), "44");
  t.equal(limit(directories, "cpu"), "20000 100000");
  docker.remove("limited");
});

t.test("more memory than allowed: killed, and Docker knows why", async (t) => {
  const limits = ["--memory", "16m", "--memory-swap", "16m"];
  docker.run(["run", "--name", "greedy", NO_NETWORK, ...limits, IMAGE, "sh", "-c", TOO_MUCH_MEMORY]);
  t.equal(docker.inspect("greedy", "{{.State.ExitCode}}"), "137");
  t.equal(docker.inspect("greedy", "{{.State.OOMKilled}}"), "true");
  docker.remove("greedy");
});

t.test("--read-only, --tmpfs, volumes", async (t) => options.volumes(t, docker, here.folder("volume")));

t.test("--user, --hostname, --env, --workdir, --entrypoint, --ulimit, --sysctl, --shm-size, --init", async (t) => {
  options.settings(t, docker, "/made/anew");
  options.namesAndKernelSettings(t, docker);
  options.init(t, docker);
});

t.test("capabilities, seccomp, no-new-privileges, devices", async (t) => {
  options.capabilities(t, docker);
  options.seccomp(t, docker, here);
  options.noNewPrivilegesAndDevices(t, docker);
});

t.test("--pid host, --pid container:, --ipc host, --uts host, --network container:", async (t) => {
  options.sharedNamespaces(t, docker);
  t.equal(
    docker.ok(["run", "--rm", "--network", "container:first", IMAGE, "readlink", "/proc/self/ns/net"]),
    docker.ok(["exec", "first", "readlink", "/proc/self/ns/net"]),
  );
  docker.remove("first");
});
