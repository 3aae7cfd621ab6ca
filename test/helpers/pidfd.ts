// A caller's pidfd socket. Node can't receive descriptors.

import { spawn } from "node:child_process";
import type { Test } from "tap";
import { until } from "./sandbox.js";

// Takes one descriptor over a unix socket and says which process it stands for.
const receiver = `
import array, json, os, re, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(1)
print("listening", flush=True)
connection, _ = server.accept()
_, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4 * 8))
fds = array.array("i")
for level, kind, data in ancillary:
    if kind == socket.SCM_RIGHTS: fds.frombytes(data)
info = open("/proc/self/fdinfo/%d" % fds[0]).read()
print(json.dumps({"count": len(fds), "pid": int(re.search(r"^Pid:\\s+(-?\\d+)", info, re.M)[1])}))
`;

/** Listens at a pidfd socket; what it gives waits for the descriptor. */
export async function receivePidfd(t: Test, path: string): Promise<() => Promise<{ count: number; pid: number }>> {
  const child = spawn("python3", ["-c", receiver, path], { stdio: ["ignore", "pipe", "inherit"] });
  t.teardown(() => child.kill("SIGKILL"));
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  const ended = new Promise<void>((done) => child.on("close", () => done()));
  await until("it listens", () => text.startsWith("listening\n"), 30_000);
  return async () => {
    await ended;
    return JSON.parse(text.slice("listening\n".length));
  };
}
