// What a kubelet asks of containerd over CRI for a pod whose RuntimeClass names runt as its handler. The runtime is
// configured by the lines of docs/clients.md.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { repository, until } from "../helpers/sandbox.js";
import { Containerd } from "./helpers/containerd.js";
import { decode, type Fields, Grpc, text } from "./helpers/grpc.js";
import { looksContained } from "./helpers/inside.js";
import { hostCgroup, limit, TOO_MUCH_MEMORY } from "./helpers/limits.js";
import { hasSystemd, place, runtime } from "./helpers/place.js";

const here = place(t);
const IMAGE = "test.local/pod:1";
const page = readFileSync(join(repository, "docs/clients.md"), "utf8");
const ours = /^version = 2$([\s\S]*?)^```/m
  .exec(page)![1]!
  .replace("/usr/local/bin/runt", runtime)
  .replace("SystemdCgroup = true", `SystemdCgroup = ${hasSystemd}`);
const containerd = await Containerd.start(here, {
  // The pause container is made of the same image. A kubelet's scores below 0 need CAP_SYS_RESOURCE.
  cri: `[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${IMAGE}"
restrict_oom_score_adj = true
disable_tcp_service = true
${ours}`,
  images: [{ name: IMAGE, namespace: "k8s.io", command: ["/bin/sleep", "1000"] }],
});
const grpc = new Grpc(containerd.socket);
here.atEnd(() => grpc.close());
const call = (method: string, request: Fields) => grpc.call(`/runtime.v1.RuntimeService/${method}`, request);

// Numbers of fields: kubernetes/cri-api, pkg/apis/runtime/v1/api.proto.
const NODE = 2;
const OWN = 1;
// What a kubelet sends with every container: namespaces, masked and read-only paths, the default seccomp profile.
const SECURITY = {
  3: { 1: NODE, 2: OWN },
  13: ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
  14: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
  15: {},
};
const logs = here.folder("pod-logs");
const sandboxConfig = {
  1: { 1: "pod", 2: "uid-1", 3: "default" },
  3: logs,
  // The node's network: there is no CNI. systemd's cgroups want a slice.
  8: { 1: hasSystemd ? "system.slice" : "", 2: { 1: { 1: NODE } } },
};

async function container(sandbox: string, name: string, command: string[], linux: Fields = {}): Promise<string> {
  const config = { 1: { 1: name }, 2: { 1: IMAGE }, 3: command, 11: `${name}.log`, 15: { 2: SECURITY, ...linux } };
  return text(await call("CreateContainer", { 1: sandbox, 2: config, 3: sandboxConfig }), 1);
}

/** Of ContainerStatus: state (0 created, 1 running, 2 exited), exit code, reason. */
async function status(id: string) {
  const answer = decode((await call("ContainerStatus", { 1: id })).get(1)![0] as Buffer);
  return { state: answer.get(3)?.[0] ?? 0, exitCode: answer.get(7)?.[0] ?? 0, reason: text(answer, 10) };
}

const exited = (id: string) => eventually(id, ({ state }) => state === 2);

async function eventually(id: string, holds: (now: Awaited<ReturnType<typeof status>>) => boolean) {
  for (let tries = 0; ; tries++) {
    const now = await status(id);
    if (holds(now) || tries === 200) return now;
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** The lines of a container's log, without CRI's time and stream. */
const printed = (name: string) =>
  readFileSync(join(logs, `${name}.log`), "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(" ").slice(3).join(" "))
    .join("\n");

t.test("a pod: sandbox, containers, exec, limits, stop, remove", async (t) => {
  const sandbox = text(await call("RunPodSandbox", { 1: sandboxConfig, 2: "runt" }), 1);
  t.match(sandbox, /^[0-9a-f]{64}$/);

  const seen = await container(sandbox, "seen", ["/bin/probe"]);
  await call("StartContainer", { 1: seen });
  t.same(await exited(seen), { state: 2, exitCode: 0, reason: "Completed" });
  // The network is the node's (the test's place), and so is the name of the host.
  looksContained(t, printed("seen"), { shared: ["uts"] });

  const resources = { 1: 100_000, 2: 50_000, 4: 67_108_864 };
  const main = await container(sandbox, "main", ["/bin/sleep", "1000"], { 1: resources });
  t.equal((await status(main)).state, 0);
  await call("StartContainer", { 1: main });
  t.equal((await status(main)).state, 1);
  const ran = await call("ExecSync", { 1: main, 2: ["/bin/sh", "-c", "echo out; echo err >&2; exit 7"], 3: 20 });
  t.equal(text(ran, 1), "out\n");
  t.equal(text(ran, 2), "err\n");
  t.equal(ran.get(3)?.[0], 7);
  await t.rejects(call("ExecSync", { 1: main, 2: ["no-such-program"] }), /executable file .*not found/);

  const directories = hostCgroup(pidOf(main));
  t.equal(limit(directories, "memory"), "67108864");
  t.equal(limit(directories, "cpu"), "50000 100000");
  await call("UpdateContainerResources", { 1: main, 2: { 1: 100_000, 2: 20_000, 4: 33_554_432 } });
  t.equal(limit(directories, "memory"), "33554432");
  t.equal(limit(directories, "cpu"), "20000 100000");
  await call("StopContainer", { 1: main, 2: 1 });
  t.same(await exited(main), { state: 2, exitCode: 137, reason: "Error" });

  // shareProcessNamespace: the sandbox's first process is the first here, too.
  const shared = await container(sandbox, "shared", ["/bin/sh", "-c", "cat /proc/1/cmdline; exit 4"], {
    2: { ...SECURITY, 3: { 1: NODE } },
  });
  await call("StartContainer", { 1: shared });
  t.equal((await exited(shared)).exitCode, 4);
  t.match(printed("shared"), /sleep\0?1000/);

  const greedy = await container(sandbox, "greedy", ["/bin/sh", "-c", TOO_MUCH_MEMORY], {
    1: { 4: 16_777_216 },
  });
  await call("StartContainer", { 1: greedy });
  // The event comes beside the exit, sooner or later.
  const last = await eventually(greedy, ({ state, reason }) => state === 2 && reason === "OOMKilled");
  t.same(last, { state: 2, exitCode: 137, reason: "OOMKilled" });

  const missing = await container(sandbox, "missing", ["no-such-program"]);
  await t.rejects(call("StartContainer", { 1: missing }), /executable file .*not found/);

  for (const id of [seen, main, shared, greedy, missing]) await call("RemoveContainer", { 1: id });
  await call("StopPodSandbox", { 1: sandbox });
  await call("RemovePodSandbox", { 1: sandbox });
  t.same(
    Object.values(directories).filter((directory) => existsSync(directory)),
    [],
    "nothing of the container is left",
  );
  await until("no task is left", () => containerd.ok(["--namespace", "k8s.io", "task", "ls", "--quiet"]) === "");
});

t.test("a handler that containerd does not know is refused", async (t) => {
  await t.rejects(
    call("RunPodSandbox", { 1: sandboxConfig, 2: "no-such-handler" }),
    /no runtime for "no-such-handler"/,
  );
});

function pidOf(id: string): number {
  const lines = containerd.ok(["--namespace", "k8s.io", "task", "ls"]).split("\n");
  return Number(lines.find((line) => line.startsWith(id))?.split(/\s+/)[1]);
}
