// What people do with Docker, with the runtime under test as the daemon's default.

import t from "tap";
import { until } from "../helpers/sandbox.js";
import { Docker, IMAGE, NO_NETWORK, OTHER } from "./helpers/docker.js";
import * as life from "./helpers/life.js";
import { place } from "./helpers/place.js";

const here = place(t);
const docker = await Docker.start(here);

t.test("run prints and gives the exit status", async (t) => life.runsAndExits(t, docker));

t.test("looked at from inside", async (t) => life.fromInside(t, docker));

t.test("--add-runtime, --runtime: the daemon's default and another one", async (t) => {
  t.match(docker.ok(["info", "--format", "{{json .Runtimes}}"]), new RegExp(`"${OTHER}"`));
  t.equal(docker.ok(["info", "--format", "{{.DefaultRuntime}}"]), docker.runtime);
  docker.ok(["run", "--name", "chosen", "--runtime", OTHER, NO_NETWORK, IMAGE, "true"]);
  t.equal(docker.inspect("chosen", "{{.HostConfig.Runtime}}"), OTHER);
  docker.remove("chosen");
});

t.test("run -i: stdin goes in", async (t) => life.stdin(t, docker));

t.test("a program that is missing: 127; not executable: 126", async (t) => {
  life.missing(t, docker);
  life.notExecutable(t, docker);
});

t.test("run -d, ps, logs, stop, wait, rm", async (t) => {
  await life.detached(t, docker);
  docker.ok(["rm", "detached"]);
  t.notMatch(docker.ok(["ps", "--all"]), /detached/);
});

t.test("start, restart, kill by name and number", async (t) => {
  life.killed(t, docker, () => life.restarted(t, docker, "killed"));
});

t.test("stop of a program that ignores SIGTERM: it is killed in the end; logs --follow", (t) => life.deaf(t, docker));

t.test("kill and rm race with the end", async (t) => {
  life.races(t, docker, {
    ended: /is not running|No such container/,
    rm: ["rm", "--force"],
    before: (id) => docker.ok(["start", id]),
  });
});

t.test("exec: output, status, user, directory, environment, stdin, detached, terminal", async (t) => {
  // 126 up to Docker 20, 127 later, with any runtime.
  await life.execs(t, docker, /^12[67]$/);
  docker.remove("busy");
});

t.test("run -it, attach", async (t) => {
  life.terminal(t, docker);
  docker.ok(["run", "-d", "--name", "attached", NO_NETWORK, IMAGE, "sh", "-c", "sleep 2; echo late; exit 5"]);
  const attached = docker.run(["attach", "--no-stdin", "attached"]);
  t.equal(attached.stdout, "late\n");
  t.equal(attached.status, 5);
  docker.remove("attached");
});

t.test("pause, unpause", async (t) => life.paused(t, docker));

t.test("top, stats", async (t) => {
  docker.background("watched");
  t.match(docker.ok(["top", "watched"]), /trap/);
  life.stats(t, docker, "watched");
  docker.remove("watched");
});

t.test("a health check", async (t) => {
  docker.background("healthy", "--health-cmd", "true", "--health-interval", "1s");
  await until("it is healthy", () => docker.inspect("healthy", "{{.State.Health.Status}}") === "healthy", 15_000);
  docker.remove("healthy");
  t.pass("it was healthy");
});

t.test("many at once", async (t) => {
  docker.remove(...life.together(t, docker));
});

t.test("nothing of a removed container is left", async (t) => life.traceless(t, docker));
